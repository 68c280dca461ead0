//! A mend as data: what a [`Remedy`] means for this request's workspace. Pure; whoever has the files carries it out.

use crate::diagnose::Remedy;
use crate::model::auth::Auth;
use crate::model::edit::Edit;
use crate::model::plan::Plan;
use crate::model::profile::OauthProfile;
use crate::model::value::{SecretRef, Value};

/// What to do.
#[derive(Debug, Clone, PartialEq)]
pub enum Mend {
    /// Change files of the workspace; undone as any other edit.
    Edit(Edit),
    /// The request's URL, as its file shall state it. Who edits a copy of the request changes the copy.
    RequestUrl(String),
    /// Read a secret of the vault, take the stray characters off it with [`trimmed`], store it again.
    TrimSecret {
        /// Environment it is filed under; may be empty.
        environment: String,
        /// Its name in the vault.
        name: String,
    },
    /// Ask a person for a secret's new value, and store it in the vault.
    AskSecret {
        /// Environment it is filed under; may be empty.
        environment: String,
        /// Its name in the vault.
        name: String,
    },
    /// Get a new token with this profile and send the request again.
    RenewReplay {
        /// The profile.
        profile: String,
    },
    /// Log in again with this profile: a new token, by a person.
    Login {
        /// The profile.
        profile: String,
    },
    /// It is kept where this program does not write. In words, what to do: `correct the file keys/secret.txt`.
    ByHand(String),
}

/// What a remedy means for the request of a plan.
pub fn mend(remedy: &Remedy, plan: &Plan) -> Mend {
    let profile = profile_of(plan);
    let changed = |change: &dyn Fn(&mut OauthProfile)| match profile {
        Some(profile) => {
            let mut new = profile.clone();
            change(&mut new);
            Mend::Edit(Edit::SaveProfile(Box::new(new)))
        }
        None => Mend::ByHand("give the request an OAuth profile: `auth` of the request or its folder".into()),
    };
    let name = || profile.map(|p| p.name.clone()).unwrap_or_default();
    match remedy {
        Remedy::RenewReplay if profile.is_none() => by_hand_token(),
        Remedy::Login if profile.is_none() => by_hand_token(),
        Remedy::RenewReplay => Mend::RenewReplay { profile: name() },
        Remedy::Login => Mend::Login { profile: name() },
        Remedy::ClientAuth(auth) => changed(&|p| p.client_auth = *auth),
        Remedy::Dpop => changed(&|p| p.dpop = true),
        Remedy::AddScope(scopes) => changed(&|p| {
            for scope in scopes {
                if !p.scope.iter().any(|own| own.split_whitespace().any(|one| one == scope)) {
                    p.scope.push(scope.clone());
                }
            }
        }),
        Remedy::Trim { variable } => at(&place(plan, variable), &|text| Some(trimmed(text).to_owned())),
        Remedy::SetSecret { variable } => match place(plan, variable) {
            // A literal in a file is no secret's place: the new one goes into the vault.
            Place::Vault { environment, name } => Mend::AskSecret { environment, name },
            Place::Variable { environment, name, .. } => Mend::AskSecret { environment, name },
            other => at(&other, &|_| None),
        },
        Remedy::UseUrl { from, to } => use_url(plan, from, to),
    }
}

fn by_hand_token() -> Mend {
    Mend::ByHand("the token of this request was set by hand: put a new one in its place".to_owned())
}

/// The profile whose token the request of a plan carries.
pub fn profile_of(plan: &Plan) -> Option<&OauthProfile> {
    let Auth::Profile(name) = &plan.request.auth else { return None };
    plan.profiles.iter().find(|p| &p.name == name)
}

/// Without the characters that a copy brings along: blanks, line ends and invisible ones at both ends, and a pair of quotes.
pub fn trimmed(text: &str) -> &str {
    let stray = |c: char| {
        c.is_whitespace()
            || c.is_control()
            || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}' | '\u{ad}')
    };
    let text = text.trim_matches(stray);
    let inner = ['"', '\''].into_iter().find_map(|q| text.strip_prefix(q)?.strip_suffix(q));
    inner.map_or(text, |inner| inner.trim_matches(stray))
}

/// Where a value is kept.
enum Place {
    Vault { environment: String, name: String },
    Variable { environment: String, name: String, text: String },
    Profile { profile: Box<OauthProfile>, key: String, text: String },
    Elsewhere(String),
}

/// Where the value behind a name is: a key of the profile, or the variable it names; else a variable.
fn place(plan: &Plan, name: &str) -> Place {
    let environment = plan.environment.name.clone();
    let Some((profile, value)) = profile_of(plan).and_then(|p| Some((p, own_secret(p, name)?))) else {
        return variable(plan, name);
    };
    match value {
        Value::Secret(reference) => kept(reference, environment, name),
        Value::Text(text) => match sole_variable(text) {
            Some(inner) => variable(plan, inner),
            None => Place::Profile {
                profile: Box::new(profile.clone()),
                key: name.to_owned(),
                text: text.clone(),
            },
        },
    }
}

fn variable(plan: &Plan, name: &str) -> Place {
    let found = plan.layers.iter().find_map(|layer| Some((layer, layer.variables.get(name)?)));
    let environment = plan.environment.name.clone();
    match found {
        None => Place::Elsewhere(format!("set `{name}`: hallpass env set {name} VALUE")),
        Some((_, Value::Secret(reference))) => kept(reference, environment, name),
        Some((_, Value::Text(text))) if sole_variable(text).is_some_and(|inner| inner != name) => {
            let inner = sole_variable(text).unwrap_or_default().to_owned();
            variable_once(plan, &inner)
        }
        Some((layer, Value::Text(text))) if layer.origin == format!("environment {environment}") => {
            Place::Variable { environment, name: name.to_owned(), text: text.clone() }
        }
        Some((layer, _)) => Place::Elsewhere(format!("correct `{name}` where it is set: {}", layer.origin)),
    }
}

/// A variable that another one names; chains of more than two are left to a person, and so are circles.
fn variable_once(plan: &Plan, name: &str) -> Place {
    let environment = plan.environment.name.clone();
    let found = plan.layers.iter().find_map(|layer| Some((layer, layer.variables.get(name)?)));
    match found {
        Some((_, Value::Secret(reference))) => kept(reference, environment, name),
        Some((layer, Value::Text(text))) if layer.origin == format!("environment {environment}") => {
            Place::Variable { environment, name: name.to_owned(), text: text.clone() }
        }
        _ => Place::Elsewhere(format!("correct `{name}` where it is set")),
    }
}

fn kept(reference: &SecretRef, environment: String, name: &str) -> Place {
    match reference {
        SecretRef::Vault => Place::Vault { environment, name: name.to_owned() },
        SecretRef::Env(variable) => Place::Elsewhere(format!("correct the environment variable {variable}")),
        SecretRef::File(path) => Place::Elsewhere(format!("correct the file {path}")),
        SecretRef::Command(_) => {
            Place::Elsewhere(format!("correct `{name}` where its command reads it from"))
        }
    }
}

fn at(place: &Place, change: &dyn Fn(&str) -> Option<String>) -> Mend {
    match place {
        Place::Vault { environment, name } => {
            Mend::TrimSecret { environment: environment.clone(), name: name.clone() }
        }
        Place::Variable { environment, name, text } => match change(text) {
            Some(text) => Mend::Edit(Edit::SetVariable {
                environment: environment.clone(),
                name: name.clone(),
                value: Some(Value::Text(text)),
            }),
            None => Mend::ByHand(format!("correct `{name}` of environment `{environment}`")),
        },
        Place::Profile { profile, key, text } => match change(text) {
            Some(text) => {
                let mut new = profile.clone();
                if let Some(value) = own_secret_mut(&mut new, key) {
                    *value = Value::Text(text);
                }
                Mend::Edit(Edit::SaveProfile(new))
            }
            None => Mend::ByHand(format!("correct `{key}` of auth/{}.toml", profile.name)),
        },
        Place::Elsewhere(words) => Mend::ByHand(words.clone()),
    }
}

/// The variable's name where a text is nothing but one.
fn sole_variable(text: &str) -> Option<&str> {
    let name = text.trim().strip_prefix("{{")?.strip_suffix("}}")?.trim();
    let plain = !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || "_-.".contains(c));
    plain.then_some(name)
}

fn own_secret<'p>(profile: &'p OauthProfile, key: &str) -> Option<&'p Value> {
    let value = match key {
        "client_secret" => &profile.client_secret,
        "password" => &profile.password,
        "key" => &profile.key,
        "assertion" | "assertion.given" => &profile.assertion.given,
        "assertion.key" => &profile.assertion.key,
        "subject_token" | "exchange.subject_token" => &profile.exchange.subject_token,
        "actor_token" | "exchange.actor_token" => &profile.exchange.actor_token,
        _ => return None,
    };
    (!value.is_empty()).then_some(value)
}

fn own_secret_mut<'p>(profile: &'p mut OauthProfile, key: &str) -> Option<&'p mut Value> {
    Some(match key {
        "client_secret" => &mut profile.client_secret,
        "password" => &mut profile.password,
        "key" => &mut profile.key,
        "assertion" | "assertion.given" => &mut profile.assertion.given,
        "assertion.key" => &mut profile.assertion.key,
        "subject_token" | "exchange.subject_token" => &mut profile.exchange.subject_token,
        "actor_token" | "exchange.actor_token" => &mut profile.exchange.actor_token,
        _ => return None,
    })
}

/// The request's URL begins with another text. Behind a leading variable only the request changes where the variable's value
/// fits both; else the variable does.
fn use_url(plan: &Plan, from: &str, to: &str) -> Mend {
    let url = plan.request.url.trim();
    let by_hand = || Mend::ByHand(format!("begin the URL with {to}"));
    if let Some(rest) = url.strip_prefix(from) {
        return Mend::RequestUrl(format!("{to}{rest}"));
    }
    let Some((head, rest)) = url.split_once("}}").filter(|(head, _)| head.starts_with("{{")) else {
        return by_hand();
    };
    let name = head.trim_start_matches("{{").trim();
    let found = plan.layers.iter().find_map(|l| Some((l, l.variables.get(name)?.as_text()?)));
    let Some((layer, value)) = found.filter(|(_, value)| !value.contains("{{")) else { return by_hand() };
    let value = value.trim();
    if let (Some(old), Some(new)) = (from.strip_prefix(value), to.strip_prefix(value))
        && let Some(tail) = rest.strip_prefix(old)
    {
        return Mend::RequestUrl(format!("{{{{{name}}}}}{new}{tail}"));
    }
    let new = match (value.strip_prefix(from), from.strip_prefix(value)) {
        (Some(tail), _) => Some(format!("{to}{tail}")),
        (None, Some(tail)) => to.strip_suffix(tail).map(str::to_owned),
        (None, None) => None,
    };
    let environment = &plan.environment.name;
    match new {
        Some(new) if layer.origin == format!("environment {environment}") => Mend::Edit(Edit::SetVariable {
            environment: environment.clone(),
            name: name.to_owned(),
            value: Some(Value::literal(&new)),
        }),
        Some(new) => Mend::ByHand(format!("set `{name}` to {new} where it is set: {}", layer.origin)),
        None => by_hand(),
    }
}
