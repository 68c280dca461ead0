//! An OAuth profile to fields, in the order of the contract. What is at its default is left out.

use super::fields::{Field, Shape, json_literal};
use super::model_fields::{section_if, text_if, value_if};
use crate::model::profile::{Assertion, Exchange, OauthProfile};
use indexmap::IndexMap;
use serde_json::{Map, Value as Json};

/// A profile's fields.
pub fn profile(p: &OauthProfile) -> Vec<Field> {
    let mut f = vec![Field::text("grant", p.grant.key())];
    text_if(&mut f, "issuer", &p.issuer);
    text_if(&mut f, "token_url", &p.token_url);
    text_if(&mut f, "authorization_url", &p.authorization_url);
    text_if(&mut f, "device_authorization_url", &p.device_authorization_url);
    text_if(&mut f, "par_url", &p.par_url);
    text_if(&mut f, "revocation_url", &p.revocation_url);
    text_if(&mut f, "introspection_url", &p.introspection_url);
    text_if(&mut f, "userinfo_url", &p.userinfo_url);
    text_if(&mut f, "jwks_url", &p.jwks_url);
    text_if(&mut f, "client_id", &p.client_id);
    value_if(&mut f, "client_secret", &p.client_secret);
    f.push(Field::text("client_auth", p.client_auth.key()));
    value_if(&mut f, "key", &p.key);
    text_if(&mut f, "key_id", &p.key_id);
    text_if(&mut f, "algorithm", &p.algorithm);
    text_if(&mut f, "assertion_audience", &p.assertion_audience);
    value_if(&mut f, "certificate", &p.certificate);
    value_if(&mut f, "tls_key", &p.tls_key);
    flag_if(&mut f, "dpop", p.dpop);
    flag_if(&mut f, "par", p.par);
    flag_if(&mut f, "jar", p.jar);
    flag_if(&mut f, "use_id_token", p.use_id_token);
    text_if(&mut f, "redirect_uri", &p.redirect_uri);
    texts_if(&mut f, "scope", &p.scope);
    text_if(&mut f, "audience", &p.audience);
    texts_if(&mut f, "resource", &p.resource);
    text_if(&mut f, "username", &p.username);
    value_if(&mut f, "password", &p.password);
    if p.token_in_query {
        f.push(Field::text("token_in", "query"));
    }
    text_if(&mut f, "identity", &p.identity);
    text_if(&mut f, "grant_type", &p.grant_type);
    section_if(&mut f, "assertion", assertion(&p.assertion));
    section_if(&mut f, "exchange", exchange(&p.exchange));
    let mut extra = Vec::new();
    section_if(&mut extra, "authorization", parameters(&p.extra_authorization));
    section_if(&mut extra, "token", parameters(&p.extra_token));
    section_if(&mut extra, "refresh", parameters(&p.extra_refresh));
    section_if(&mut f, "extra", extra);
    f
}

fn flag_if(fields: &mut Vec<Field>, key: &str, flag: bool) {
    if flag {
        fields.push(Field::bare(key, "true"));
    }
}

fn texts_if(fields: &mut Vec<Field>, key: &str, texts: &[String]) {
    if !texts.is_empty() {
        fields.push(Field::texts(key, texts));
    }
}

fn parameters(rows: &IndexMap<String, String>) -> Vec<Field> {
    rows.iter().map(|(key, text)| Field::text(key, text)).collect()
}

fn assertion(a: &Assertion) -> Vec<Field> {
    let mut f = Vec::new();
    value_if(&mut f, "given", &a.given);
    value_if(&mut f, "key", &a.key);
    text_if(&mut f, "key_id", &a.key_id);
    text_if(&mut f, "algorithm", &a.algorithm);
    if a.lifetime != 0 {
        f.push(Field::bare("lifetime", a.lifetime));
    }
    section_if(&mut f, "claims", members(&a.claims));
    section_if(&mut f, "header", parameters(&a.header));
    f
}

fn exchange(e: &Exchange) -> Vec<Field> {
    let mut f = Vec::new();
    value_if(&mut f, "subject_token", &e.subject_token);
    text_if(&mut f, "subject_token_type", &e.subject_token_type);
    value_if(&mut f, "actor_token", &e.actor_token);
    text_if(&mut f, "actor_token_type", &e.actor_token_type);
    text_if(&mut f, "requested_token_type", &e.requested_token_type);
    f
}

fn members(map: &Map<String, Json>) -> Vec<Field> {
    map.iter().map(|(key, json)| Field::new(key.clone(), shape(json))).collect()
}

/// Tables as fields of their own, so that one claim that changes is one change in the file.
fn shape(json: &Json) -> Shape {
    match json {
        Json::Object(map) if !map.is_empty() => Shape::Inline(members(map)),
        other => Shape::Literal(json_literal(other)),
    }
}
