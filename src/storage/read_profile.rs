//! OAuth profiles to model.

use super::source::Source;
use super::typed::Typed;
use crate::model::problem::Problem;
use crate::model::profile::{Assertion, ClientAuth, Exchange, Grant, OauthProfile};
use crate::model::value::Value;
use indexmap::IndexMap;
use toml_edit::{Item, TableLike};

/// Reads `auth/NAME.toml`. Keys this version does not know are left alone.
pub fn profile(source: &Source, name: &str) -> Result<OauthProfile, Problem> {
    let document = source.parse()?;
    let root: &dyn TableLike = document.as_table();
    let t = Typed { source, noun: "OAuth profile" };
    let text = |key: &str| t.text_or_empty(root, key);
    let value = |key: &str| t.value_of(root, key);
    let flag = |key: &str| t.flag(root, key, false);
    let grant = match t.text(root, "grant")? {
        None => Grant::default(),
        Some(word) => Grant::from_key(&word)
            .ok_or_else(|| word_problem(&t, root, "grant", &word, &Grant::ALL.map(Grant::key)))?,
    };
    let client_auth = match t.text(root, "client_auth")? {
        None => ClientAuth::default(),
        Some(word) => ClientAuth::from_key(&word).ok_or_else(|| {
            word_problem(&t, root, "client_auth", &word, &ClientAuth::ALL.map(ClientAuth::key))
        })?,
    };
    let token_in_query = match t.text(root, "token_in")?.as_deref() {
        None | Some("" | "header") => false,
        Some("query") => true,
        Some(word) => return Err(word_problem(&t, root, "token_in", word, &["header", "query"])),
    };
    // A list in the contract; one text, as scopes are often copied, means the same.
    let scope = match root.get("scope").and_then(Item::as_str) {
        Some(one) => one.split_whitespace().map(str::to_owned).collect(),
        None => t.texts(root, "scope")?,
    };
    let resource = match root.get("resource").and_then(Item::as_str) {
        Some("") => Vec::new(),
        Some(one) => vec![one.to_owned()],
        None => t.texts(root, "resource")?,
    };
    let extra = t.table(root, "extra")?;
    let leg = |key: &str| extra.map_or_else(|| Ok(IndexMap::new()), |table| parameters(&t, table, key));
    Ok(OauthProfile {
        name: name.to_owned(),
        grant,
        issuer: text("issuer")?,
        token_url: text("token_url")?,
        authorization_url: text("authorization_url")?,
        device_authorization_url: text("device_authorization_url")?,
        par_url: text("par_url")?,
        revocation_url: text("revocation_url")?,
        introspection_url: text("introspection_url")?,
        userinfo_url: text("userinfo_url")?,
        jwks_url: text("jwks_url")?,
        client_id: text("client_id")?,
        client_secret: value("client_secret")?,
        client_auth,
        key: value("key")?,
        key_id: text("key_id")?,
        algorithm: text("algorithm")?,
        assertion_audience: text("assertion_audience")?,
        certificate: value("certificate")?,
        tls_key: value("tls_key")?,
        dpop: flag("dpop")?,
        par: flag("par")?,
        jar: flag("jar")?,
        use_id_token: flag("use_id_token")?,
        redirect_uri: text("redirect_uri")?,
        scope,
        audience: text("audience")?,
        resource,
        identity: text("identity")?,
        username: text("username")?,
        password: value("password")?,
        grant_type: text("grant_type")?,
        token_in_query,
        assertion: assertion(&t, root)?,
        exchange: exchange(&t, root)?,
        extra_authorization: leg("authorization")?,
        extra_token: leg("token")?,
        extra_refresh: leg("refresh")?,
    })
}

fn assertion(t: &Typed<'_>, root: &dyn TableLike) -> Result<Assertion, Problem> {
    let Some(table) = t.table(root, "assertion")? else { return Ok(Assertion::default()) };
    let claims = match t.table(table, "claims")? {
        Some(claims) => t.json_map(claims)?,
        None => serde_json::Map::new(),
    };
    let lifetime = match table.get("lifetime") {
        None => 0,
        Some(item) => item.as_integer().and_then(|n| u64::try_from(n).ok()).ok_or_else(|| {
            let expected = "a whole number of seconds";
            let next = "write `lifetime = 300` without quotes";
            if item.is_integer() {
                t.odd(item, format!("`lifetime` is less than nothing, expected {expected}"), next)
            } else {
                t.wrong(item, "lifetime", expected, next)
            }
        })?,
    };
    Ok(Assertion {
        given: t.value_of(table, "given")?,
        claims,
        header: parameters(t, table, "header")?,
        key: t.value_of(table, "key")?,
        key_id: t.text_or_empty(table, "key_id")?,
        algorithm: t.text_or_empty(table, "algorithm")?,
        lifetime,
    })
}

fn exchange(t: &Typed<'_>, root: &dyn TableLike) -> Result<Exchange, Problem> {
    let Some(table) = t.table(root, "exchange")? else { return Ok(Exchange::default()) };
    let text = |key: &str| t.text_or_empty(table, key);
    Ok(Exchange {
        subject_token: t.value_of(table, "subject_token")?,
        subject_token_type: text("subject_token_type")?,
        actor_token: t.value_of(table, "actor_token")?,
        actor_token_type: text("actor_token_type")?,
        requested_token_type: text("requested_token_type")?,
    })
}

/// A table of texts; numbers, booleans and dates are taken as their text.
fn parameters(t: &Typed<'_>, table: &dyn TableLike, key: &str) -> Result<IndexMap<String, String>, Problem> {
    let mut out = IndexMap::new();
    let Some(rows) = t.table(table, key)? else { return Ok(out) };
    for (name, item) in rows.iter() {
        match t.value(item, name)? {
            Value::Text(text) => {
                out.insert(name.to_owned(), text);
            }
            Value::Secret(_) => {
                return Err(t.odd(
                    item,
                    "an extra parameter cannot hold a secret reference",
                    "make it a variable of the environment and write `{{name}}` here",
                ));
            }
        }
    }
    Ok(out)
}

fn word_problem(t: &Typed<'_>, root: &dyn TableLike, key: &str, word: &str, all: &[&str]) -> Problem {
    let item = root.get(key).cloned().unwrap_or_default();
    let near = crate::model::workspace::nearest(word, all.iter().copied());
    let next = match near.first() {
        Some(one) => format!("did you mean `{one}`?"),
        None => format!("write one of: {}", all.join(", ")),
    };
    t.odd(&item, format!("`{key}` is `{}`, expected one of {}", word.escape_debug(), all.join(", ")), next)
}
