//! The bytes a file shall have so that it says a model, and the refusals that go before.
//! Whatever the splices did is read back and compared before anything is written.

use super::fields::{Field, render_file};
use super::read_parts::{self, FolderFile};
use super::source::Source;
use super::{model_fields, profile_fields, read_profile, read_request, splice};
use crate::model::auth::Auth;
use crate::model::environment::Environment;
use crate::model::problem::{Problem, ProblemKind};
use crate::model::profile::OauthProfile;
use crate::model::request::Request;
use crate::model::secret::sounds_secret;
use crate::model::value::Value;
use indexmap::IndexMap;

/// A request's new bytes. `base` is what the file says now; `None` writes a new one.
pub fn request(
    source: &Source,
    stem: &str,
    base: Option<&Request>,
    new: &Request,
) -> Result<Vec<u8>, Problem> {
    refuse_auth(base.map(|b| &b.auth), &new.auth, source)?;
    let old = base.map(model_fields::request);
    // What one cannot write is a list with a header that is not there; reading tells.
    bytes(source, old, model_fields::request(new), |s| Ok(read_request::request(s, stem)? == *new))
}

/// An environment's new bytes.
pub fn environment(
    source: &Source,
    base: Option<&Environment>,
    new: &Environment,
) -> Result<Vec<u8>, Problem> {
    let network = base.map(|b| &b.network);
    let new_network = &new.network;
    refuse_key(network.map(|n| &n.client_key), &new_network.client_key, "network.client_key", source)?;
    let (before, now) = (network.map(|n| &n.client_certificate), &new_network.client_certificate);
    refuse_key(before, now, "network.client_certificate", source)?;
    let old = base.map(model_fields::environment);
    bytes(source, old, model_fields::environment(new), |s| Ok(read_parts::environment(s, &new.name)? == *new))
}

/// A profile's new bytes.
pub fn profile(source: &Source, base: Option<&OauthProfile>, new: &OauthProfile) -> Result<Vec<u8>, Problem> {
    type Secret = fn(&OauthProfile) -> &Value;
    let secrets: [(&str, Secret); 7] = [
        ("client_secret", |p| &p.client_secret),
        ("password", |p| &p.password),
        ("key", |p| &p.key),
        ("assertion.key", |p| &p.assertion.key),
        ("assertion.given", |p| &p.assertion.given),
        ("exchange.subject_token", |p| &p.exchange.subject_token),
        ("exchange.actor_token", |p| &p.exchange.actor_token),
    ];
    for (key, of) in secrets {
        refuse(base.map(of), of(new), key, source)?;
    }
    refuse_key(base.map(|b| &b.tls_key), &new.tls_key, "tls_key", source)?;
    refuse_key(base.map(|b| &b.certificate), &new.certificate, "certificate", source)?;
    type Leg = fn(&OauthProfile) -> &IndexMap<String, String>;
    let legs: [(&str, Leg); 3] = [
        ("extra.authorization", |p| &p.extra_authorization),
        ("extra.token", |p| &p.extra_token),
        ("extra.refresh", |p| &p.extra_refresh),
    ];
    for (leg, of) in legs {
        for (key, text) in of(new).iter().filter(|(key, _)| sounds_secret(key)) {
            let before = base.and_then(|b| of(b).get(key)).map(|t| Value::from(t.as_str()));
            refuse(before.as_ref(), &Value::from(text.as_str()), &format!("{leg}.{key}"), source)?;
        }
    }
    let old = base.map(profile_fields::profile);
    bytes(source, old, profile_fields::profile(new), |s| Ok(read_profile::profile(s, &new.name)? == *new))
}

/// A folder file's new bytes.
pub fn folder(source: &Source, base: Option<&FolderFile>, new: &FolderFile) -> Result<Vec<u8>, Problem> {
    let same = |s: &Source| {
        let read = read_parts::folder(s)?;
        Ok(FolderFile { odd_entries: Vec::new(), ..read }
            == FolderFile { odd_entries: Vec::new(), ..new.clone() })
    };
    bytes(source, base.map(model_fields::folder), model_fields::folder(new), same)
}

fn bytes(
    source: &Source,
    old: Option<Vec<Field>>,
    new: Vec<Field>,
    says_it: impl Fn(&Source) -> Result<bool, Problem>,
) -> Result<Vec<u8>, Problem> {
    let check = |bytes: Vec<u8>| -> Option<Vec<u8>> {
        let read = Source::decode(&source.path, &bytes).ok()?;
        says_it(&read).ok()?.then_some(bytes)
    };
    let done = match old {
        None => check(render_file(&new).into_bytes()),
        Some(old) if old == new => return Ok(source.apply(Vec::new())),
        Some(old) => {
            let fine = splice::rewrite(source, &old, &new, false)?;
            match check(fine) {
                Some(bytes) => Some(bytes),
                None => check(splice::rewrite(source, &old, &new, true)?),
            }
        }
    };
    done.ok_or_else(|| {
        Problem::new(
            ProblemKind::File,
            "cannot save the file",
            "what would be written does not read back as what was asked for",
            "nothing was changed; edit the file by hand",
        )
        .in_file(&source.path)
    })
}

fn refuse_auth(base: Option<&Auth>, new: &Auth, source: &Source) -> Result<(), Problem> {
    let secret = |auth: &Auth| match auth {
        Auth::Basic { password, .. } => Some(("password", password.clone())),
        Auth::Bearer { token } => Some(("token", token.clone())),
        Auth::ApiKey { value, .. } => Some(("value", value.clone())),
        Auth::Inherit | Auth::None | Auth::Profile(_) => None,
    };
    let before = base.and_then(secret).map(|(_, v)| v);
    match secret(new) {
        Some((key, value)) => refuse(before.as_ref(), &value, key, source),
        None => Ok(()),
    }
}

/// A literal secret is never written; one that a person wrote there is not ours to judge here (`lint` does).
fn refuse(base: Option<&Value>, new: &Value, key: &str, source: &Source) -> Result<(), Problem> {
    let literal = new.as_text().is_some_and(|t| !t.trim().is_empty() && !t.contains("{{"));
    if !literal || base == Some(new) {
        return Ok(());
    }
    let name = match key.rsplit('.').next() {
        Some("key") => "private_key",
        Some("given") => "assertion",
        Some(last) => last,
        None => key,
    };
    Err(Problem::new(
        ProblemKind::File,
        format!("`{key}` is not saved"),
        "a literal secret is never written to a workspace file",
        format!("write a variable here, `{{{{{name}}}}}`, and put the secret into the vault: `hallpass secret set {name}`"),
    )
    .in_file(&source.path))
}

/// The same for a field that may also hold a file's name: only the text of a private key is refused.
fn refuse_key(base: Option<&Value>, new: &Value, key: &str, source: &Source) -> Result<(), Problem> {
    if new.as_text().is_some_and(|t| t.contains("PRIVATE KEY")) {
        refuse(base, new, key, source)
    } else {
        Ok(())
    }
}
