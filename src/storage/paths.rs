//! Where the platform keeps things.

use directories::ProjectDirs;
use std::path::PathBuf;

fn dirs() -> Option<ProjectDirs> {
    ProjectDirs::from("", "", "hallpass")
}

/// The user's settings file: `HALLPASS_CONFIG`, else the platform's configuration directory.
pub fn settings_file() -> Option<PathBuf> {
    match std::env::var_os("HALLPASS_CONFIG") {
        Some(path) if !path.is_empty() => Some(PathBuf::from(path)),
        _ => Some(dirs()?.config_dir().join("config.toml")),
    }
}

/// The workspace used where none is found upwards.
pub fn default_workspace() -> Option<PathBuf> {
    Some(dirs()?.data_dir().join("workspace"))
}

/// Per-user state: chosen environments, trusted commands, history. Where the platform has no such
/// directory (macOS, Windows), below its local data directory.
pub fn state_dir() -> Option<PathBuf> {
    let dirs = dirs()?;
    Some(dirs.state_dir().map_or_else(|| dirs.data_local_dir().join("state"), std::path::Path::to_path_buf))
}

/// The vault file.
pub fn vault_file() -> Option<PathBuf> {
    Some(dirs()?.data_local_dir().join("vault"))
}
