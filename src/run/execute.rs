//! Sends the requests of a run one after another.

use super::plan::Entry;
use super::summary::{ItemResult, Summary};
use crate::flow::{self, Sent, Session};
use crate::model::environment::Environment;
use crate::model::id::ItemPath;
use crate::model::plan::Layer;
use crate::model::problem::ProblemKind;
use crate::model::progress::no_progress;
use crate::model::value::Value;
use crate::model::workspace::Workspace;
use indexmap::IndexMap;
use std::time::{Duration, Instant};
use tokio_util::sync::CancellationToken;

/// How a run goes.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Stop at the first request that fails.
    pub bail: bool,
    /// Whole time of each request, instead of its own.
    pub timeout: Option<Duration>,
    /// Variables that win over all but captures.
    pub set: Option<Layer>,
}

/// News of a run.
pub enum Step<'a> {
    /// This one is about to be sent.
    Starting(&'a ItemPath),
    /// What came of it, whole, and as the summary keeps it.
    Done(&'a Sent, &'a ItemResult),
}

/// Sends all of them, or until one fails (with `bail`) or the run is cancelled. Variables captured
/// from an answer are there for every later request.
pub async fn execute(
    session: &Session,
    workspace: &Workspace,
    environment: Option<&Environment>,
    entries: &[Entry<'_>],
    options: &Options,
    news: &mut dyn FnMut(Step<'_>),
    cancel: &CancellationToken,
) -> Summary {
    let started = Instant::now();
    let mut summary = Summary::default();
    let mut captured: IndexMap<String, Value> = IndexMap::new();
    for (at, entry) in entries.iter().enumerate() {
        if cancel.is_cancelled() {
            summary.interrupted = true;
            break;
        }
        news(Step::Starting(&entry.item.path));
        let mut nearest = vec![Layer { origin: "captured".into(), variables: captured.clone() }];
        nearest.extend(options.set.clone());
        let mut plan = entry.plan(workspace, environment, nearest);
        if let Some(timeout) = options.timeout {
            plan.request.options.timeout_ms = Some(u64::try_from(timeout.as_millis()).unwrap_or(u64::MAX));
        }
        let sent = flow::send_request(session, &plan, &no_progress, cancel).await;
        for (name, value) in &sent.captures {
            // A server must not be able to name a variable and have its value sent.
            captured.insert(name.clone(), Value::literal(value));
        }
        let result = ItemResult::of(&entry.item.path, &sent);
        news(Step::Done(&sent, &result));
        summary.interrupted |= sent.problem.as_ref().is_some_and(|p| p.kind == ProblemKind::Interrupted);
        let stop = summary.interrupted || (options.bail && !result.ok);
        summary.add(result);
        if stop {
            summary.skipped = entries.len() - at - 1;
            break;
        }
    }
    summary.duration = started.elapsed();
    summary
}
