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
    let world =
        World { session, secrets, root: root.to_owned(), settings, keeps: false, history: None, audit: None };
    let (sender, receiver) = channel();
    (Worker::new(world, Arc::new(move |event| sender.send(event).is_ok())), receiver)
}

/// The next event that ends a job.
fn end(receiver: &Receiver<JobEvent>) -> JobEvent {
    loop {
        let event = receiver.recv_timeout(LONG).unwrap();
        if !matches!(event.news, News::Progress(_) | News::Login(..) | News::Vault(_)) {
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

#[test]
fn a_new_profile_with_its_variables_is_one_change_and_undone_as_one() {
    use crate::model::environment::Environment;
    use crate::model::value::{SecretRef, Value};
    let dir = tempfile::tempdir().unwrap();
    crate::storage::init(dir.path(), "w", &[]).unwrap();
    let environment = Environment { name: "dev".into(), ..Environment::default() };
    crate::storage::apply(dir.path(), &Edit::SaveEnvironment(environment)).unwrap();
    let before = std::fs::read(dir.path().join("environments/dev.toml")).unwrap();
    let set = |name: &str, value| Edit::SetVariable { environment: "dev".into(), name: name.into(), value };
    let text = "# mine\ngrant = \"client_credentials\"\ntoken_url = \"{{token_url}}\"\n";
    let edits = vec![
        Edit::NewProfile { name: "shop".into(), text: text.into() },
        set("token_url", Some(Value::from("https://id/token"))),
        set("client_secret", Some(Value::Secret(SecretRef::Vault))),
    ];
    let several = Edit::Several { words: "new profile shop".into(), edits };
    let (worker, receiver) = worker(dir.path());
    worker.submit(Effect::Edit(JobId(1), Box::new(several.clone())));
    let change = match end(&receiver).news {
        News::Done(output) => match *output {
            Output::Workspace(Some(change), workspace) => {
                assert_eq!(workspace.profile("shop").unwrap().token_url, "{{token_url}}");
                assert_eq!(workspace.environment("dev").unwrap().variables.len(), 2);
                change
            }
            other => panic!("{other:?}"),
        },
        other => panic!("{other:?}"),
    };
    assert_eq!((change.words.as_str(), change.files.len()), ("new profile shop", 2));
    assert_eq!(std::fs::read_to_string(dir.path().join("auth/shop.toml")).unwrap(), text);
    // A second of the same name is refused, and nothing of it is written.
    assert!(crate::storage::apply(dir.path(), &several).is_err());
    worker.submit(Effect::Undo(JobId(2), Box::new(change)));
    assert!(matches!(end(&receiver).news, News::Done(_)));
    assert!(!dir.path().join("auth/shop.toml").exists());
    assert_eq!(std::fs::read(dir.path().join("environments/dev.toml")).unwrap(), before);
}

#[test]
fn what_happened_to_tokens_is_kept_in_memory_where_nothing_else_keeps_it() {
    use crate::flow::events::{Audit, TokenEvent, TokenEventKind};
    let audit = super::MemoryAudit::default();
    for n in 0..600 {
        let event = TokenEvent {
            at: jiff::Timestamp::UNIX_EPOCH,
            what: TokenEventKind::Obtained,
            key: crate::model::token::TokenKey::default(),
            detail: n.to_string(),
        };
        audit.note(std::path::Path::new("/w"), &event);
    }
    let newest = audit.newest();
    assert_eq!((newest.len(), newest[0]["detail"].as_str()), (500, Some("599")));
}

#[test]
fn a_vault_that_a_job_makes_is_told_before_the_job_ends() {
    let dir = tempfile::tempdir().unwrap();
    let settings = Settings::default();
    let file = dir.path().join("vault");
    let keep = move || Vault::open(&file, &"correct horse".into()).map(Some);
    let secrets = Secrets::new(Arc::new(|| Ok(Vault::memory())), UntrustedCommand::Refuse);
    let secrets = Arc::new(secrets.keeping(Arc::new(keep)));
    let session = Session::new(&settings, Arc::clone(&secrets) as _, None);
    let root = dir.path().to_owned();
    let world = World { session, secrets, root, settings, keeps: false, history: None, audit: None };
    let (sender, receiver) = channel();
    let worker = Worker::new(world, Arc::new(move |event| sender.send(event).is_ok()));
    let set = |id| Effect::SetSecret {
        job: JobId(id),
        environment: "dev".into(),
        name: "s".into(),
        secret: "v".into(),
    };
    worker.submit(set(1));
    let first = receiver.recv_timeout(LONG).unwrap();
    let second = receiver.recv_timeout(LONG).unwrap();
    let words = |event: JobEvent| match event.news {
        News::Vault(word) => format!("vault {word}"),
        News::Done(output) => match *output {
            Output::Message(text) => text,
            other => panic!("{other:?}"),
        },
        other => panic!("{other:?}"),
    };
    assert_eq!([words(first), words(second)], ["vault file", "s of dev is in the vault (file)"]);
    worker.submit(set(2));
    assert_eq!(words(receiver.recv_timeout(LONG).unwrap()), "s of dev is in the vault (file)", "told once");
}
