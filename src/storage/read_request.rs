//! One request file to model, and the parts it shares with folders: rows and auth.

use super::source::Source;
use super::typed::Typed;
use crate::model::auth::{Auth, KeyPlace};
use crate::model::check::{Capture, Check, Operator, Selector};
use crate::model::problem::Problem;
use crate::model::request::{Body, Part, PartContent, Request, RequestOptions, Row};
use crate::model::value::Value;
use serde_json::Value as Json;
use toml_edit::{Item, TableLike};

/// Reads a request; `stem` stands for a missing name.
pub fn request(source: &Source, stem: &str) -> Result<Request, Problem> {
    let document = source.parse()?;
    let root: &dyn TableLike = document.as_table();
    let t = Typed { source, noun: "request" };
    let method = t.text(root, "method")?.unwrap_or_else(|| "GET".to_owned());
    if method.is_empty() || !method.bytes().all(is_token) {
        let item = root.get("method").cloned().unwrap_or_default();
        return Err(t.odd(
            &item,
            format!("`method` is `{}`, expected a word like GET", method.escape_debug()),
            "write `method = \"GET\"`",
        ));
    }
    Ok(Request {
        name: t.text(root, "name")?.unwrap_or_else(|| stem.to_owned()),
        method,
        url: t.required(root, "url", 0)?,
        params: rows(&t, root, "params")?,
        headers: rows(&t, root, "headers")?,
        auth: auth(&t, root)?,
        body: body(&t, root)?,
        variables: t.variables(root)?,
        captures: captures(&t, root)?,
        checks: checks(&t, root)?,
        docs: t.text_or_empty(root, "docs")?,
        tags: t.texts(root, "tags")?,
        options: options(&t, root)?,
    })
}

fn is_token(b: u8) -> bool {
    b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b)
}

/// Rows `{ name, value, enabled }`.
pub fn rows(t: &Typed<'_>, table: &dyn TableLike, key: &str) -> Result<Vec<Row>, Problem> {
    let mut out = Vec::new();
    for item in t.tables(table, key)? {
        let Some(row) = item.as_table_like() else { continue };
        let at = item.span().map_or(0, |s| s.start);
        let value = match row.get("value") {
            None => String::new(),
            Some(v) => match t.value(v, "value")? {
                Value::Text(text) => text,
                Value::Secret(_) => {
                    return Err(t.odd(
                        v,
                        "a row cannot hold a secret reference",
                        "make it a variable of the environment and write `{{name}}` here",
                    ));
                }
            },
        };
        out.push(Row { name: t.required(row, "name", at)?, value, enabled: t.flag(row, "enabled", true)? });
    }
    Ok(out)
}

/// `auth`: absent, a profile's name, `"none"`, or a table.
pub fn auth(t: &Typed<'_>, table: &dyn TableLike) -> Result<Auth, Problem> {
    const HINT: &str = "write a profile's name, \"none\", or a table like `{ kind = \"basic\", username = \"…\", password = \"{{…}}\" }`";
    let Some(item) = table.get("auth") else { return Ok(Auth::Inherit) };
    if let Some(name) = item.as_str() {
        return Ok(match name {
            "none" => Auth::None,
            "" | "inherit" => Auth::Inherit,
            name => Auth::Profile(name.to_owned()),
        });
    }
    let Some(fields) = item.as_table_like() else {
        return Err(t.wrong(item, "auth", "a profile's name or a table", HINT));
    };
    let at = item.span().map_or(0, |s| s.start);
    match t.required(fields, "kind", at)?.as_str() {
        "none" => Ok(Auth::None),
        "inherit" => Ok(Auth::Inherit),
        "basic" => Ok(Auth::Basic {
            username: t.text_or_empty(fields, "username")?,
            password: t.value_of(fields, "password")?,
        }),
        "bearer" => Ok(Auth::Bearer { token: t.value_of(fields, "token")? }),
        "api_key" => Ok(Auth::ApiKey {
            name: t.required(fields, "name", at)?,
            value: t.value_of(fields, "value")?,
            place: match t.text(fields, "in")?.as_deref() {
                None | Some("header") => KeyPlace::Header,
                Some("query") => KeyPlace::Query,
                Some(other) => {
                    let place = fields.get("in").cloned().unwrap_or_default();
                    return Err(t.odd(
                        &place,
                        format!("`in` is `{}`, expected header or query", other.escape_debug()),
                        "write `in = \"header\"`",
                    ));
                }
            },
        }),
        "oauth2" => Ok(Auth::Profile(t.required(fields, "profile", at)?)),
        other => {
            let kind = fields.get("kind").cloned().unwrap_or_default();
            Err(t.odd(
                &kind,
                format!("`kind` is `{}`, expected basic, bearer or api_key", other.escape_debug()),
                HINT,
            ))
        }
    }
}

fn body(t: &Typed<'_>, root: &dyn TableLike) -> Result<Body, Problem> {
    const KINDS: [&str; 7] = ["json", "text", "xml", "form", "multipart", "file", "graphql"];
    let Some(table) = t.table(root, "body")? else { return Ok(Body::None) };
    let present: Vec<&str> = KINDS.into_iter().filter(|k| table.contains_key(k)).collect();
    let kind = match present.as_slice() {
        [] => return Ok(Body::None),
        [one] => *one,
        [_, second, ..] => {
            let item = table.get(second).cloned().unwrap_or_default();
            return Err(t.odd(
                &item,
                format!("`[body]` has {}, expected exactly one", present.join(" and ")),
                "delete all but one",
            ));
        }
    };
    Ok(match kind {
        "json" => Body::Json(t.text_or_empty(table, kind)?),
        "text" => Body::Text(t.text_or_empty(table, kind)?),
        "xml" => Body::Xml(t.text_or_empty(table, kind)?),
        "file" => Body::File(t.text_or_empty(table, kind)?),
        "form" => Body::Form(rows(t, table, kind)?),
        "multipart" => Body::Multipart(parts(t, table)?),
        _ => match t.table(table, kind)? {
            Some(fields) => Body::Graphql {
                query: t.text_or_empty(fields, "query")?,
                variables: t.text_or_empty(fields, "variables")?,
            },
            None => Body::None,
        },
    })
}

fn parts(t: &Typed<'_>, table: &dyn TableLike) -> Result<Vec<Part>, Problem> {
    let mut out = Vec::new();
    for item in t.tables(table, "multipart")? {
        let Some(row) = item.as_table_like() else { continue };
        let at = item.span().map_or(0, |s| s.start);
        let content = match (t.text(row, "value")?, t.text(row, "file")?) {
            (Some(_), Some(_)) => {
                return Err(t.odd(&item, "a part has `value` and `file`", "delete one of the two"));
            }
            (None, Some(file)) => PartContent::File(file),
            (value, None) => PartContent::Text(value.unwrap_or_default()),
        };
        out.push(Part {
            name: t.required(row, "name", at)?,
            content,
            content_type: t.text(row, "content_type")?,
            enabled: t.flag(row, "enabled", true)?,
        });
    }
    Ok(out)
}

fn captures(t: &Typed<'_>, root: &dyn TableLike) -> Result<Vec<Capture>, Problem> {
    const HINT: &str = "write `name = { json = \"$.path\" }` or `{ header = \"etag\" }`";
    let Some(table) = t.table(root, "capture")? else { return Ok(Vec::new()) };
    let mut out = Vec::new();
    for (variable, item) in table.iter() {
        let Some(fields) = item.as_table_like() else {
            return Err(t.wrong(item, variable, "a table with one selector", HINT));
        };
        let Some((selector, _)) = selector(t, fields, item, HINT)? else {
            return Err(t.odd(item, format!("`{variable}` says not where from"), HINT));
        };
        out.push(Capture { variable: variable.to_owned(), selector });
    }
    Ok(out)
}

/// The one selector of a table, with the item it stands in.
fn selector<'i>(
    t: &Typed<'_>,
    fields: &'i dyn TableLike,
    whole: &Item,
    hint: &str,
) -> Result<Option<(Selector, &'i Item)>, Problem> {
    const KEYS: [&str; 6] = ["status", "header", "json", "text", "duration", "size"];
    let mut found = None;
    for key in KEYS {
        let Some(item) = fields.get(key) else { continue };
        if found.is_some() {
            return Err(t.odd(
                whole,
                "there is more than one selector, expected one of status, header, json, text, duration, size",
                hint,
            ));
        }
        let selector = match key {
            "status" => Selector::Status,
            "text" => Selector::Text,
            "duration" => Selector::Duration,
            "size" => Selector::Size,
            "header" => Selector::Header(t.text_or_empty(fields, key)?),
            _ => Selector::Json(t.text_or_empty(fields, key)?),
        };
        found = Some((selector, item));
    }
    Ok(found)
}

fn checks(t: &Typed<'_>, root: &dyn TableLike) -> Result<Vec<Check>, Problem> {
    const HINT: &str = "write `status = 201`, or `json = \"$.path\"` with `equals = …`";
    let mut out = Vec::new();
    for item in t.tables(root, "check")? {
        let Some(fields) = item.as_table_like() else { continue };
        let Some((selector, selected)) = selector(t, fields, &item, HINT)? else {
            return Err(t.odd(
                &item,
                "the check has no selector, expected one of status, header, json, text, duration, size",
                HINT,
            ));
        };
        let stated = operator(t, fields, &item)?;
        let whole = !matches!(selector, Selector::Header(_) | Selector::Json(_));
        let operator = match stated {
            Some(operator) => {
                // `status = true` with an operator; a number there as well would be a second operator.
                if whole && selected.as_bool() != Some(true) {
                    return Err(t.wrong(selected, selector.key(), "true beside an operator", HINT));
                }
                operator
            }
            None if whole && selected.as_bool().is_none() => Operator::Equals(t.json(selected)?),
            None => Operator::Exists(true),
        };
        out.push(Check { name: t.text(fields, "name")?, selector, operator });
    }
    Ok(out)
}

fn operator(t: &Typed<'_>, fields: &dyn TableLike, whole: &Item) -> Result<Option<Operator>, Problem> {
    const KEYS: [&str; 10] =
        ["equals", "not", "contains", "matches", "exists", "greater", "less", "one_of", "type", "length"];
    let mut found = None;
    for key in KEYS {
        let Some(item) = fields.get(key) else { continue };
        if found.is_some() {
            return Err(t.odd(
                whole,
                "the check has more than one operator",
                "make a `[[check]]` of its own for each",
            ));
        }
        found = Some(match key {
            "equals" => Operator::Equals(t.json(item)?),
            "not" => Operator::Not(t.json(item)?),
            "contains" => Operator::Contains(t.json(item)?),
            "greater" => Operator::Greater(t.json(item)?),
            "less" => Operator::Less(t.json(item)?),
            "matches" => Operator::Matches(t.text_or_empty(fields, key)?),
            "type" => Operator::Type(t.text_or_empty(fields, key)?),
            "exists" => Operator::Exists(t.flag(fields, key, true)?),
            "one_of" => match t.json(item)? {
                Json::Array(list) => Operator::OneOf(list),
                _ => return Err(t.wrong(item, key, "a list", "write `one_of = [200, 201]`")),
            },
            _ => Operator::Length(
                item.as_integer()
                    .and_then(|n| u64::try_from(n).ok())
                    .ok_or_else(|| t.wrong(item, key, "a whole number from 0", "write `length = 3`"))?,
            ),
        });
    }
    Ok(found)
}

fn options(t: &Typed<'_>, root: &dyn TableLike) -> Result<RequestOptions, Problem> {
    let Some(table) = t.table(root, "request")? else { return Ok(RequestOptions::default()) };
    let timeout_ms = match table.get("timeout") {
        None => None,
        Some(item) => {
            let hint = "write seconds: `timeout = 30` or `timeout = 2.5`";
            let seconds = item.as_float().or_else(|| item.as_integer().map(|n| n as f64));
            let seconds = seconds.ok_or_else(|| t.wrong(item, "timeout", "a number of seconds", hint))?;
            if !(0.001..=86_400_000.0).contains(&seconds) {
                return Err(t.odd(item, "`timeout` is outside what is possible", hint));
            }
            Some((seconds * 1000.0).round() as u64)
        }
    };
    let redirects = match table.get("redirects") {
        None => None,
        Some(item) => Some(item.as_integer().and_then(|n| u32::try_from(n).ok()).ok_or_else(|| {
            t.wrong(item, "redirects", "a whole number from 0", "write `redirects = 0` to follow none")
        })?),
    };
    let http_version = t.text(table, "http_version")?;
    if let Some(version) = &http_version
        && version != "1.1"
        && version != "2"
    {
        let item = table.get("http_version").cloned().unwrap_or_default();
        return Err(t.odd(
            &item,
            format!("`http_version` is `{}`, expected 1.1 or 2", version.escape_debug()),
            "write `http_version = \"1.1\"`",
        ));
    }
    Ok(RequestOptions { timeout_ms, redirects, http_version })
}
