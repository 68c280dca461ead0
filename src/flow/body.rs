//! The body of a request: rendered at once where it is a text, read from files where it names some.

use super::scope::Scope;
use crate::model::problem::{Problem, ProblemKind};
use crate::model::request::{Body, PartContent};
use crate::template::Place;
use bytes::Bytes;
use std::path::{Path, PathBuf};
use url::form_urlencoded::byte_serialize;

/// A rendered body, files not yet read.
pub(super) struct Draft {
    pub source: Source,
    /// Used unless the request states its own.
    pub content_type: Option<String>,
    pub sensitive: bool,
}

/// Where the bytes come from.
pub(super) enum Source {
    Ready(Bytes),
    File(PathBuf),
    Multipart { boundary: String, parts: Vec<Piece> },
}

/// One part of a multipart body: what stands before its content, and the content.
pub(super) struct Piece {
    head: String,
    content: Content,
}

enum Content {
    Text(String),
    File(PathBuf),
}

/// Renders a body. `boundary` is used for multipart.
pub(super) fn draft(body: &Body, root: &Path, boundary: &str, scope: &Scope<'_>) -> Result<Draft, Problem> {
    let typed = |text: &str, content_type: &str| {
        let text = scope.text(text, Place::Verbatim, "the body");
        // An empty text is no body: a lone Content-Type would make servers look for one.
        let content_type = (!text.text.is_empty()).then(|| content_type.to_owned());
        Draft { source: Source::Ready(Bytes::from(text.text)), content_type, sensitive: text.secret }
    };
    Ok(match body {
        Body::None => Draft { source: Source::Ready(Bytes::new()), content_type: None, sensitive: false },
        Body::Json(text) => typed(text, "application/json"),
        Body::Text(text) => typed(text, "text/plain; charset=utf-8"),
        Body::Xml(text) => typed(text, "application/xml"),
        Body::Form(rows) => {
            let (mut out, mut sensitive) = (String::new(), false);
            for row in rows.iter().filter(|r| r.enabled && !r.name.is_empty()) {
                let name = scope.text(&row.name, Place::Verbatim, "a field of the form");
                let value =
                    scope.text(&row.value, Place::Verbatim, &format!("field `{}` of the form", row.name));
                sensitive |= name.secret || value.secret;
                if !out.is_empty() {
                    out.push('&');
                }
                out.extend(byte_serialize(name.text.as_bytes()));
                out.push('=');
                out.extend(byte_serialize(value.text.as_bytes()));
            }
            Draft {
                source: Source::Ready(Bytes::from(out)),
                content_type: Some("application/x-www-form-urlencoded".to_owned()),
                sensitive,
            }
        }
        Body::File(path) => {
            let path = scope.text(path, Place::Verbatim, "the path of the body's file");
            Draft {
                content_type: Some(media_type(&path.text).to_owned()),
                source: Source::File(root.join(&path.text)),
                sensitive: path.secret,
            }
        }
        Body::Multipart(parts) => {
            let mut sensitive = false;
            let mut pieces = Vec::new();
            for part in parts.iter().filter(|p| p.enabled) {
                let place = format!("part `{}` of the body", part.name);
                let name = scope.text(&part.name, Place::Verbatim, &place);
                let mut head = format!("Content-Disposition: form-data; name=\"{}\"", quoted(&name.text));
                let (content, content_type) = match &part.content {
                    PartContent::Text(text) => {
                        let text = scope.text(text, Place::Verbatim, &place);
                        sensitive |= text.secret;
                        (Content::Text(text.text), part.content_type.clone())
                    }
                    PartContent::File(path) => {
                        let path = root.join(scope.text(path, Place::Verbatim, &place).text);
                        let file =
                            path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
                        head.push_str(&format!("; filename=\"{}\"", quoted(&file)));
                        let stated = part.content_type.clone();
                        (Content::File(path), Some(stated.unwrap_or_else(|| media_type(&file).to_owned())))
                    }
                };
                if let Some(content_type) = content_type {
                    let content_type = scope.text(&content_type, Place::Verbatim, &place).text;
                    head.push_str(&format!("\r\nContent-Type: {}", content_type.replace(['\r', '\n'], " ")));
                }
                sensitive |= name.secret;
                pieces.push(Piece { head, content });
            }
            Draft {
                source: Source::Multipart { boundary: boundary.to_owned(), parts: pieces },
                content_type: Some(format!("multipart/form-data; boundary={boundary}")),
                sensitive,
            }
        }
        Body::Graphql { query, variables } => {
            let query = scope.text(query, Place::Verbatim, "the GraphQL query");
            let variables = scope.text(variables, Place::Verbatim, "the GraphQL variables");
            let mut object = serde_json::Map::new();
            object.insert("query".to_owned(), query.text.into());
            if !variables.text.trim().is_empty() {
                let parsed = serde_json::from_str(&variables.text).map_err(|e| {
                    Problem::new(
                        ProblemKind::Usage,
                        "cannot send the GraphQL query",
                        format!("its variables are no JSON object: {e}"),
                        "correct the variables of the body",
                    )
                });
                // With holes in it the text cannot be read; the holes are the problem then.
                let parsed: serde_json::Map<_, _> = match scope.complete("", "") {
                    Ok(()) => parsed?,
                    Err(_) => parsed.unwrap_or_default(),
                };
                object.insert("variables".to_owned(), parsed.into());
            }
            Draft {
                source: Source::Ready(Bytes::from(serde_json::Value::Object(object).to_string())),
                content_type: Some("application/json".to_owned()),
                sensitive: query.secret || variables.secret,
            }
        }
    })
}

/// A name inside a quoted parameter, as the form-data standard of the web has it.
fn quoted(text: &str) -> String {
    text.replace('"', "%22").replace('\r', "%0D").replace('\n', "%0A")
}

impl Source {
    /// The bytes, files read.
    pub async fn load(self) -> Result<Bytes, Problem> {
        match self {
            Self::Ready(bytes) => Ok(bytes),
            Self::File(path) => read(&path).await.map(Bytes::from),
            Self::Multipart { boundary, parts } => {
                let mut out = Vec::new();
                for part in parts {
                    out.extend_from_slice(format!("--{boundary}\r\n{}\r\n\r\n", part.head).as_bytes());
                    match part.content {
                        Content::Text(text) => out.extend_from_slice(text.as_bytes()),
                        Content::File(path) => out.extend_from_slice(&read(&path).await?),
                    }
                    out.extend_from_slice(b"\r\n");
                }
                out.extend_from_slice(format!("--{boundary}--\r\n").as_bytes());
                Ok(Bytes::from(out))
            }
        }
    }

    /// The bytes as far as they are known without reading a file; a file's place is named instead.
    pub fn preview(self) -> Bytes {
        let named = |path: &Path| format!("<contents of {}>", path.display());
        match self {
            Self::Ready(bytes) => bytes,
            Self::File(path) => Bytes::from(named(&path)),
            Self::Multipart { boundary, parts } => {
                let mut out = String::new();
                for part in parts {
                    let content = match part.content {
                        Content::Text(text) => text,
                        Content::File(path) => named(&path),
                    };
                    out.push_str(&format!("--{boundary}\r\n{}\r\n\r\n{content}\r\n", part.head));
                }
                out.push_str(&format!("--{boundary}--\r\n"));
                Bytes::from(out)
            }
        }
    }
}

async fn read(path: &Path) -> Result<Vec<u8>, Problem> {
    let read = async {
        super::material::regular(path).await?;
        tokio::fs::read(path).await
    };
    read.await.map_err(|e: std::io::Error| {
        Problem::new(
            ProblemKind::File,
            "cannot read a file of the body",
            e.to_string(),
            "correct the path: it counts from the workspace's directory",
        )
        .in_file(path)
    })
}

/// A media type by the name's ending.
fn media_type(name: &str) -> &'static str {
    let ending = Path::new(name).extension().and_then(|e| e.to_str()).unwrap_or("").to_ascii_lowercase();
    match ending.as_str() {
        "json" => "application/json",
        "xml" => "application/xml",
        "txt" | "log" | "md" => "text/plain; charset=utf-8",
        "csv" => "text/csv",
        "html" | "htm" => "text/html",
        "pdf" => "application/pdf",
        "png" => "image/png",
        "jpg" | "jpeg" => "image/jpeg",
        "gif" => "image/gif",
        "svg" => "image/svg+xml",
        "zip" => "application/zip",
        "gz" => "application/gzip",
        _ => "application/octet-stream",
    }
}
