//! The screen's state and how it changes. Pure: events in, effects out. No I/O, no clock, no async.
//!
//! Event → [`update::update`] → effects (data) → the worker → news → `update` again.

pub mod command;
pub mod effect;
pub mod event;
#[cfg(test)]
pub mod fixture;
pub mod flow_strip;
pub mod focus;
pub mod job;
pub mod key;
pub mod keymap;
pub mod line_edit;
pub mod list;
pub mod login;
pub mod new_profile;
pub mod overlay;
pub mod pane;
pub mod profile_form;
pub mod state;
pub mod text_input;
pub mod toast;
pub mod update;
pub mod view;
