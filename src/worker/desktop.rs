//! The desktop around us: the clipboard and the user's editor.
//!
//! Both are told truthfully. A terminal never answers whether it took a copy by OSC 52, so the
//! message says what was sent, not what arrived.

use crate::model::problem::{Problem, ProblemKind};
use crate::model::settings::Clipboard;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use std::io::{self, Write};
use std::process::{Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

/// What terminals take by OSC 52: xterm's limit of 100,000 encoded bytes is the smallest known.
const OSC52_BYTES: usize = 74_000;
/// tmux answers at once or hangs with its server.
const TMUX_WAIT: Duration = Duration::from_secs(2);

/// What of the environment decides how the desktop is reached.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DesktopEnv {
    /// `TMUX` is set: we are inside tmux.
    pub tmux: bool,
    /// `VISUAL`.
    pub visual: Option<String>,
    /// `EDITOR`.
    pub editor: Option<String>,
    /// There is a display: X11, Wayland, WSL, or a system that always has one.
    pub display: bool,
    /// The session came by SSH: what opens here opens on a screen that nobody sits at.
    pub ssh: bool,
}

impl DesktopEnv {
    /// As this process finds it.
    pub fn from_process() -> Self {
        let var = |name| std::env::var(name).ok().filter(|value| !value.trim().is_empty());
        let displays = ["DISPLAY", "WAYLAND_DISPLAY", "WSL_DISTRO_NAME"];
        Self {
            tmux: var("TMUX").is_some(),
            visual: var("VISUAL"),
            editor: var("EDITOR"),
            display: cfg!(any(target_os = "macos", windows))
                || displays.into_iter().any(|d| var(d).is_some()),
            ssh: ["SSH_CONNECTION", "SSH_TTY"].into_iter().any(|s| var(s).is_some()),
        }
    }
}

/// What came of a copy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CopyOutcome {
    /// Bytes for the owner of the terminal to write, and what to tell once they are written.
    Write {
        /// The sequence; it paints nothing.
        bytes: Vec<u8>,
        /// The message.
        message: String,
    },
    /// Done, with the message.
    Done(String),
    /// Not possible; the next step is in the problem.
    Refused(Problem),
}

/// Copies text. Blocks for two seconds at most, inside tmux.
pub fn copy(text: &str, clipboard: Clipboard, env: &DesktopEnv) -> CopyOutcome {
    copy_with(text, clipboard, env, &["tmux"])
}

fn copy_with(text: &str, clipboard: Clipboard, env: &DesktopEnv, tmux: &[&str]) -> CopyOutcome {
    match clipboard {
        Clipboard::Off => refused("the clipboard is switched off in the settings"),
        Clipboard::Osc52 => osc52(text, ""),
        Clipboard::Auto if !env.tmux => osc52(text, ""),
        // tmux drops a program's OSC 52 silently unless set-clipboard is `on`; its buffer works.
        Clipboard::Auto => match tmux_load(text, tmux) {
            Ok(()) => CopyOutcome::Done(format!(
                "copied {} to the tmux buffer; tmux offers it to your clipboard too",
                amount(text.len())
            )),
            Err(why) => osc52(text, &format!("tmux did not take it ({why}); ")),
        },
    }
}

fn osc52(text: &str, before: &str) -> CopyOutcome {
    if text.len() > OSC52_BYTES {
        return refused(&format!(
            "{} are more than terminals take; the limit is {}",
            amount(text.len()),
            amount(OSC52_BYTES)
        ));
    }
    CopyOutcome::Write {
        bytes: format!("\x1b]52;c;{}\x07", STANDARD.encode(text)).into_bytes(),
        message: format!(
            "{before}sent to the terminal by OSC 52 ({}); if it does not arrive your terminal blocks it",
            amount(text.len())
        ),
    }
}

fn refused(why: &str) -> CopyOutcome {
    CopyOutcome::Refused(Problem::new(
        ProblemKind::Usage,
        "nothing was copied",
        why,
        "save it to a file instead",
    ))
}

fn amount(bytes: usize) -> String {
    if bytes < 10_000 { format!("{bytes} bytes") } else { format!("{} kB", bytes / 1000) }
}

fn tmux_load(text: &str, tmux: &[&str]) -> Result<(), String> {
    let (program, arguments) = tmux.split_first().ok_or("no program")?;
    let mut child = Command::new(program)
        .args(arguments)
        .args(["load-buffer", "-w", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .map_err(|error| error.to_string())?;
    // Written on a thread of its own: a stuck tmux would not read, and we would not come back.
    let writer = child.stdin.take().map(|mut stdin| {
        let text = text.to_owned();
        std::thread::spawn(move || stdin.write_all(text.as_bytes()))
    });
    let deadline = Instant::now() + TMUX_WAIT;
    let mut pause = Duration::from_millis(1);
    loop {
        match child.try_wait() {
            Ok(Some(status)) if status.success() => break,
            Ok(Some(_)) => return Err("it refused".into()),
            Ok(None) if Instant::now() < deadline => {
                std::thread::sleep(pause);
                pause = (pause * 2).min(Duration::from_millis(50));
            }
            Ok(None) => {
                let _ = child.kill();
                let _ = child.wait();
                return Err("no answer within 2 s".into());
            }
            Err(error) => return Err(error.to_string()),
        }
    }
    match writer.map(std::thread::JoinHandle::join) {
        Some(Ok(Err(error))) => Err(error.to_string()),
        _ => Ok(()),
    }
}

/// Opens the user's browser, detached. `None`: it was the screen's own wish (not `asked`) and there is
/// no browser to open. May wait for the program that opens it.
pub fn browse(url: &str, asked: bool, env: &DesktopEnv) -> Option<Result<String, Problem>> {
    browse_with(url, asked, env, |url| open::that_detached(url))
}

fn browse_with(
    url: &str,
    asked: bool,
    env: &DesktopEnv,
    open: impl FnOnce(&str) -> io::Result<()>,
) -> Option<Result<String, Problem>> {
    let cannot = |why: &str| {
        let next = "y copies the URL: open it in a browser on any machine";
        Some(Err(Problem::new(ProblemKind::Usage, "no browser was opened", why, next)))
    };
    // A server names the page: nothing but a page may be handed to the system.
    if !["https://", "http://"].iter().any(|s| url.get(..s.len()).is_some_and(|u| u.eq_ignore_ascii_case(s)))
    {
        return cannot("the address is neither http nor https");
    }
    let why = match (env.ssh, env.display) {
        (true, _) => "this session came by SSH; a browser here would open where nobody sits",
        (false, false) => "there is no display here",
        (false, true) => {
            return match open(url) {
                Ok(()) => Some(Ok("the browser was asked to open the login".to_owned())),
                Err(error) => cannot(&error.to_string()),
            };
        }
    };
    if asked { cannot(why) } else { None }
}

/// The words of the user's editor: `VISUAL`, else `EDITOR`, else `vi` (`notepad` on Windows).
pub fn editor_command(env: &DesktopEnv) -> Vec<String> {
    [&env.visual, &env.editor]
        .into_iter()
        .flatten()
        .filter_map(|line| shlex::split(line))
        .find(|words| !words.is_empty())
        .unwrap_or_else(|| vec![if cfg!(windows) { "notepad" } else { "vi" }.to_owned()])
}

/// Edits text in the user's editor: a private file with the suffix (`.json`), gone afterwards.
/// `run` starts the command and waits for it, with the terminal lent to it. `None` if nothing
/// was changed. An editor that fails changes nothing.
pub fn edit_text(
    initial: &str,
    suffix: &str,
    editor: &[String],
    run: impl FnOnce(&mut Command) -> io::Result<ExitStatus>,
) -> Result<Option<String>, Problem> {
    let scratch = |error: io::Error| {
        Problem::new(
            ProblemKind::File,
            "cannot make a file for the editor",
            error.to_string(),
            "check the directory for temporary files",
        )
    };
    let Some((program, arguments)) = editor.split_first() else {
        return Err(Problem::new(ProblemKind::Usage, "no editor is named", "", "set `VISUAL` or `EDITOR`"));
    };
    // A directory of our own: editors put swap and backup files beside the text.
    let mut builder = tempfile::Builder::new();
    builder.prefix("hallpass-");
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o700));
    let directory = builder.tempdir().map_err(scratch)?;
    let path = directory.path().join(format!("edit{suffix}"));
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(&path).and_then(|mut file| file.write_all(initial.as_bytes())).map_err(scratch)?;

    let failed = |why: String| {
        Problem::new(
            ProblemKind::Usage,
            format!("the editor `{program}` failed, nothing was changed"),
            why,
            "set `VISUAL` or `EDITOR` to an editor that waits until the text is closed",
        )
    };
    let status = run(Command::new(program).args(arguments).arg(&path)).map_err(|e| failed(e.to_string()))?;
    if !status.success() {
        return Err(failed(status.to_string()));
    }
    let bytes = std::fs::read(&path).map_err(|error| failed(error.to_string()))?;
    let mut text = String::from_utf8(bytes).map_err(|_| failed("the saved text is not UTF-8".into()))?;
    // Most editors end a file with a line end, whether or not the text had one.
    if !initial.ends_with('\n') && text.ends_with('\n') {
        text.pop();
        if text.ends_with('\r') && !initial.contains('\r') {
            text.pop();
        }
    }
    Ok((text != initial).then_some(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn env(tmux: bool) -> DesktopEnv {
        DesktopEnv { tmux, ..DesktopEnv::default() }
    }

    #[test]
    fn osc_52_carries_the_text_and_promises_nothing() {
        let CopyOutcome::Write { bytes, message } = copy("héllo", Clipboard::Auto, &env(false)) else {
            panic!("not by OSC 52")
        };
        assert_eq!(bytes, b"\x1b]52;c;aMOpbGxv\x07");
        assert_eq!(
            message,
            "sent to the terminal by OSC 52 (6 bytes); if it does not arrive your terminal blocks it"
        );
    }

    #[test]
    fn too_much_for_a_terminal_is_refused_with_the_way_out() {
        let CopyOutcome::Refused(problem) = copy(&"x".repeat(74_001), Clipboard::Osc52, &env(true)) else {
            panic!("was sent")
        };
        assert!(problem.why.contains("74 kB") && problem.next.contains("file"), "{problem}");
        assert!(matches!(copy(&"x".repeat(74_000), Clipboard::Osc52, &env(true)), CopyOutcome::Write { .. }));
        assert!(matches!(copy("x", Clipboard::Off, &env(false)), CopyOutcome::Refused(_)));
    }

    #[test]
    fn a_browser_opens_only_where_somebody_sits_before_it() {
        let here = DesktopEnv { display: true, ..DesktopEnv::default() };
        let ssh = DesktopEnv { ssh: true, ..here.clone() };
        let never = |_: &str| -> io::Result<()> { panic!("was opened") };
        assert!(matches!(browse_with("https://id/", false, &here, |_| Ok(())), Some(Ok(_))));
        assert!(browse_with("https://id/", false, &ssh, never).is_none());
        assert!(browse_with("https://id/", false, &DesktopEnv::default(), never).is_none());
        let Some(Err(problem)) = browse_with("https://id/", true, &ssh, never) else { panic!("no reason") };
        assert!(problem.why.contains("SSH") && problem.next.contains("copies"), "{problem}");
        for odd in ["file:///etc/passwd", "javascript:alert(1)", "--help", "", "é"] {
            assert!(matches!(browse_with(odd, true, &here, never), Some(Err(_))), "{odd}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn inside_tmux_its_buffer_takes_the_text_however_long() {
        let directory = tempfile::tempdir().unwrap();
        let seen = directory.path().join("seen");
        let script = format!("echo \"$@\" > {0}; cat >> {0}", seen.display());
        let text = "y".repeat(200_000);
        let outcome = copy_with(&text, Clipboard::Auto, &env(true), &["sh", "-c", &script, "tmux"]);
        assert_eq!(
            outcome,
            CopyOutcome::Done(
                "copied 200 kB to the tmux buffer; tmux offers it to your clipboard too".into()
            )
        );
        assert_eq!(std::fs::read_to_string(seen).unwrap(), format!("load-buffer -w -\n{text}"));
    }

    #[cfg(unix)]
    #[test]
    fn a_tmux_that_refuses_is_said_so_and_the_terminal_tried() {
        let tmux = ["sh", "-c", "exit 1"];
        let CopyOutcome::Write { message, .. } = copy_with("x", Clipboard::Auto, &env(true), &tmux) else {
            panic!("not by OSC 52")
        };
        assert!(message.starts_with("tmux did not take it (it refused); sent"), "{message}");
        let absent = copy_with("x", Clipboard::Auto, &env(true), &["/nonexistent/tmux"]);
        assert!(matches!(absent, CopyOutcome::Write { .. }));
    }

    #[test]
    fn the_editor_is_visual_then_editor_then_vi() {
        let mut env = DesktopEnv { editor: Some("nano".into()), ..DesktopEnv::default() };
        assert_eq!(editor_command(&env), ["nano"]);
        env.visual = Some("code --wait 'a b'".into());
        assert_eq!(editor_command(&env), ["code", "--wait", "a b"]);
        env.visual = Some("broken 'quote".into());
        assert_eq!(editor_command(&env), ["nano"]);
        #[cfg(unix)]
        assert_eq!(editor_command(&DesktopEnv::default()), ["vi"]);
    }

    #[cfg(unix)]
    #[test]
    fn an_edit_goes_through_a_private_file_that_is_gone_afterwards() {
        use std::os::unix::fs::PermissionsExt;
        use std::path::PathBuf;
        let mut seen = PathBuf::new();
        let edit = |text: &'static str, seen: &mut PathBuf| {
            let mut at = PathBuf::new();
            let result = edit_text("{}", ".json", &["sh".into(), "-c".into(), text.into()], |command| {
                at = command.get_args().last().map(PathBuf::from).unwrap();
                let mode = |path: &std::path::Path| path.metadata().unwrap().permissions().mode() & 0o777;
                assert_eq!((mode(&at), mode(at.parent().unwrap())), (0o600, 0o700));
                command.status()
            });
            *seen = at;
            result
        };
        assert_eq!(edit("echo '{\"a\":1}' > \"$0\"", &mut seen), Ok(Some("{\"a\":1}".into())));
        assert!(seen.to_string_lossy().ends_with(".json") && !seen.exists());
        assert_eq!(edit("true", &mut seen), Ok(None));
        assert_eq!(edit("echo >> \"$0\"", &mut seen), Ok(None));
        let problem = edit("echo lost > \"$0\"; exit 3", &mut seen).unwrap_err();
        assert!(problem.why.contains('3') && problem.what.contains("nothing was changed"), "{problem}");
        assert!(!seen.exists());
    }
}
