//! The system's keyring: Secret Service, Keychain, Credential Manager. It keeps one thing for us, the
//! key of the vault's file.
//!
//! On a machine without a desktop a keyring may hang for ever, so it is only ever asked on a thread of
//! its own that nobody waits for longer than a moment, not even at the end of the program.

use crate::model::problem::{Problem, ProblemKind};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use zeroize::Zeroizing;

/// How long a keyring may think.
pub const DEADLINE: Duration = Duration::from_secs(2);

/// Any keyring. May block for ever. Errors are its own words.
pub trait Keyring: Send + Sync {
    /// The text of an item; `None`: there is no such item.
    fn get(&self, item: &str) -> Result<Option<Zeroizing<String>>, String>;
    /// Stores or replaces an item.
    fn set(&self, item: &str, text: &str) -> Result<(), String>;
    /// Takes an item away; one that is not there is fine.
    fn remove(&self, item: &str) -> Result<(), String>;
}

/// A keyring that is asked with a deadline. Cheap to clone.
#[derive(Clone)]
pub struct Guarded {
    keyring: Arc<dyn Keyring>,
    deadline: Duration,
    /// A question is still unanswered: nothing further is asked until it is.
    busy: Arc<AtomicBool>,
}

impl Guarded {
    /// This machine's; one for the whole process, so that a hanging one is asked once.
    pub fn system() -> Guarded {
        static SYSTEM: OnceLock<Guarded> = OnceLock::new();
        SYSTEM.get_or_init(|| Guarded::new(Arc::new(system::System), DEADLINE)).clone()
    }

    /// Any other.
    pub fn new(keyring: Arc<dyn Keyring>, deadline: Duration) -> Guarded {
        Guarded { keyring, deadline, busy: Arc::default() }
    }

    /// The key an item holds. One that is gone or garbage is a problem.
    pub(super) fn key(&self, item: &str) -> Result<Zeroizing<[u8; 32]>, Problem> {
        let name = item.to_owned();
        let text = self.ask(move |keyring| keyring.get(&name))?.ok_or_else(|| {
            unusable(
                "the system keyring has no key for it any more",
                "restore the keyring; without it nobody can read this vault",
            )
        })?;
        decode(&text).ok_or_else(|| {
            unusable("what the system keyring gave is no key", "restore the keyring, or ask it again later")
        })
    }

    /// Stores a key and reads it back: a keyring that loses or changes it is not used.
    pub(super) fn keep(&self, item: &str, key: &Zeroizing<[u8; 32]>) -> Result<(), Problem> {
        let (name, text) = (item.to_owned(), Zeroizing::new(URL_SAFE_NO_PAD.encode(key.as_slice())));
        let same = self.ask(move |keyring| {
            keyring.set(&name, &text)?;
            let back = keyring.get(&name)?;
            let same = back.as_deref() == Some(&*text);
            if !same {
                let _ = keyring.remove(&name);
            }
            Ok(same)
        })?;
        if same {
            return Ok(());
        }
        Err(unusable("the system keyring does not keep what it is given", "repair it and try again"))
    }

    /// Takes a key away, as far as that works within the deadline.
    pub(super) fn drop_key(&self, item: &str) -> bool {
        let name = item.to_owned();
        self.ask(move |keyring| keyring.remove(&name)).is_ok()
    }

    fn ask<T: Send + 'static>(
        &self,
        question: impl FnOnce(&dyn Keyring) -> Result<T, String> + Send + 'static,
    ) -> Result<T, Problem> {
        let silent = || {
            unusable(
                &format!("the system keyring did not answer within {} s", self.deadline.as_secs_f64()),
                "unlock it (a window may be asking for its password) and try again",
            )
        };
        if self.busy.swap(true, Ordering::AcqRel) {
            return Err(silent());
        }
        let (keyring, busy) = (Arc::clone(&self.keyring), Answered(Arc::clone(&self.busy)));
        let (send, receive) = mpsc::channel();
        let thread = std::thread::Builder::new().name("keyring".into()).spawn(move || {
            let answer = question(&*keyring);
            drop(busy);
            let _ = send.send(answer);
        });
        if thread.is_err() {
            return Err(unusable("the system gave no thread to ask the keyring on", "close other programs"));
        }
        match receive.recv_timeout(self.deadline) {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(words)) => Err(unusable(
                &format!("the system keyring refused: {}", clean(&words)),
                "unlock or repair it and try again",
            )),
            Err(mpsc::RecvTimeoutError::Timeout) => Err(silent()),
            // It panicked.
            Err(mpsc::RecvTimeoutError::Disconnected) => {
                Err(unusable("the system keyring broke down", "try again"))
            }
        }
    }
}

/// Marks a question answered, also when answering panicked.
struct Answered(Arc<AtomicBool>);

impl Drop for Answered {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Release);
    }
}

fn unusable(why: &str, next: &str) -> Problem {
    Problem::new(ProblemKind::File, "the vault stays closed", why, next)
}

fn decode(text: &str) -> Option<Zeroizing<[u8; 32]>> {
    let bytes = Zeroizing::new(URL_SAFE_NO_PAD.decode(text.trim()).ok()?);
    Some(Zeroizing::new(bytes.as_slice().try_into().ok()?))
}

/// One short line of another program's words.
fn clean(words: &str) -> String {
    let line: String = words.chars().map(|c| if c.is_control() { ' ' } else { c }).take(200).collect();
    line.trim().to_owned()
}

#[cfg(feature = "keyring")]
mod system {
    use super::Zeroizing;
    use keyring::{Entry, Error};

    /// The platform's own.
    pub(super) struct System;

    fn entry(item: &str) -> Result<Entry, String> {
        // Before an entry is made, so that what is wrong with the keyring itself is what is told.
        if let Err(error) = Entry::store_status() {
            return Err(error.to_string());
        }
        Entry::new("hallpass vault", item).map_err(|e| e.to_string())
    }

    impl super::Keyring for System {
        fn get(&self, item: &str) -> Result<Option<Zeroizing<String>>, String> {
            match entry(item)?.get_password() {
                Ok(text) => Ok(Some(Zeroizing::new(text))),
                Err(Error::NoEntry) => Ok(None),
                Err(error) => Err(error.to_string()),
            }
        }

        fn set(&self, item: &str, text: &str) -> Result<(), String> {
            entry(item)?.set_password(text).map_err(|e| e.to_string())
        }

        fn remove(&self, item: &str) -> Result<(), String> {
            match entry(item)?.delete_credential() {
                Ok(()) | Err(Error::NoEntry) => Ok(()),
                Err(error) => Err(error.to_string()),
            }
        }
    }
}

#[cfg(not(feature = "keyring"))]
mod system {
    use super::Zeroizing;

    /// There is none in this build.
    pub(super) struct System;

    const NONE: &str = "this hallpass was built without it";

    impl super::Keyring for System {
        fn get(&self, _item: &str) -> Result<Option<Zeroizing<String>>, String> {
            Err(NONE.to_owned())
        }

        fn set(&self, _item: &str, _text: &str) -> Result<(), String> {
            Err(NONE.to_owned())
        }

        fn remove(&self, _item: &str) -> Result<(), String> {
            Err(NONE.to_owned())
        }
    }
}
