//! Logins that wait for a person: what is shown of each, and the text being pasted for it.

use super::line_edit::LineEdit;
use crate::flow::login::{LoginId, Roads};
use crate::model::id::JobId;
use std::time::Instant;

/// So many notes of a login are kept.
const NOTES: usize = 3;

/// One login that waits.
#[derive(Debug, Clone)]
pub struct Login {
    /// Which.
    pub id: LoginId,
    /// The job that waits for it, where that is known: cancelling it ends the login.
    pub job: Option<JobId>,
    /// Where a person is to go.
    pub roads: Roads,
    /// What did not end it, newest last.
    pub notes: Vec<String>,
    /// The redirect URL being typed or pasted. Holds a code: shown masked, kept nowhere.
    pub paste: LineEdit,
}

/// All logins that wait, newest first.
#[derive(Debug, Clone, Default)]
pub struct Logins {
    /// Them.
    pub all: Vec<Login>,
    /// Which is shown.
    pub at: usize,
    /// Keys are text for the field.
    pub typing: bool,
    /// The QR code has the whole screen.
    pub code_only: bool,
    /// First row shown, where the screen is too small for all.
    pub top: usize,
    /// When the page appeared: keys typed ahead were meant for something else.
    pub since: Option<Instant>,
}

impl Logins {
    /// The login shown.
    pub fn current(&self) -> Option<&Login> {
        self.all.get(self.at)
    }

    /// The same, to type into it.
    pub fn current_mut(&mut self) -> Option<&mut Login> {
        self.all.get_mut(self.at)
    }

    /// Takes roads; true for a login that is new.
    pub fn wait(&mut self, id: LoginId, job: Option<JobId>, roads: Roads) -> bool {
        if let Some(known) = self.all.iter_mut().find(|l| l.id == id) {
            known.roads = roads;
            known.job = known.job.or(job);
            return false;
        }
        let login = Login { id, job, roads, notes: Vec::new(), paste: LineEdit::default() };
        self.all.insert(0, login);
        // A text that is being typed stays under the cursor.
        if self.typing {
            self.at += 1;
        } else {
            self.show(0);
        }
        true
    }

    /// Adds a note.
    pub fn note(&mut self, id: LoginId, text: String) {
        if let Some(login) = self.all.iter_mut().find(|l| l.id == id) {
            login.notes.push(text);
            if login.notes.len() > NOTES {
                login.notes.remove(0);
            }
        }
    }

    /// It is over.
    pub fn over(&mut self, id: LoginId) {
        let Some(gone) = self.all.iter().position(|l| l.id == id) else { return };
        self.all.remove(gone);
        if gone == self.at {
            self.show(0);
        } else if gone < self.at {
            self.at -= 1;
        }
    }

    /// Shows one of them from its first row.
    pub fn show(&mut self, at: usize) {
        self.at = at.min(self.all.len().saturating_sub(1));
        self.typing = false;
        self.code_only = false;
        self.top = 0;
    }
}

/// A pasted redirect URL as it may be seen: scheme and host, the rest as dots. What is no URL is dots.
pub fn masked(text: &str) -> String {
    use unicode_segmentation::UnicodeSegmentation;
    let dots = |text: &str| "•".repeat(text.graphemes(true).count());
    let Some((scheme, rest)) = text.split_once("://") else { return dots(text) };
    if !scheme.chars().all(|c| c.is_ascii_alphanumeric() || "+.-".contains(c)) {
        return dots(text);
    }
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (host, rest) = rest.split_at(end);
    // What stands before an @ is a password as often as not.
    match host.contains('@') {
        true => format!("{scheme}://{}{}", dots(host), dots(rest)),
        false => format!("{scheme}://{host}{}", dots(rest)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use unicode_width::UnicodeWidthStr;

    fn roads(profile: &str) -> Roads {
        Roads {
            profile: profile.into(),
            environment: "sandbox".into(),
            url: None,
            redirect_uri: None,
            port: None,
            ssh: None,
            device: None,
            until: jiff::Timestamp::UNIX_EPOCH,
        }
    }

    #[test]
    fn only_scheme_and_host_of_a_paste_are_shown() {
        assert_eq!(masked("http://127.0.0.1:7/cb?code=x"), "http://127.0.0.1:7••••••••••");
        assert_eq!(masked("a-bare-code"), "•••••••••••");
        assert_eq!(masked("https://me:pw@h/x"), "https://•••••••••");
        let text = "https://h/é\u{301}code";
        assert_eq!(masked(text).width(), text.width(), "the cursor stands where it is drawn");
    }

    #[test]
    fn the_newest_login_is_shown_unless_something_is_being_typed() {
        let mut logins = Logins::default();
        assert!(logins.wait(LoginId(1), None, roads("a")));
        assert!(logins.wait(LoginId(2), None, roads("b")));
        assert_eq!(logins.current().map(|l| l.id), Some(LoginId(2)));
        logins.typing = true;
        logins.wait(LoginId(3), None, roads("c"));
        assert_eq!(logins.current().map(|l| l.id), Some(LoginId(2)));
        logins.over(LoginId(3));
        assert_eq!(logins.current().map(|l| l.id), Some(LoginId(2)));
        assert!(logins.typing);
        logins.over(LoginId(2));
        assert_eq!((logins.current().map(|l| l.id), logins.typing), (Some(LoginId(1)), false));
    }

    #[test]
    fn more_roads_of_the_same_login_replace_the_first_ones() {
        let mut logins = Logins::default();
        logins.wait(LoginId(1), Some(JobId(4)), roads("a"));
        let with_url = Roads { url: Some("https://id/authorize".into()), ..roads("a") };
        assert!(!logins.wait(LoginId(1), None, with_url));
        let login = logins.current().unwrap();
        assert!(login.roads.url.is_some());
        assert_eq!(login.job, Some(JobId(4)));
    }

    #[test]
    fn three_notes_are_kept() {
        let mut logins = Logins::default();
        logins.wait(LoginId(1), None, roads("a"));
        for n in 0..5 {
            logins.note(LoginId(1), n.to_string());
        }
        assert_eq!(logins.current().unwrap().notes, ["2", "3", "4"]);
    }
}
