//! What stands in the member `_hallpass` of an entry, and what of it becomes context.

use hallpass::diagnose::{Context, Environment, Issued, Known, KnownKind, Past, Profile, Purpose};
use hallpass::model::exchange::Exchange;
use hallpass::model::profile::{ClientAuth, Grant};
use hallpass::model::secret::Secret;
use serde::Deserialize;

/// What somebody who knows wrote beside an exchange: the member `_hallpass`.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Label {
    /// The code that must come first.
    pub expect: String,
    /// Codes as right as that one, where the facts do not tell which.
    pub or: Vec<String>,
    /// Codes that may be in the list, however sure.
    pub also: Vec<String>,
    /// True: nothing may be found.
    pub healthy: bool,
    /// Why.
    pub note: String,
    /// What the recording cannot tell.
    pub context: Beside,
}

/// What is known beside the recording.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Beside {
    purpose: String,
    profile: Option<ProfileLabel>,
    issued: Option<IssuedLabel>,
    environments: Vec<EnvironmentLabel>,
    known: Vec<KnownLabel>,
    history: Vec<PastLabel>,
    login_error: Option<(String, String)>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct ProfileLabel {
    name: String,
    grant: String,
    refresh: bool,
    client_auth: String,
    client_id: String,
    issuer: String,
    token_url: String,
    redirect_uri: String,
    scopes: Vec<String>,
    audiences: Vec<String>,
    identity: String,
    dpop: bool,
    certificate: bool,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct IssuedLabel {
    profile: String,
    environment: String,
    grant: String,
    token_type: String,
    scope: Option<String>,
    fresh: bool,
    dpop: bool,
    refreshable: bool,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct EnvironmentLabel {
    name: String,
    active: bool,
    hosts: Vec<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct KnownLabel {
    kind: String,
    label: String,
    environment: String,
    text: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct PastLabel {
    method: String,
    url: String,
    status: u16,
    same_token: Option<bool>,
    same_call: bool,
}

impl Beside {
    /// Adds to what the recording itself tells.
    pub fn add_to(&self, context: &mut Context, exchange: &Exchange) {
        match self.purpose.as_str() {
            "" => {}
            "api" => context.purpose = Some(Purpose::Api),
            "token" => context.purpose = Some(Purpose::Token),
            "login" => context.purpose = Some(Purpose::Login),
            "management" => context.purpose = Some(Purpose::Management),
            other => panic!("`{other}` is no purpose"),
        }
        if let Some(profile) = &self.profile {
            context.profile = Some(profile.value());
        }
        if let Some(issued) = &self.issued {
            context.issued = Some(Issued {
                profile: issued.profile.clone(),
                environment: issued.environment.clone(),
                grant: issued.grant.clone(),
                token_type: issued.token_type.clone(),
                scope: issued.scope.clone(),
                at: issued.fresh.then_some(exchange.started),
                fresh: issued.fresh,
                dpop: issued.dpop,
                refreshable: issued.refreshable,
                ..Issued::default()
            });
        }
        context.environments.extend(self.environments.iter().map(|e| Environment {
            name: e.name.clone(),
            active: e.active,
            hosts: e.hosts.clone(),
        }));
        context.known.extend(self.known.iter().map(|k| Known {
            kind: kind(&k.kind),
            label: k.label.clone(),
            environment: k.environment.clone(),
            text: Secret::new(k.text.clone()),
        }));
        context.history.extend(self.history.iter().map(|p| Past {
            at: exchange.started,
            method: p.method.clone(),
            url: p.url.clone(),
            status: p.status,
            same_token: p.same_token,
            same_call: p.same_call,
            retry: false,
            body: String::new(),
        }));
        if self.login_error.is_some() {
            context.login_error.clone_from(&self.login_error);
        }
    }
}

impl ProfileLabel {
    fn value(&self) -> Profile {
        let grant = |key: &str| Grant::from_key(key).unwrap_or_else(|| panic!("`{key}` is no grant"));
        let auth =
            |key: &str| ClientAuth::from_key(key).unwrap_or_else(|| panic!("`{key}` is no authentication"));
        Profile {
            name: self.name.clone(),
            grant: Some(self.grant.as_str()).filter(|g| !g.is_empty()).map(grant),
            refresh: self.refresh,
            client_auth: Some(self.client_auth.as_str()).filter(|a| !a.is_empty()).map(auth),
            client_id: self.client_id.clone(),
            issuer: self.issuer.clone(),
            token_url: self.token_url.clone(),
            redirect_uri: self.redirect_uri.clone(),
            scopes: self.scopes.clone(),
            audiences: self.audiences.clone(),
            identity: self.identity.clone(),
            dpop: self.dpop,
            certificate: self.certificate,
            ..Profile::default()
        }
    }
}

fn kind(word: &str) -> KnownKind {
    match word {
        "access_token" => KnownKind::AccessToken,
        "refresh_token" => KnownKind::RefreshToken,
        "id_token" => KnownKind::IdToken,
        "client_secret" => KnownKind::ClientSecret,
        "password" => KnownKind::Password,
        "code" => KnownKind::Code,
        "" | "other" => KnownKind::Other,
        other => panic!("`{other}` is no kind of secret"),
    }
}
