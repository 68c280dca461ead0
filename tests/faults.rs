//! Every fault of the sandbox, met live by the client itself, ends with its code as the first finding of the diagnosis; and what
//! stands for no fault ends with none.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test says what it needs")]

#[allow(dead_code, reason = "shared with the peer tests")]
#[path = "support/browser.rs"]
mod browser;
#[path = "support/rig.rs"]
mod rig;

use hallpass::diagnose::Diagnosis;
use hallpass::model::profile::ClientAuth;
use hallpass::model::request::Request;
use hallpass::sandbox::{faults, modifiers};
use rig::{LIST, Rig, V2};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;

/// How a fault is met.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Meet {
    /// The case types are asked for, with a token.
    List,
    /// The same, the secret in the body of the token request.
    ListBody,
    /// The same over the https port, its authority trusted.
    ListTls,
    /// The same with little patience.
    Impatient,
    /// The same twice with one token, as typed by hand.
    Twice,
    /// A case is created.
    Create,
    /// A case is created and read.
    Read,
    /// A case is created and its assignment sent on, with its etag.
    Patch,
    /// A person logs in at Pega.
    Login,
    /// The same, with a session index of long ago.
    OldSession,
    /// The authorization URL is asked for by hand.
    Authorize,
    /// The refresh token of a login, where nobody can log in again.
    Refresh,
    /// A profile's token.
    Token(&'static str),
    /// A device code nobody uses.
    Device,
    /// One poll for a device, by hand.
    Poll,
}

/// Those that are not met by listing the case types.
const OTHERWISE: &[(&str, Meet)] = &[
    ("mtls", Meet::ListTls),
    ("tls-untrusted", Meet::ListTls),
    ("tls-name", Meet::ListTls),
    ("slow", Meet::Impatient),
    ("never", Meet::Impatient),
    ("basic-only", Meet::ListBody),
    ("dpop-proof", Meet::Token("rfc-client-dpop")),
    ("device-pending", Meet::Poll),
    ("device-expired", Meet::Device),
    ("device-denied", Meet::Device),
    ("operator-not-mapped", Meet::Token("pega-jwt-bearer")),
    ("code-refused", Meet::Login),
    ("pkce-mismatch", Meet::Login),
    ("refresh-dead", Meet::Refresh),
    ("user-refused", Meet::Token("pega-password")),
    ("no-identity-mapping", Meet::Token("pega-password")),
    ("assertion-audience", Meet::Token("pega-jwt-bearer")),
    ("assertion-expired", Meet::Token("pega-jwt-bearer")),
    ("assertion-replayed", Meet::Token("pega-jwt-bearer")),
    ("assertion-key", Meet::Token("pega-jwt-bearer")),
    ("assertion-subject", Meet::Token("pega-jwt-bearer")),
    ("login-required", Meet::Login),
    ("stale-session", Meet::OldSession),
    ("redirect-uri", Meet::Authorize),
    ("csrf", Meet::Create),
    ("intermittent", Meet::Twice),
    ("hidden", Meet::Read),
    ("starting-fields", Meet::Create),
    ("case-type", Meet::Create),
    ("etag-stale", Meet::Patch),
    ("etag-missing", Meet::Patch),
    ("locked-case", Meet::Patch),
];

fn way(fault: &str) -> Meet {
    OTHERWISE.iter().find(|(name, _)| *name == fault).map_or(Meet::List, |(_, meet)| *meet)
}

/// Meets whatever is there, and gives the diagnosis of the last thing that happened.
async fn met(rig: &mut Rig, way: Meet) -> Diagnosis {
    let list = Request::new("List", "GET", LIST);
    match way {
        Meet::List => rig.send(list).await.diagnosis,
        Meet::ListBody => {
            rig.profile("pega").client_auth = ClientAuth::Body;
            rig.send(list).await.diagnosis
        }
        Meet::ListTls => {
            rig.trust();
            rig.send(list).await.diagnosis
        }
        Meet::Impatient => {
            let mut list = list;
            list.options.timeout_ms = Some(500);
            rig.send(list).await.diagnosis
        }
        Meet::Twice => {
            let token = rig.token("pega").await.expect("a token").access_token.clone();
            let first = rig.send_by_hand(list.clone(), &token).await;
            assert!(first.diagnosis.findings.is_empty(), "the first call is let through");
            rig.send_by_hand(list, &token).await.diagnosis
        }
        Meet::Create => rig.create().await.diagnosis,
        Meet::Read => {
            rig.create().await;
            let case = format!("{V2}/cases/ACME-CASES-WORK%20APP-2005");
            rig.send(Request::new("Read", "GET", case)).await.diagnosis
        }
        Meet::Patch => {
            let created = rig.create().await;
            let etag = created.exchange.as_ref().unwrap().response.as_ref().unwrap().header("etag").unwrap();
            rig.patch(etag).await.diagnosis
        }
        Meet::Login => rig.login("pega-login").await,
        Meet::OldSession => {
            let extra = &mut rig.profile("pega-login").extra_authorization;
            extra.insert("session_index".to_owned(), "index-of-long-ago".to_owned());
            rig.login("pega-login").await
        }
        Meet::Authorize => rig.authorize_by_hand("pega-login").await.diagnosis,
        Meet::Refresh => {
            let before = rig.login("pega-login").await;
            assert!(before.findings.is_empty(), "the login itself is fine: {before:?}");
            rig.refresh_elsewhere("pega-login").await
        }
        Meet::Token(profile) => rig.failure(profile).await,
        Meet::Device => rig.failure("rfc-device").await,
        Meet::Poll => rig.poll_by_hand().await.diagnosis,
    }
}

fn codes(diagnosis: &Diagnosis) -> String {
    let all: Vec<String> =
        diagnosis.findings.iter().map(|f| format!("{} ({})", f.code(), f.likelihood.word())).collect();
    if all.is_empty() { "nothing".to_owned() } else { all.join(", ") }
}

/// Meets many at once, a few at a time; gives the lines of those that came out wrong.
async fn all(cases: Vec<(&'static str, Meet, &'static str)>) -> Vec<String> {
    let few = Arc::new(Semaphore::new(6));
    let tasks: Vec<_> = cases
        .into_iter()
        .map(|(name, way, expected)| {
            let few = Arc::clone(&few);
            tokio::spawn(async move {
                let _turn = few.acquire_owned().await.unwrap();
                let mut rig = Rig::start(&[name]).await;
                let diagnosis = tokio::time::timeout(Duration::from_secs(60), met(&mut rig, way)).await;
                let Ok(diagnosis) = diagnosis else { return Some(format!("{name:20} did not end")) };
                let first = diagnosis.first().map_or("", |f| f.code());
                let status = diagnosis.status.map_or_else(|| "-".to_owned(), |s| s.to_string());
                let got = codes(&diagnosis);
                (first != expected).then(|| format!("{name:20} {expected:30} {status:4} {got}"))
            })
        })
        .collect();
    let mut wrong = Vec::new();
    for task in tasks {
        wrong.extend(task.await.unwrap_or_else(|e| Some(format!("{e}"))));
    }
    wrong
}

#[tokio::test(flavor = "multi_thread")]
async fn every_fault_met_live_is_found_out_first() {
    for (name, _) in OTHERWISE {
        assert!(faults().iter().any(|f| f.name == *name), "there is no fault `{name}`");
    }
    let cases: Vec<_> = faults().iter().map(|f| (f.name, way(f.name), f.code)).collect();
    let count = cases.len();
    let wrong = all(cases).await;
    assert!(wrong.is_empty(), "{} of {count} are not found first:\n{}", wrong.len(), wrong.join("\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_healthy_server_is_not_accused_whatever_its_dialect() {
    let mut cases: Vec<_> = modifiers().iter().map(|m| (m.name, Meet::ListTls, "")).collect();
    for way in [Meet::List, Meet::Create, Meet::Read, Meet::Patch, Meet::Login, Meet::Twice] {
        cases.push(("gzip", way, ""));
    }
    let wrong = all(cases).await;
    assert!(wrong.is_empty(), "accused without reason:\n{}", wrong.join("\n"));
}
