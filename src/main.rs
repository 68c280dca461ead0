//! The `hallpass` binary: everything it does is in the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    ExitCode::from(hallpass::cli::run(std::env::args_os().collect()))
}
