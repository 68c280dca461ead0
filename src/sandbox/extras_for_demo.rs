//! What the demo's scratch workspace gets beyond its samples, and what `--print-workspace` writes.

use crate::model::secret::Secret;
use std::path::PathBuf;

/// Profiles that work against this very sandbox, with what they need.
#[derive(Debug, Default)]
pub struct DemoExtras {
    /// Files to write: path below the workspace's directory, and text. No secret is in them.
    pub files: Vec<(PathBuf, String)>,
    /// Variables that are secrets: name and value. They belong in a vault, not in a file of the workspace.
    pub secrets: Vec<(String, Secret)>,
    /// Plain variables for the environment: name and value.
    pub variables: Vec<(String, String)>,
}

impl DemoExtras {
    /// Both together.
    #[must_use]
    pub fn and(mut self, mut other: DemoExtras) -> DemoExtras {
        self.files.append(&mut other.files);
        self.secrets.append(&mut other.secrets);
        self.variables.append(&mut other.variables);
        self
    }
}
