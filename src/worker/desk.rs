//! The screen as the place where a person logs in: news go to it as events, what is pasted comes back.

use super::Sink;
use crate::app::job::{JobEvent, News};
use crate::flow::login::{LoginDesk, LoginId, LoginNews};
use crate::model::id::JobId;
use crate::model::secret::Secret;
use std::collections::{HashMap, VecDeque};
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::Notify;

tokio::task_local! {
    /// The job whose task this is: a login is told as news of the job that waits for it.
    pub(super) static JOB: JobId;
}

/// Texts pasted for one login and not yet taken.
#[derive(Default)]
struct Inbox {
    texts: Mutex<VecDeque<Secret>>,
    more: Notify,
}

/// The desk of a screen.
pub(super) struct Desk {
    sink: Sink,
    inboxes: Mutex<HashMap<LoginId, Arc<Inbox>>>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Desk {
    pub fn new(sink: Sink) -> Desk {
        Desk { sink, inboxes: Mutex::default() }
    }

    /// Takes a paste to the login that waits. One that nobody waits for any more is dropped.
    pub fn paste(&self, login: LoginId, text: Secret) {
        let inbox = lock(&self.inboxes).get(&login).cloned();
        if let Some(inbox) = inbox {
            lock(&inbox.texts).push_back(text);
            inbox.more.notify_one();
        }
    }

    fn inbox(&self, login: LoginId) -> Arc<Inbox> {
        Arc::clone(lock(&self.inboxes).entry(login).or_default())
    }
}

impl LoginDesk for Desk {
    fn tell(&self, login: LoginId, news: LoginNews) {
        match news {
            LoginNews::Over => drop(lock(&self.inboxes).remove(&login)),
            _ => drop(self.inbox(login)),
        }
        // Told from elsewhere than the job's own task: no job has the number 0.
        let id = JOB.try_with(|id| *id).unwrap_or(JobId(0));
        (self.sink)(JobEvent { id, news: News::Login(login, news) });
    }

    fn pasted(&self, login: LoginId) -> Pin<Box<dyn Future<Output = Secret> + Send + '_>> {
        let inbox = self.inbox(login);
        Box::pin(async move {
            loop {
                // Taken in the same poll that gives it: a future that is dropped has taken nothing.
                let more = inbox.more.notified();
                if let Some(text) = lock(&inbox.texts).pop_front() {
                    return text;
                }
                more.await;
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc::{Receiver, channel};
    use std::time::Duration;

    fn desk() -> (Arc<Desk>, Receiver<JobEvent>) {
        let (sender, receiver) = channel();
        (Arc::new(Desk::new(Arc::new(move |event| sender.send(event).is_ok()))), receiver)
    }

    fn run<T>(work: impl Future<Output = T>) -> T {
        tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(work)
    }

    const LOGIN: LoginId = LoginId(3);

    fn note(text: &str) -> LoginNews {
        LoginNews::Note(text.into())
    }

    #[test]
    fn news_are_told_in_order_as_news_of_the_job_that_waits() {
        let (desk, events) = desk();
        run(JOB.scope(JobId(9), async {
            desk.tell(LOGIN, note("one"));
            desk.tell(LOGIN, note("two"));
            desk.tell(LOGIN, LoginNews::Over);
        }));
        let told: Vec<_> = events.try_iter().collect();
        assert!(told.iter().all(|e| e.id == JobId(9)));
        let told: Vec<_> = told.into_iter().map(|e| e.news).collect();
        match told.as_slice() {
            [News::Login(LOGIN, a), News::Login(LOGIN, b), News::Login(LOGIN, LoginNews::Over)] => {
                assert_eq!((a, b), (&note("one"), &note("two")));
            }
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_paste_outlives_a_waiting_that_was_dropped() {
        let (desk, _events) = desk();
        run(async {
            desk.tell(LOGIN, note("it waits"));
            for _ in 0..3 {
                let wait = tokio::time::timeout(Duration::from_millis(1), desk.pasted(LOGIN));
                assert!(wait.await.is_err());
            }
            desk.paste(LOGIN, Secret::new("first"));
            desk.paste(LOGIN, Secret::new("second"));
            drop(desk.pasted(LOGIN));
            assert_eq!(desk.pasted(LOGIN).await.expose(), "first");
            assert_eq!(desk.pasted(LOGIN).await.expose(), "second");
        });
    }

    #[test]
    fn a_paste_wakes_the_one_who_waits() {
        let (desk, _events) = desk();
        run(async {
            let waiting = Arc::clone(&desk);
            let wait = tokio::spawn(async move { waiting.pasted(LOGIN).await });
            tokio::task::yield_now().await;
            desk.paste(LOGIN, Secret::new("it"));
            assert_eq!(wait.await.unwrap().expose(), "it");
        });
    }

    #[test]
    fn what_is_pasted_after_the_end_goes_to_nobody() {
        let (desk, _events) = desk();
        desk.tell(LOGIN, note("it waits"));
        desk.tell(LOGIN, LoginNews::Over);
        desk.paste(LOGIN, Secret::new("late"));
        assert!(lock(&desk.inboxes).is_empty());
    }
}
