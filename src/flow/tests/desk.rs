//! A person for tests: sees the news of a login, pastes, and has a browser.

use super::*;
use crate::flow::login::{LoginDesk, LoginId, LoginNews, Roads};
use std::future::Future;
use std::pin::Pin;
use tokio::net::TcpStream;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

pub(super) struct Desk {
    pub news: Mutex<Vec<LoginNews>>,
    told: UnboundedSender<Roads>,
    roads: tokio::sync::Mutex<UnboundedReceiver<Roads>>,
    paste: UnboundedSender<String>,
    pastes: tokio::sync::Mutex<UnboundedReceiver<String>>,
}

impl Desk {
    pub fn at(session: &Session) -> Arc<Desk> {
        let ((told, roads), (paste, pastes)) = (unbounded_channel(), unbounded_channel());
        let (roads, pastes) = (tokio::sync::Mutex::new(roads), tokio::sync::Mutex::new(pastes));
        let desk = Arc::new(Desk { news: Mutex::default(), told, roads, paste, pastes });
        session.set_desk(Arc::clone(&desk) as Arc<dyn LoginDesk>);
        desk
    }

    /// The next roads told.
    pub async fn roads(&self) -> Roads {
        self.roads.lock().await.recv().await.unwrap()
    }

    pub fn paste(&self, text: impl Into<String>) {
        self.paste.send(text.into()).unwrap();
    }

    pub fn notes(&self) -> Vec<String> {
        let news = self.news.lock().unwrap();
        news.iter()
            .filter_map(|n| if let LoginNews::Note(text) = n { Some(text.clone()) } else { None })
            .collect()
    }

    pub fn overs(&self) -> usize {
        self.news.lock().unwrap().iter().filter(|n| **n == LoginNews::Over).count()
    }
}

impl LoginDesk for Desk {
    fn tell(&self, _: LoginId, news: LoginNews) {
        if let LoginNews::Waiting(roads) = &news {
            let _ = self.told.send(roads.clone());
        }
        self.news.lock().unwrap().push(news);
    }

    fn pasted(&self, _: LoginId) -> Pin<Box<dyn Future<Output = Secret> + Send + '_>> {
        Box::pin(async move { Secret::new(self.pastes.lock().await.recv().await.unwrap()) })
    }
}

/// A parameter of the authorization URL.
pub(super) fn parameter(roads: &Roads, name: &str) -> Option<String> {
    let url = url::Url::parse(roads.url.as_ref()?).unwrap();
    url.query_pairs().find(|(n, _)| n == name).map(|(_, v)| v.into_owned())
}

/// The state of a login.
pub(super) fn state(roads: &Roads) -> String {
    parameter(roads, "state").unwrap()
}

/// What a browser gets at the listener; empty when it cannot connect.
pub(super) async fn browse(port: u16, target: &str) -> String {
    speak(port, &format!("GET {target} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAccept: text/html\r\n\r\n"))
        .await
}

/// Says something to the listener.
pub(super) async fn speak(port: u16, text: &str) -> String {
    let Ok(mut stream) = TcpStream::connect(("127.0.0.1", port)).await else { return String::new() };
    let _ = stream.write_all(text.as_bytes()).await;
    let mut bytes = Vec::new();
    let _ = stream.read_to_end(&mut bytes).await;
    String::from_utf8_lossy(&bytes).into_owned()
}

/// A profile of the authorization code grant, at this server.
pub(super) fn login_plan(base: &str) -> TokenPlan {
    let mut plan = token_plan(base);
    plan.profile.grant = crate::model::profile::Grant::AuthorizationCode;
    plan.profile.authorization_url = "{{base_url}}/authorize".into();
    plan.profile.client_auth = ClientAuth::None;
    plan
}

pub(super) async fn log_in(
    session: &Session,
    plan: &TokenPlan,
) -> Result<crate::model::token::Token, TokenFailure> {
    obtain_token(session, plan, false, &no_progress, &CancellationToken::new()).await
}
