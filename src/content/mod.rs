//! How a body is read: text only, no colours. Pure and fast; used by the screen and the command line.

pub mod find;
pub mod json;
pub mod kind;
pub mod lines;
pub mod markup;
pub mod visible;
