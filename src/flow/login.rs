//! A login: what a person must do, told while it waits, by whatever road they come back first.

mod browser;
mod device;
mod head;
pub(super) mod id_token;
mod listener;
mod page;
pub(super) mod roads;
mod ssh;

use crate::model::secret::Secret;
use jiff::Timestamp;
use std::future::Future;
use std::pin::Pin;

/// One login under way; grows, never used again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct LoginId(pub u64);

/// Where a person is to go. All roads that are offered are open at once; the first that comes home wins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Roads {
    /// Profile.
    pub profile: String,
    /// Environment; empty without one.
    pub environment: String,
    /// For a browser: the authorization URL. It holds no secret but `state`, which is one-time.
    pub url: Option<String>,
    /// Where the browser will come back to; the listener's, or the registered one.
    pub redirect_uri: Option<String>,
    /// Port of the loopback listener; `None` when none listens (a registered URI elsewhere, or the port was taken): then pasting is the way.
    pub port: Option<u16>,
    /// `ssh -L PORT:127.0.0.1:PORT host`, with the exact port; where this machine is reached by SSH the host is filled in.
    pub ssh: Option<String>,
    /// For a second device: page and code (RFC 8628).
    pub device: Option<DeviceRoad>,
    /// When it is given up.
    pub until: Timestamp,
}

/// The device code's part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeviceRoad {
    /// Page.
    pub verification_uri: String,
    /// Page with the code in it, for a QR code.
    pub verification_uri_complete: Option<String>,
    /// Code to type there.
    pub user_code: String,
    /// When the code ends.
    pub until: Timestamp,
}

/// News of a login.
#[allow(clippy::large_enum_variant, reason = "told a handful of times, and matched on everywhere")]
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LoginNews {
    /// It waits for a person. May come again with more (the device code arrives later than the URL).
    Waiting(Roads),
    /// Something that did not end it: a stray callback, a paste that was not it, `slow_down`. Safe for the terminal.
    Note(String),
    /// Over, one way or another.
    Over,
}

/// Where a person sits: the screen or the command line.
pub trait LoginDesk: Send + Sync {
    /// News; must be quick.
    fn tell(&self, login: LoginId, news: LoginNews);
    /// The next text pasted for this login. Never resolves where nobody can type. Dropped and called again at will:
    /// must not lose a paste.
    fn pasted(&self, login: LoginId) -> Pin<Box<dyn Future<Output = Secret> + Send + '_>>;
}

/// Tells that a login is over, however it ended.
struct Over<'a> {
    desk: &'a dyn LoginDesk,
    login: LoginId,
}

impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.desk.tell(self.login, LoginNews::Over);
    }
}
