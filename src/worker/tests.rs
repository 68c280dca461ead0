use super::{Ending, Worker, World};
use crate::app::effect::Effect;
use crate::app::job::{JobEvent, News, Output};
use crate::flow::Session;
use crate::model::edit::Edit;
use crate::model::exchange::BodyData;
use crate::model::id::{ItemPath, JobId};
use crate::model::plan::Plan;
use crate::model::problem::ProblemKind;
use crate::model::request::Request;
use crate::model::settings::Settings;
use crate::storage::secrets::{Secrets, UntrustedCommand};
use crate::storage::vault::Vault;
use bytes::Bytes;
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

const LONG: Duration = Duration::from_secs(20);

fn worker(root: &std::path::Path) -> (Worker, Receiver<JobEvent>) {
    let settings = Settings::default();
    let secrets = Arc::new(Secrets::with_vault(Vault::memory(), UntrustedCommand::Refuse));
    let session = Session::new(&settings, Arc::clone(&secrets) as _, None);
    let world = World { session, secrets, root: root.to_owned(), settings, keeps: false, history: None };
    let (sender, receiver) = channel();
    (Worker::new(world, Arc::new(move |event| sender.send(event).is_ok())), receiver)
}

/// The next event that ends a job.
fn end(receiver: &Receiver<JobEvent>) -> JobEvent {
    loop {
        let event = receiver.recv_timeout(LONG).unwrap();
        if !matches!(event.news, News::Progress(_)) {
            return event;
        }
    }
}

#[test]
fn a_cancelled_request_ends_once_and_says_so() {
    // A server that takes the connection and never answers.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", silent.local_addr().unwrap());
    let dir = tempfile::tempdir().unwrap();
    let (worker, receiver) = worker(dir.path());
    let plan = Plan::ad_hoc(None, Request::new("silent", "GET", url), None, Vec::new());
    worker.submit(Effect::Send(JobId(1), Box::new(plan)));
    let _connection = silent.accept().unwrap();
    worker.submit(Effect::CancelJob(JobId(1)));
    let event = end(&receiver);
    assert_eq!(event.id, JobId(1));
    match event.news {
        News::Done(output) => match *output {
            Output::Sent(sent, _) => assert_eq!(sent.problem.unwrap().kind, ProblemKind::Interrupted),
            other => panic!("{other:?}"),
        },
        other => panic!("{other:?}"),
    }
    drop(worker);
    assert!(receiver.try_iter().all(|e| matches!(e.news, News::Progress(_))), "a second end");
}

#[test]
fn a_job_that_breaks_down_still_ends() {
    let (sender, receiver) = channel();
    let ending = Ending {
        id: JobId(7),
        sink: Arc::new(move |event| sender.send(event).is_ok()),
        running: Arc::default(),
        done: false,
    };
    let broken = std::thread::spawn(move || {
        let _held = ending;
        std::panic::panic_any("on purpose");
    });
    assert!(broken.join().is_err());
    let event = receiver.recv_timeout(LONG).unwrap();
    assert!(matches!(event.news, News::Failed(p) if p.kind == ProblemKind::Internal));
}

#[test]
fn an_edit_writes_the_file_and_gives_the_workspace_read_again() {
    let dir = tempfile::tempdir().unwrap();
    crate::storage::init(dir.path(), "w", &[]).unwrap();
    let (worker, receiver) = worker(dir.path());
    let folder = Edit::CreateFolder { parent: None, name: "Orders".into() };
    worker.submit(Effect::Edit(JobId(1), Box::new(folder)));
    end(&receiver);
    let request = Box::new(Request::new("List orders", "GET", "http://h/orders"));
    let edit = Edit::CreateRequest { parent: ItemPath::new("orders"), after: None, request };
    worker.submit(Effect::Edit(JobId(2), Box::new(edit)));
    match end(&receiver).news {
        News::Done(output) => match *output {
            Output::Workspace(Some(change), workspace) => {
                assert_eq!(change.select, Some(ItemPath::new("orders/list-orders")));
                assert!(workspace.item(&ItemPath::new("orders/list-orders")).is_some());
            }
            other => panic!("{other:?}"),
        },
        other => panic!("{other:?}"),
    }
    assert!(dir.path().join("collections/orders/list-orders.toml").is_file());
}

#[test]
fn json_is_indexed_and_what_only_claims_to_be_json_says_where_it_is_not() {
    let index = |text: &'static str| {
        super::index_body("application/json", &BodyData::Memory(Bytes::from_static(text.as_bytes())), &|| {
            false
        })
        .unwrap()
    };
    assert!(index("{\"a\": [1, 2]}").json.is_some());
    let broken = index("{\"a\": }");
    assert!(broken.json.is_none());
    assert_eq!(broken.json_error.map(|e| e.line), Some(1));
}

#[test]
fn a_filter_gives_what_it_finds_or_the_words_why_not() {
    let body = BodyData::Memory(Bytes::from_static(b"{\"a\": [{\"b\": 1}, {\"b\": 2}]}"));
    assert_eq!(super::content::filter("$.a[0].b", &body), Ok("1".to_owned()));
    assert!(super::content::filter("$.nothing", &body).unwrap_err().contains("finds nothing"));
    assert!(super::content::filter("not a path", &body).unwrap_err().contains("not a JSONPath"));
}

#[test]
fn a_body_is_never_saved_over_a_file_that_is_there() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("body.json");
    let (worker, receiver) = worker(dir.path());
    for (job, fine) in [(1, true), (2, false)] {
        let body = BodyData::Memory(Bytes::from_static(b"{}"));
        worker.submit(Effect::SaveBody { job: JobId(job), file: file.display().to_string(), body });
        assert_eq!(matches!(end(&receiver).news, News::Done(_)), fine);
    }
    assert_eq!(std::fs::read(&file).unwrap(), b"{}");
}
