//! Model to fields, in the order a new file has them. What is at its default is left out.

use super::fields::{Field, Shape, json_literal, text_literal, value_shape};
use super::read_parts::FolderFile;
use crate::model::auth::{Auth, KeyPlace};
use crate::model::check::{Check, Operator, Selector};
use crate::model::environment::Environment;
use crate::model::request::{Body, Part, PartContent, Request, RequestOptions, Row};
use crate::model::value::Value;
use indexmap::IndexMap;

pub(super) fn text_if(fields: &mut Vec<Field>, key: &str, text: &str) {
    if !text.is_empty() {
        fields.push(Field::text(key, text));
    }
}

pub(super) fn value_if(fields: &mut Vec<Field>, key: &str, value: &Value) {
    if !value.is_empty() {
        fields.push(Field::value(key, value));
    }
}

pub(super) fn section_if(fields: &mut Vec<Field>, key: &str, inner: Vec<Field>) {
    if !inner.is_empty() {
        fields.push(Field::new(key, Shape::Section(inner)));
    }
}

/// A request's fields.
pub fn request(r: &Request) -> Vec<Field> {
    let mut f =
        vec![Field::text("name", &r.name), Field::text("method", &r.method), Field::text("url", &r.url)];
    auth(&mut f, &r.auth);
    text_if(&mut f, "docs", &r.docs);
    if !r.tags.is_empty() {
        f.push(Field::texts("tags", &r.tags));
    }
    rows(&mut f, "params", &r.params);
    rows(&mut f, "headers", &r.headers);
    section_if(&mut f, "request", options(&r.options));
    section_if(&mut f, "variables", variables(&r.variables));
    section_if(&mut f, "body", body(&r.body));
    let captures = r.captures.iter().map(|c| {
        let (key, literal) = selector(&c.selector);
        Field::new(c.variable.clone(), Shape::Inline(vec![Field::bare(key, literal)]))
    });
    section_if(&mut f, "capture", captures.collect());
    if !r.checks.is_empty() {
        f.push(Field::new("check", Shape::Blocks(r.checks.iter().map(check).collect())));
    }
    f
}

fn rows(fields: &mut Vec<Field>, key: &str, rows: &[Row]) {
    if rows.is_empty() {
        return;
    }
    let list = rows.iter().map(|r| {
        let mut row = vec![Field::text("name", &r.name), Field::text("value", &r.value)];
        if !r.enabled {
            row.push(Field::bare("enabled", "false"));
        }
        Shape::Inline(row)
    });
    fields.push(Field::new(key, Shape::List(list.collect())));
}

fn auth(fields: &mut Vec<Field>, auth: &Auth) {
    match auth {
        Auth::Inherit => {}
        Auth::None => fields.push(Field::text("auth", "none")),
        Auth::Profile(name) => fields.push(Field::text("auth", name)),
        Auth::Basic { username, password } => fields.push(Field::new(
            "auth",
            Shape::Inline(vec![
                Field::text("kind", "basic"),
                Field::text("username", username),
                Field::value("password", password),
            ]),
        )),
        Auth::Bearer { token } => fields.push(Field::new(
            "auth",
            Shape::Inline(vec![Field::text("kind", "bearer"), Field::value("token", token)]),
        )),
        Auth::ApiKey { name, value, place } => {
            let place = match place {
                KeyPlace::Header => "header",
                KeyPlace::Query => "query",
            };
            fields.push(Field::new(
                "auth",
                Shape::Inline(vec![
                    Field::text("kind", "api_key"),
                    Field::text("name", name),
                    Field::value("value", value),
                    Field::text("in", place),
                ]),
            ));
        }
    }
}

fn variables(variables: &IndexMap<String, Value>) -> Vec<Field> {
    variables.iter().map(|(k, v)| Field::new(k.clone(), value_shape(v))).collect()
}

fn body(body: &Body) -> Vec<Field> {
    let mut f = Vec::new();
    match body {
        Body::None => {}
        Body::Json(t) | Body::Text(t) | Body::Xml(t) | Body::File(t) => f.push(Field::text(body.kind(), t)),
        // An empty table still says which kind it is.
        Body::Form(list) if list.is_empty() => f.push(Field::bare("form", "[]")),
        Body::Form(list) => rows(&mut f, "form", list),
        Body::Multipart(parts) if parts.is_empty() => f.push(Field::bare("multipart", "[]")),
        Body::Multipart(parts) => {
            f.push(Field::new("multipart", Shape::List(parts.iter().map(part).collect())));
        }
        Body::Graphql { query, variables } => {
            let mut inner = vec![Field::text("query", query)];
            text_if(&mut inner, "variables", variables);
            f.push(Field::new("graphql", Shape::Section(inner)));
        }
    }
    f
}

fn part(p: &Part) -> Shape {
    let mut row = vec![Field::text("name", &p.name)];
    row.push(match &p.content {
        PartContent::Text(text) => Field::text("value", text),
        PartContent::File(file) => Field::text("file", file),
    });
    if let Some(kind) = &p.content_type {
        row.push(Field::text("content_type", kind));
    }
    if !p.enabled {
        row.push(Field::bare("enabled", "false"));
    }
    Shape::Inline(row)
}

fn options(o: &RequestOptions) -> Vec<Field> {
    let mut f = Vec::new();
    if let Some(ms) = o.timeout_ms {
        let seconds =
            if ms % 1000 == 0 { (ms / 1000).to_string() } else { format!("{:?}", ms as f64 / 1000.0) };
        f.push(Field::bare("timeout", seconds));
    }
    if let Some(n) = o.redirects {
        f.push(Field::bare("redirects", n));
    }
    if let Some(version) = &o.http_version {
        f.push(Field::text("http_version", version));
    }
    f
}

fn selector(s: &Selector) -> (&'static str, String) {
    let literal = match s {
        Selector::Header(text) | Selector::Json(text) => text_literal(text),
        _ => "true".to_owned(),
    };
    (s.key(), literal)
}

fn check(c: &Check) -> Vec<Field> {
    let mut f = Vec::new();
    if let Some(name) = &c.name {
        f.push(Field::text("name", name));
    }
    let (key, literal) = selector(&c.selector);
    match (&c.selector, &c.operator) {
        // `status = 201` is short for equals.
        (Selector::Status | Selector::Duration | Selector::Size, Operator::Equals(v)) if v.is_number() => {
            f.push(Field::bare(key, json_literal(v)));
        }
        (_, operator) => {
            f.push(Field::bare(key, literal));
            f.push(Field::bare(operator.key(), json_literal(&operator.operand())));
        }
    }
    f
}

/// An environment's fields.
pub fn environment(e: &Environment) -> Vec<Field> {
    let mut f = vec![Field::bare("protected", e.protected)];
    section_if(&mut f, "variables", variables(&e.variables));
    let mut network = Vec::new();
    if let Some(proxy) = &e.network.proxy {
        network.push(Field::text("proxy", proxy));
    }
    if let Some(file) = &e.network.ca_file {
        network.push(Field::text("ca_file", file));
    }
    value_if(&mut network, "client_certificate", &e.network.client_certificate);
    value_if(&mut network, "client_key", &e.network.client_key);
    if e.network.insecure {
        network.push(Field::bare("insecure", "true"));
    }
    if !e.network.resolve.is_empty() {
        let rows = e.network.resolve.iter().map(|(host, to)| Field::text(host, to));
        network.push(Field::new("resolve", Shape::Inline(rows.collect())));
    }
    section_if(&mut f, "network", network);
    f
}

/// A folder file's fields.
pub fn folder(file: &FolderFile) -> Vec<Field> {
    let mut f = Vec::new();
    if let Some(name) = &file.name {
        f.push(Field::text("name", name));
    }
    text_if(&mut f, "description", &file.description);
    if let Some(order) = &file.order {
        f.push(Field::texts("order", order));
    }
    auth(&mut f, &file.auth);
    rows(&mut f, "headers", &file.headers);
    section_if(&mut f, "variables", variables(&file.variables));
    f
}
