//! The listener against whatever may come along on a shared machine.

use super::*;
use crate::model::secret::Secret;
use std::sync::Mutex;
use std::time::Instant;
use tokio::task::JoinHandle;

const STATE: &str = "the-state-of-this-login";

struct Waiting {
    port: u16,
    notes: Arc<Mutex<Vec<String>>>,
    end: JoinHandle<Callback>,
}

async fn waiting() -> Waiting {
    let expected =
        Expected { state: Secret::new(STATE), issuer: Some("https://as.test".into()), iss_required: true };
    let listener = open("").await.listener.unwrap();
    let (port, notes) = (listener.port, Arc::new(Mutex::new(Vec::new())));
    let kept = Arc::clone(&notes);
    let end =
        tokio::spawn(
            async move { listener.wait(&expected, &move |why| kept.lock().unwrap().push(why)).await },
        );
    Waiting { port, notes, end }
}

impl Waiting {
    async fn say(&self, text: &str) -> String {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).await.unwrap();
        let _ = stream.write_all(text.as_bytes()).await;
        let mut bytes = Vec::new();
        let _ = stream.read_to_end(&mut bytes).await;
        String::from_utf8_lossy(&bytes).into_owned()
    }

    async fn get(&self, target: &str) -> String {
        self.say(&format!("GET {target} HTTP/1.1\r\nHost: 127.0.0.1:{}\r\n\r\n", self.port)).await
    }

    async fn right(&self) -> String {
        self.get(&format!("/callback?code=good&state={STATE}&iss=https%3A%2F%2Fas.test")).await
    }

    /// Nothing so far ended the wait; the right callback does.
    async fn ends_with_the_right_one(self) {
        assert!(!self.end.is_finished());
        assert!(self.right().await.starts_with("HTTP/1.1 200"));
        assert_eq!(self.end.await.unwrap(), Callback::Code(Secret::new("good")));
    }
}

#[tokio::test]
async fn no_forged_callback_ends_the_wait_or_is_believed() {
    let w = waiting().await;
    let iss = "iss=https%3A%2F%2Fas.test";
    for query in [
        "code=evil&state=wrong".to_owned(),
        "code=evil".to_owned(),
        format!("code=evil&state={STATE}&state={STATE}&{iss}"),
        format!("code=evil&code=evil2&state={STATE}&{iss}"),
        format!("code=evil&state={STATE}"),
        format!("code=evil&state={STATE}&iss=https%3A%2F%2Fevil.test"),
        format!("code=evil&state={STATE}&{iss}&{iss}"),
        format!("state={STATE}&{iss}"),
        format!("code=&state={STATE}&{iss}"),
        "error=access_denied".to_owned(),
        "error=access_denied&state=wrong".to_owned(),
        String::new(),
    ] {
        let page = w.get(&format!("/callback?{query}")).await;
        assert!(page.starts_with("HTTP/1.1 400") && !page.contains("evil"), "{query}: {page}");
    }
    w.ends_with_the_right_one().await;
}

#[tokio::test]
async fn what_a_browser_would_not_send_after_a_redirect_is_turned_away() {
    let w = waiting().await;
    let port = w.port;
    let right = format!("/callback?code=evil&state={STATE}&iss=https%3A%2F%2Fas.test");
    let host = format!("Host: 127.0.0.1:{port}\r\n");
    for (text, status) in [
        (format!("GET {right} HTTP/1.1\r\nHost: evil.example\r\n\r\n"), 421),
        (format!("GET {right} HTTP/1.1\r\nHost: evil.example:{port}\r\n\r\n"), 421),
        (format!("GET {right} HTTP/1.1\r\n{host}Origin: https://evil.example\r\n\r\n"), 403),
        (format!("HEAD {right} HTTP/1.1\r\n{host}\r\n"), 405),
        (format!("POST /callback HTTP/1.1\r\n{host}Content-Length: 4\r\n\r\nx=1\n"), 405),
        (format!("GET /favicon.ico HTTP/1.1\r\n{host}\r\n"), 404),
        (format!("GET /other{right} HTTP/1.1\r\n{host}\r\n"), 404),
        (format!("GET {right} HTTP/1.1\r\n\r\n"), 400),
        ("\x16\x03\x01\x02\x00\x01\r\n\r\n".to_owned(), 400),
    ] {
        let page = w.say(&text).await;
        assert!(page.starts_with(&format!("HTTP/1.1 {status}")), "{text}: {page}");
    }
    assert_eq!(w.say(&format!("HEAD / HTTP/1.1\r\n{host}\r\n")).await.split("\r\n\r\n").nth(1), Some(""));
    w.ends_with_the_right_one().await;
}

#[tokio::test]
async fn a_megabyte_of_query_is_not_read() {
    let w = waiting().await;
    let page = w.get(&format!("/callback?code={}", "x".repeat(1 << 20))).await;
    assert!(page.is_empty() || page.starts_with("HTTP/1.1 431"), "{}", &page[..page.len().min(80)]);
    let page = w.get(&format!("/callback?code={}", "x".repeat(LARGEST_HEAD))).await;
    assert!(page.starts_with("HTTP/1.1 431"), "{page}");
    w.ends_with_the_right_one().await;
}

#[tokio::test]
async fn connections_that_say_nothing_do_not_keep_the_browser_out() {
    let w = waiting().await;
    let mut silent = Vec::new();
    for _ in 0..100 {
        silent.push(TcpStream::connect(("127.0.0.1", w.port)).await.unwrap());
    }
    let begun = Instant::now();
    w.ends_with_the_right_one().await;
    assert!(begun.elapsed() < Duration::from_secs(2), "{:?}", begun.elapsed());
}

#[tokio::test]
async fn a_flood_is_answered_and_the_right_callback_in_the_midst_of_it_is_found() {
    let w = waiting().await;
    let (port, right) = (w.port, format!("/callback?code=good&state={STATE}&iss=https%3A%2F%2Fas.test"));
    let one = async move |target: &str| {
        // Whom the listener has no room for is cut off.
        let Ok(mut stream) = TcpStream::connect(("127.0.0.1", port)).await else { return String::new() };
        let text = format!("GET {target} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n");
        let _ = stream.write_all(text.as_bytes()).await;
        let mut bytes = Vec::new();
        let _ = stream.read_to_end(&mut bytes).await;
        String::from_utf8_lossy(&bytes).into_owned()
    };
    let strangers = (0..50).map(|_| async {
        let mut turned_away = 0;
        for _ in 0..80 {
            turned_away +=
                usize::from(one("/callback?code=evil&state=wrong").await.starts_with("HTTP/1.1 400"));
        }
        turned_away
    });
    let browser = async {
        while w.notes.lock().unwrap().len() < 1000 {
            tokio::task::yield_now().await;
        }
        one(&right).await
    };
    let (turned_away, page) = tokio::join!(futures_util::future::join_all(strangers), browser);
    assert!(page.starts_with("HTTP/1.1 200"), "{page}");
    assert!(turned_away.iter().sum::<usize>() >= 1000);
    assert_eq!(w.end.await.unwrap(), Callback::Code(Secret::new("good")));
}

#[tokio::test]
async fn after_the_answer_nothing_listens_and_a_second_callback_finds_nobody() {
    let w = waiting().await;
    let port = w.port;
    w.ends_with_the_right_one().await;
    assert!(TcpStream::connect(("127.0.0.1", port)).await.is_err());
}

#[tokio::test]
async fn only_loopback_is_listened_on_and_only_for_http() {
    let own = open("").await.listener.unwrap();
    assert!(own.socket.local_addr().unwrap().ip().is_loopback());
    for elsewhere in
        ["https://app.test/cb", "http://192.0.2.1/cb", "http://0.0.0.0:80/cb", "com.app:/cb", "nonsense"]
    {
        let home = open(elsewhere).await;
        assert!(home.listener.is_none() && home.redirect_uri == elsewhere, "{elsewhere}");
    }
    let secure = open("https://localhost:9/cb").await;
    assert!(secure.listener.is_none() && secure.note.is_some());
    let free = open("http://localhost/cb").await;
    let port = free.listener.as_ref().unwrap().port;
    assert_eq!(free.redirect_uri, format!("http://localhost:{port}/cb"));
}
