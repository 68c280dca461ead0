//! What each pane knows of itself. Panes do not know one another; `update` speaks between them.

pub mod check_text;
pub mod collections;
pub mod diagnosis;
pub mod environments;
pub mod jwt;
pub mod request;
pub mod response;
pub mod token;
