//! A login at the command line: says on stderr where to go, takes pasted redirect URLs from stdin, opens a
//! browser where there is one. stdout stays the answer's.

mod typed;
mod words;

use super::context::Context;
use super::output::Output;
use crate::flow::Session;
use crate::flow::login::{LoginDesk, LoginId, LoginNews, Roads};
use crate::model::problem::{Problem, ProblemKind};
use crate::model::secret::Secret;
use std::collections::HashMap;
use std::future::Future;
use std::io::IsTerminal;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::{Notify, mpsc};
use typed::Typed;

/// The terminal as a place to log in.
pub struct Desk {
    out: Output,
    /// Whether a browser may be opened.
    browser: bool,
    logins: Mutex<HashMap<LoginId, Login>>,
    typed: Mutex<Option<Typed>>,
    /// Told once a login waits for a person.
    waiting: Notify,
    /// True once one did.
    needed: AtomicBool,
}

/// What one login has been told already, and its pastes.
struct Login {
    said: words::Said,
    sender: mpsc::UnboundedSender<Secret>,
    pasted: Arc<tokio::sync::Mutex<mpsc::UnboundedReceiver<Secret>>>,
}

impl Default for Login {
    fn default() -> Login {
        let (sender, receiver) = mpsc::unbounded_channel();
        Login { said: words::Said::default(), sender, pasted: Arc::new(tokio::sync::Mutex::new(receiver)) }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Waits until the program is told to end: its terminal does not show what is typed, and must before it goes.
#[cfg(unix)]
async fn ended() -> Problem {
    use tokio::signal::unix::{SignalKind, signal};
    let (Ok(mut term), Ok(mut hangup)) = (signal(SignalKind::terminate()), signal(SignalKind::hangup()))
    else {
        return std::future::pending().await;
    };
    tokio::select! {
        _ = term.recv() => {}
        _ = hangup.recv() => {}
    }
    Problem::new(
        ProblemKind::Interrupted,
        "no token was got",
        "the program was told to end",
        "start it again",
    )
}

/// There are no such signals.
#[cfg(not(unix))]
async fn ended() -> Problem {
    std::future::pending().await
}

impl Desk {
    /// A desk for a session, whatever stdin and stderr are: the command is about a token.
    pub fn sit(context: &Context, session: &Session) -> Arc<Desk> {
        let desk = Arc::new(Desk {
            out: Output::new(&context.globals),
            browser: !context.globals.no_browser && display(|name| std::env::var_os(name).is_some()),
            logins: Mutex::default(),
            typed: Mutex::default(),
            waiting: Notify::new(),
            needed: AtomicBool::new(false),
        });
        if let Some(limit) = context.globals.timeout {
            session.set_login_patience(limit);
        }
        session.set_desk(Arc::new(Sitting(Arc::clone(&desk))));
        desk
    }

    /// The same for a command that is about something else: only where a person sits at both ends.
    pub fn sit_at_terminal(context: &Context, session: &Session) {
        if std::io::stdin().is_terminal() && context.out.can_ask() {
            Desk::sit(context, session);
        }
    }

    /// Does the work; with a limit, a login that waits longer is given up (exit 6), by a device code too, which
    /// else lives as long as its server says. Afterwards nothing is read from stdin and the terminal is as it was.
    pub async fn attend<T>(
        &self,
        limit: Option<Duration>,
        work: impl Future<Output = T>,
    ) -> Result<T, Problem> {
        let done = tokio::select! {
            done = work => Ok(done),
            problem = self.overdue(limit) => Err(problem),
            problem = ended() => Err(problem),
        };
        self.close();
        done
    }

    /// Whether a person was asked.
    pub fn was_needed(&self) -> bool {
        self.needed.load(Ordering::Relaxed)
    }

    async fn overdue(&self, limit: Option<Duration>) -> Problem {
        let Some(limit) = limit else { return std::future::pending().await };
        self.waiting.notified().await;
        // The login's own limit comes first.
        tokio::time::sleep(limit + Duration::from_millis(300)).await;
        Problem::new(
            ProblemKind::Timeout,
            "nobody logged in",
            format!("{} s were allowed for it (`--timeout`)", limit.as_secs_f64()),
            "try again with more time",
        )
    }

    fn close(&self) {
        lock(&self.typed).take();
    }

    fn waits(self: &Arc<Self>, login: LoginId, roads: &Roads) {
        let lines = {
            let mut logins = lock(&self.logins);
            words::roads(&self.out, &mut logins.entry(login).or_default().said, roads)
        };
        self.needed.store(true, Ordering::Relaxed);
        self.waiting.notify_one();
        for line in &lines.text {
            self.out.tell(line);
        }
        if lines.url_is_new {
            self.listen();
            if self.browser
                && let Some(url) = &roads.url
                && open::that_detached(url).is_err()
            {
                self.out.note("no browser could be opened; open the URL by hand");
            }
        }
    }

    /// Reads stdin from now on.
    fn listen(self: &Arc<Self>) {
        let mut typed = lock(&self.typed);
        if typed.is_none() {
            let desk = Arc::downgrade(self);
            *typed = Typed::start(move |text| {
                let Some(desk) = desk.upgrade() else { return };
                // Every login that waits gets it: `state` tells whose it is.
                for login in lock(&desk.logins).values() {
                    let _ = login.sender.send(text.clone());
                }
            });
        }
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        self.close();
    }
}

/// The desk as the session knows it.
struct Sitting(Arc<Desk>);

impl LoginDesk for Sitting {
    fn tell(&self, login: LoginId, news: LoginNews) {
        let desk = &self.0;
        match news {
            LoginNews::Waiting(roads) => desk.waits(login, &roads),
            LoginNews::Note(text) => desk.out.tell(&desk.out.safe_note(&text)),
            LoginNews::Over => {
                let last = {
                    let mut logins = lock(&desk.logins);
                    logins.remove(&login);
                    logins.is_empty()
                };
                // Not with the lock held: the thread that reads may want it before it ends.
                if last {
                    desk.close();
                }
            }
        }
    }

    fn pasted(&self, login: LoginId) -> Pin<Box<dyn Future<Output = Secret> + Send + '_>> {
        let receiver = Arc::clone(&lock(&self.0.logins).entry(login).or_default().pasted);
        Box::pin(async move {
            match receiver.lock().await.recv().await {
                Some(text) => text,
                None => std::future::pending().await,
            }
        })
    }
}

/// Whether a browser opened here would be seen: there is a display, and the person does not sit elsewhere.
fn display(is_set: impl Fn(&str) -> bool) -> bool {
    if is_set("SSH_CONNECTION") || is_set("SSH_TTY") || is_set("SSH_CLIENT") {
        return false;
    }
    cfg!(any(windows, target_os = "macos")) || is_set("DISPLAY") || is_set("WAYLAND_DISPLAY")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(target_os = "linux")]
    #[test]
    fn a_browser_is_opened_only_where_the_person_sits() {
        assert!(display(|name| name == "DISPLAY"));
        assert!(display(|name| name == "WAYLAND_DISPLAY"));
        assert!(!display(|_| false));
        assert!(!display(|name| ["DISPLAY", "SSH_CONNECTION"].contains(&name)), "X11 forwarding");
    }
}
