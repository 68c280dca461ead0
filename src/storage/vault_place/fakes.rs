//! Keyrings that behave as keyrings do.

#![allow(clippy::unwrap_used, clippy::panic, reason = "for tests only")]

use crate::storage::keyring::Keyring;
use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::mpsc::{Receiver, channel};
use zeroize::Zeroizing;

/// What is wrong with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Fault {
    /// Nothing.
    #[default]
    None,
    /// No D-Bus: every call fails at once.
    NoBus,
    /// Every call hangs for ever.
    Hangs,
    /// Reading works, storing hangs.
    HangsOnStore,
    /// Storing works, reading hangs.
    HangsOnRead,
    /// The collection is locked.
    Locked,
    /// Reading works, storing is refused.
    RefusesStore,
    /// It breaks down.
    Panics,
    /// It gives something else than what it was given.
    Garbage,
    /// It gives another key, well formed.
    OtherKey,
    /// It says yes and forgets.
    Loses,
    /// It gives an empty text.
    Empty,
}

impl Fault {
    /// The twelve states but the good one.
    pub const BAD: [Fault; 11] = [
        Fault::NoBus,
        Fault::Hangs,
        Fault::HangsOnStore,
        Fault::HangsOnRead,
        Fault::Locked,
        Fault::RefusesStore,
        Fault::Panics,
        Fault::Garbage,
        Fault::OtherKey,
        Fault::Loses,
        Fault::Empty,
    ];
}

/// A keyring in memory.
#[derive(Default)]
pub struct Fake {
    state: Mutex<(Fault, BTreeMap<String, String>, u32)>,
}

impl Fake {
    pub fn with(fault: Fault) -> Fake {
        let fake = Fake::default();
        fake.become_(fault);
        fake
    }

    pub fn become_(&self, fault: Fault) {
        self.state.lock().unwrap().0 = fault;
    }

    pub fn items(&self) -> usize {
        self.state.lock().unwrap().1.len()
    }

    pub fn lose_all(&self) {
        self.state.lock().unwrap().1.clear();
    }

    /// How often it was asked anything.
    pub fn asked(&self) -> u32 {
        self.state.lock().unwrap().2
    }

    fn fault(&self) -> Fault {
        let mut state = self.state.lock().unwrap();
        state.2 += 1;
        state.0
    }
}

fn hang() -> ! {
    let (_send, never): (_, Receiver<()>) = channel();
    loop {
        let _ = never.recv_timeout(std::time::Duration::from_secs(3600));
        std::hint::black_box(&_send);
    }
}

impl Keyring for Fake {
    fn get(&self, item: &str) -> Result<Option<Zeroizing<String>>, String> {
        let fault = self.fault();
        match fault {
            Fault::NoBus => return Err("Platform failure: no\nsuch bus".into()),
            Fault::Hangs | Fault::HangsOnRead => hang(),
            Fault::Locked => return Err("Couldn't access platform storage: locked".into()),
            Fault::Panics => panic!("keyring"),
            Fault::Garbage => return Ok(Some(Zeroizing::new("p\u{1b}[2Jq \u{fffd}".into()))),
            Fault::OtherKey => return Ok(Some(Zeroizing::new("A".repeat(43)))),
            Fault::Empty => return Ok(Some(Zeroizing::new(String::new()))),
            Fault::Loses => return Ok(None),
            Fault::None | Fault::HangsOnStore | Fault::RefusesStore => {}
        }
        Ok(self.state.lock().unwrap().1.get(item).cloned().map(Zeroizing::new))
    }

    fn set(&self, item: &str, text: &str) -> Result<(), String> {
        match self.fault() {
            Fault::NoBus => return Err("Platform failure: no such bus".into()),
            Fault::Hangs | Fault::HangsOnStore => hang(),
            Fault::Locked => return Err("Couldn't access platform storage: locked".into()),
            Fault::RefusesStore => return Err("Couldn't access platform storage: read only".into()),
            Fault::Panics => panic!("keyring"),
            _ => {}
        }
        self.state.lock().unwrap().1.insert(item.to_owned(), text.to_owned());
        Ok(())
    }

    fn remove(&self, item: &str) -> Result<(), String> {
        match self.fault() {
            Fault::NoBus => return Err("Platform failure: no such bus".into()),
            Fault::Hangs => hang(),
            _ => {}
        }
        self.state.lock().unwrap().1.remove(item);
        Ok(())
    }
}
