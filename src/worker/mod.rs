//! Carries effects out and answers with news. Knows effects and job events, not the state.
//!
//! Each job runs as a task of its own on a runtime that is made when the first one comes (the first
//! frame does not wait for it), and ends with exactly one of `Done` and `Failed`, a panic included.

mod audit;
mod content;
mod desk;
pub mod desktop;
mod disk;
mod jobs;
mod jwt;
#[cfg(test)]
mod tests;

pub use audit::MemoryAudit;
pub use content::index as index_body;

use crate::app::effect::Effect;
use crate::app::job::{JobEvent, News, Output};
use crate::flow::Session;
use crate::model::id::JobId;
use crate::model::problem::{Problem, ProblemKind};
use crate::model::progress::Phase;
use crate::model::settings::Settings;
use crate::storage::history::History;
use crate::storage::secrets::Secrets;
use desk::Desk;
use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, OnceLock};
use std::time::{Duration, Instant};
use tokio::runtime::Runtime;
use tokio_util::sync::CancellationToken;

/// Progress of one job is told at most this often.
const PROGRESS_PAUSE: Duration = Duration::from_millis(100);

/// Where news go. False: nobody listens any more.
pub type Sink = Arc<dyn Fn(JobEvent) -> bool + Send + Sync>;

/// What jobs work with.
pub struct World {
    /// Engines, tokens, known secrets.
    pub session: Session,
    /// The vault and the other places of secrets.
    pub secrets: Arc<Secrets>,
    /// The workspace's directory.
    pub root: PathBuf,
    /// Settings.
    pub settings: Settings,
    /// False: choices are not remembered (the demo).
    pub keeps: bool,
    /// What happened to tokens, where it is kept nowhere else (the demo).
    pub audit: Option<Arc<MemoryAudit>>,
    /// Past exchanges; `None` where the platform has no place for them.
    pub history: Option<History>,
}

/// Runs jobs.
pub struct Worker {
    world: Arc<World>,
    sink: Sink,
    desk: Arc<Desk>,
    runtime: OnceLock<Option<Runtime>>,
    running: Arc<Mutex<HashMap<JobId, CancellationToken>>>,
}

impl Worker {
    /// Nothing runs yet.
    pub fn new(world: World, sink: Sink) -> Worker {
        let desk = Arc::new(Desk::new(Arc::clone(&sink)));
        if let Some(audit) = &world.audit {
            world.session.set_audit(Arc::clone(audit) as _);
        }
        world.session.set_desk(Arc::clone(&desk) as _);
        Worker { world: Arc::new(world), sink, desk, runtime: OnceLock::new(), running: Arc::default() }
    }

    /// What jobs work with.
    pub fn world(&self) -> &Arc<World> {
        &self.world
    }

    fn runtime(&self) -> Option<&Runtime> {
        let made = self.runtime.get_or_init(|| {
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().ok()
        });
        made.as_ref()
    }

    /// Starts what an effect asks for; never blocks. Effects that need the terminal are not for here.
    pub fn submit(&self, effect: Effect) {
        match effect {
            Effect::CancelJob(id) => {
                let running = self.running.lock().map(|r| r.get(&id).cloned());
                if let Ok(Some(token)) = running {
                    token.cancel();
                }
            }
            Effect::LoginPaste(login, text) => self.desk.paste(login, text),
            Effect::ChooseEnvironment(_) if !self.world.keeps => {}
            Effect::ChooseEnvironment(name) => {
                let world = Arc::clone(&self.world);
                self.quietly(move || {
                    // Not remembering a choice is no reason to interrupt anyone.
                    let _ = crate::storage::state::set_active_environment(&world.root, &name);
                });
            }
            Effect::ForgetToken(key) => {
                let world = Arc::clone(&self.world);
                self.quietly(move || world.session.forget(&world.root, &key));
            }
            effect => self.job(effect),
        }
    }

    fn quietly(&self, work: impl FnOnce() + Send + 'static) {
        if let Some(runtime) = self.runtime() {
            runtime.spawn_blocking(work);
        }
    }

    fn job(&self, effect: Effect) {
        let Some(id) = jobs::id(&effect) else { return };
        let cancel = CancellationToken::new();
        if let Ok(mut running) = self.running.lock() {
            running.insert(id, cancel.clone());
        }
        let ending =
            Ending { id, sink: Arc::clone(&self.sink), running: Arc::clone(&self.running), done: false };
        let Some(runtime) = self.runtime() else {
            ending.end(Err(Problem::new(
                ProblemKind::Internal,
                "cannot start background work",
                "the system gave no thread",
                "close other programs and start hallpass again",
            )));
            return;
        };
        let world = Arc::clone(&self.world);
        let progress = Progress::new(id, Arc::clone(&self.sink));
        runtime.spawn(desk::JOB.scope(id, async move {
            let before = vault_word(&world);
            let outcome = jobs::run(&world, effect, &progress, &cancel).await;
            // Whatever made a job open or make a vault: the screen says which one it is.
            let now = vault_word(&world).filter(|now| Some(*now) != before);
            if let (Some(word), false) = (now, matches!(outcome, Ok(Output::Vault(_)))) {
                ending.tell(News::Vault(word));
            }
            ending.end(outcome);
        }));
    }
}

fn vault_word(world: &World) -> Option<&'static str> {
    world.secrets.open_vault().map(|vault| vault.kind().word())
}

impl Drop for Worker {
    /// Cancels everything; saves that have begun are let finish, for two seconds at most.
    fn drop(&mut self) {
        if let Ok(running) = self.running.lock() {
            running.values().for_each(CancellationToken::cancel);
        }
        if let Some(Some(runtime)) = self.runtime.take() {
            runtime.shutdown_timeout(Duration::from_secs(2));
        }
    }
}

/// Sends the one end event of a job, whatever happens to it.
struct Ending {
    id: JobId,
    sink: Sink,
    running: Arc<Mutex<HashMap<JobId, CancellationToken>>>,
    done: bool,
}

impl Ending {
    fn tell(&self, news: News) {
        (self.sink)(JobEvent { id: self.id, news });
    }

    fn end(mut self, outcome: Result<Output, Problem>) {
        self.done = true;
        let news = match outcome {
            Ok(output) => News::Done(Box::new(output)),
            Err(problem) => News::Failed(problem),
        };
        (self.sink)(JobEvent { id: self.id, news });
    }
}

impl Drop for Ending {
    fn drop(&mut self) {
        if let Ok(mut running) = self.running.lock() {
            running.remove(&self.id);
        }
        if !self.done {
            let problem = Problem::new(
                ProblemKind::Internal,
                "this job broke down",
                "a defect of hallpass; nothing else is affected",
                "try again; if it happens again, report it with what you did",
            );
            (self.sink)(JobEvent { id: self.id, news: News::Failed(problem) });
        }
    }
}

/// Tells progress, not too often.
pub(crate) struct Progress {
    id: JobId,
    sink: Sink,
    last: Mutex<(Option<Phase>, Instant)>,
}

impl Progress {
    fn new(id: JobId, sink: Sink) -> Self {
        Self { id, sink, last: Mutex::new((None, Instant::now())) }
    }

    /// Takes one piece of news.
    pub(crate) fn tell(&self, phase: Phase) {
        let Ok(mut last) = self.last.lock() else { return };
        let same_kind = last.0.is_some_and(|p| std::mem::discriminant(&p) == std::mem::discriminant(&phase));
        if same_kind && last.1.elapsed() < PROGRESS_PAUSE {
            return;
        }
        *last = (Some(phase), Instant::now());
        (self.sink)(JobEvent { id: self.id, news: News::Progress(phase) });
    }
}
