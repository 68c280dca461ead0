//! Reading a response body: wire bytes counted, content codings undone, what came kept.

use super::error;
use super::spool::Sink;
use crate::model::exchange::{Failure, FailureKind};
use crate::model::progress::{Phase, ProgressSink};
use async_compression::tokio::bufread::{
    BrotliDecoder, DeflateDecoder, GzipDecoder, ZlibDecoder, ZstdDecoder,
};
use bytes::Bytes;
use futures_util::Stream;
use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};
use tokio::io::{AsyncBufRead, AsyncBufReadExt, AsyncRead, AsyncReadExt, BufReader, ReadBuf};

/// Decoded bytes past which an extreme growth is taken for an attack …
const BOMB_SIZE: u64 = 256 << 20;
/// … if they are this many times the bytes received. JSON that repeats itself reaches about 100.
const BOMB_RATIO: u64 = 250;
const PIECE: usize = 32 * 1024;
/// After so many bytes without waiting others get their turn, cancelling among them.
const TURN: u64 = 1 << 20;
const MAX_CODINGS: usize = 5;
const PROGRESS_EVERY: Duration = Duration::from_millis(100);

/// What is shared between the reader and whoever asks while it runs.
#[derive(Debug, Default)]
pub(super) struct Wire {
    got: AtomicU64,
    error: Mutex<Option<Failure>>,
}

impl Wire {
    /// Bytes received so far, transfer coding removed.
    pub fn got(&self) -> u64 {
        self.got.load(Ordering::Relaxed)
    }
}

/// Why a body is not whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Broken {
    /// What is wrong with what is shown.
    pub why: String,
    /// Set unless the body is whole and only shown undecoded.
    pub failure: Option<Failure>,
}

impl Broken {
    fn failed(kind: FailureKind, text: String) -> Self {
        Self { why: text.clone(), failure: Some(Failure { kind, text }) }
    }
}

/// The content codings of a response, outermost last as the header has them.
pub(super) fn codings(headers: &http::HeaderMap) -> Vec<String> {
    headers
        .get_all(http::header::CONTENT_ENCODING)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(|name| name.trim().to_ascii_lowercase())
        .filter(|name| !name.is_empty() && name != "identity")
        .collect()
}

/// Reads everything into `sink`.
pub(super) async fn read(
    response: reqwest::Response,
    codings: &[String],
    sink: &mut Sink,
    wire: &Arc<Wire>,
    progress: ProgressSink<'_>,
) -> Result<(), Broken> {
    let total = response.content_length();
    let mut meter = Meter { wire: wire.clone(), progress, total, told: None, turn: 0 };
    let known = codings.len() <= MAX_CODINGS && codings.iter().all(|name| is_known(name));
    if codings.is_empty() || !known {
        if let Some(total) = total {
            sink.expect_len(total);
        }
        plain(response, sink, &mut meter).await?;
        return if codings.is_empty() || sink.len() == 0 {
            Ok(())
        } else {
            let why = format!(
                "the content coding `{}` is not known; the body is shown as received",
                codings.join(", ")
            );
            Err(Broken { why, failure: None })
        };
    }
    decoded(response, codings, sink, &mut meter).await
}

struct Meter<'a> {
    wire: Arc<Wire>,
    progress: ProgressSink<'a>,
    total: Option<u64>,
    told: Option<Instant>,
    turn: u64,
}

impl Meter<'_> {
    async fn tick(&mut self, bytes: usize) {
        if self.told.is_none_or(|at| at.elapsed() >= PROGRESS_EVERY) {
            self.told = Some(Instant::now());
            (self.progress)(Phase::Receiving { got: self.wire.got(), total: self.total });
        }
        self.turn += bytes as u64;
        if self.turn >= TURN {
            self.turn = 0;
            tokio::task::yield_now().await;
        }
    }
}

async fn plain(
    mut response: reqwest::Response,
    sink: &mut Sink,
    meter: &mut Meter<'_>,
) -> Result<(), Broken> {
    loop {
        match response.chunk().await {
            Ok(Some(chunk)) => {
                meter.wire.got.fetch_add(chunk.len() as u64, Ordering::Relaxed);
                sink.push(&chunk).map_err(cannot_spool)?;
                if let Some(most) = sink.over() {
                    return Err(Broken::failed(FailureKind::Answer, too_large(most)));
                }
                meter.tick(chunk.len()).await;
            }
            Ok(None) => return Ok(()),
            Err(error) => {
                let failure = error::body(&error);
                return Err(Broken { why: failure.text.clone(), failure: Some(failure) });
            }
        }
    }
}

async fn decoded(
    response: reqwest::Response,
    codings: &[String],
    sink: &mut Sink,
    meter: &mut Meter<'_>,
) -> Result<(), Broken> {
    let wire = meter.wire.clone();
    let mut reader: Reader = Box::pin(WireReader {
        stream: Box::pin(response.bytes_stream()),
        current: Bytes::new(),
        wire: wire.clone(),
    });
    let names = codings.join(", ");
    let outcome = async {
        // An empty body (HEAD, 304) is not a broken one.
        if reader.fill_buf().await?.is_empty() {
            return Ok(());
        }
        for name in codings.iter().rev() {
            reader = undo(reader, name).await?;
        }
        let mut piece = vec![0; PIECE];
        loop {
            let n = reader.read(&mut piece).await?;
            if n == 0 {
                return Ok(());
            }
            sink.push(&piece[..n]).map_err(|e| io::Error::other(SpoolError(e)))?;
            if let Some(most) = sink.over() {
                return Err(io::Error::other(TooLarge(most)));
            }
            if sink.len() > BOMB_SIZE && sink.len() / wire.got().max(1) > BOMB_RATIO {
                return Err(io::Error::other(Bomb));
            }
            meter.tick(n).await;
        }
    }
    .await;
    let Err(error) = outcome else { return Ok(()) };
    if let Some(failure) = wire.error.lock().unwrap_or_else(PoisonError::into_inner).take() {
        return Err(Broken { why: failure.text.clone(), failure: Some(failure) });
    }
    let inner = error.get_ref();
    if let Some(TooLarge(most)) = inner.and_then(|e| e.downcast_ref::<TooLarge>()) {
        return Err(Broken::failed(FailureKind::Answer, too_large(*most)));
    }
    if inner.is_some_and(|e| e.is::<Bomb>()) {
        let (from, to) = (wire.got(), sink.len());
        let text =
            format!("{from} bytes grew to {to} when decoded, more than {BOMB_RATIO} times; stopped there");
        return Err(Broken::failed(FailureKind::Answer, text));
    }
    if let Some(SpoolError(error)) = inner.and_then(|e| e.downcast_ref::<SpoolError>()) {
        return Err(cannot_spool(io::Error::new(error.kind(), error.to_string())));
    }
    Err(if error.kind() == io::ErrorKind::UnexpectedEof {
        Broken::failed(FailureKind::Reset, format!("the body ended early: its `{names}` data is cut off"))
    } else {
        Broken::failed(FailureKind::Answer, format!("the body is not valid `{names}` data: {error}"))
    })
}

type Reader = Pin<Box<dyn AsyncBufRead + Send>>;

fn is_known(name: &str) -> bool {
    matches!(name, "gzip" | "x-gzip" | "deflate" | "br" | "zstd")
}

async fn undo(mut inner: Reader, name: &str) -> io::Result<Reader> {
    fn buffered(reader: impl AsyncRead + Send + 'static) -> Reader {
        Box::pin(BufReader::with_capacity(PIECE, reader))
    }
    Ok(match name {
        "br" => buffered(BrotliDecoder::new(inner)),
        "zstd" => {
            let mut decoder = ZstdDecoder::new(inner);
            decoder.multiple_members(true);
            buffered(decoder)
        }
        "deflate" => {
            // RFC 9110 8.4.1.2: "deflate" is zlib, but some servers send it bare.
            let head = inner.fill_buf().await?;
            let zlib = match head {
                [a, b, ..] => a & 0x0f == 8 && (u16::from(*a) << 8 | u16::from(*b)) % 31 == 0,
                _ => true,
            };
            if zlib { buffered(ZlibDecoder::new(inner)) } else { buffered(DeflateDecoder::new(inner)) }
        }
        _ => {
            let mut decoder = GzipDecoder::new(inner);
            decoder.multiple_members(true);
            buffered(decoder)
        }
    })
}

fn cannot_spool(error: io::Error) -> Broken {
    Broken::failed(FailureKind::Local, format!("the body could not be kept in a temporary file: {error}"))
}

fn too_large(most: u64) -> String {
    format!("the answer is larger than the {} KiB allowed here; stopped there", most / 1024)
}

#[derive(Debug, thiserror::Error)]
#[error("larger than {0} bytes")]
struct TooLarge(u64);

#[derive(Debug, thiserror::Error)]
#[error("grows without end")]
struct Bomb;

#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct SpoolError(io::Error);

/// The bytes off the wire as a reader that counts.
struct WireReader<S> {
    stream: Pin<Box<S>>,
    current: Bytes,
    wire: Arc<Wire>,
}

impl<S: Stream<Item = reqwest::Result<Bytes>>> AsyncBufRead for WireReader<S> {
    fn poll_fill_buf(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<&[u8]>> {
        let this = self.get_mut();
        while this.current.is_empty() {
            match ready!(this.stream.as_mut().poll_next(cx)) {
                Some(Ok(chunk)) => {
                    this.wire.got.fetch_add(chunk.len() as u64, Ordering::Relaxed);
                    this.current = chunk;
                }
                Some(Err(error)) => {
                    *this.wire.error.lock().unwrap_or_else(PoisonError::into_inner) =
                        Some(error::body(&error));
                    return Poll::Ready(Err(io::ErrorKind::ConnectionReset.into()));
                }
                None => break,
            }
        }
        Poll::Ready(Ok(&this.current))
    }

    fn consume(mut self: Pin<&mut Self>, amount: usize) {
        let amount = amount.min(self.current.len());
        let _ = self.current.split_to(amount);
    }
}

impl<S: Stream<Item = reqwest::Result<Bytes>>> AsyncRead for WireReader<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let available = ready!(self.as_mut().poll_fill_buf(cx))?;
        let n = available.len().min(buf.remaining());
        buf.put_slice(&available[..n]);
        self.consume(n);
        Poll::Ready(Ok(()))
    }
}
