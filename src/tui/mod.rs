//! The terminal: what comes from it, what goes to it, and the state it is left in.

pub mod backend;
pub mod decoder;
#[cfg(test)]
#[cfg(unix)]
mod device_tests;
pub mod event;
#[cfg_attr(windows, path = "input_windows.rs")]
pub mod input;
#[cfg(unix)]
mod job;
pub mod run;
pub mod screen;
pub mod terminal;
#[cfg_attr(windows, path = "tty_windows.rs")]
pub mod tty;
