//! Stopping and continuing as a shell's job on Unix.

use rustix::process::{Signal, getpgrp, getppid, getsid, kill_current_process_group};
use signal_hook::consts::SIGTSTP;
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};

static STOPPING: AtomicBool = AtomicBool::new(false);

/// Whether this process stops itself, so that the SIGTSTP it sent its job is no news to it.
pub(super) fn stopping() -> bool {
    STOPPING.load(Ordering::SeqCst)
}

/// The signals of a stop have been taken from the pipe; the next SIGTSTP is news again.
pub(super) fn stopped() {
    STOPPING.store(false, Ordering::SeqCst);
}

/// Stops the whole job, which [`someone_continues_us`] must have allowed, and returns when the shell continues it. The job and not only the process:
/// a wrapper that started us (a task runner, a pipe) would keep the shell waiting.
pub(super) fn stop_job() -> io::Result<()> {
    STOPPING.store(true, Ordering::SeqCst);
    // Our own SIGTSTP is caught and swallowed; the others stop by it.
    kill_current_process_group(Signal::TSTP)?;
    signal_hook::low_level::emulate_default_handler(SIGTSTP)
}

/// Stops this process only: whoever sent SIGTSTP sees to the others.
pub(super) fn stop_alone() -> io::Result<()> {
    someone_continues_us()?;
    signal_hook::low_level::emulate_default_handler(SIGTSTP)
}

/// Fails with `Unsupported` for a process that no shell watches: it would stay stopped for ever.
/// The kernel ignores SIGTSTP for such a one, and so do we.
pub(super) fn someone_continues_us() -> io::Result<()> {
    let session = getsid(None)?;
    let watched = session != getpgrp() && getppid().is_some_and(|parent| getsid(Some(parent)) == Ok(session));
    if watched {
        Ok(())
    } else {
        Err(io::Error::new(io::ErrorKind::Unsupported, "no shell to come back from"))
    }
}
