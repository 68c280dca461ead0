//! Token exchange (RFC 8693): a token of this server for another one, for another API or with somebody
//! acting for its owner.

use super::clients;
use super::error;
use super::grants;
use super::jws::Jws;
use super::kept::random_text;
use super::mint;
use super::token::Ask;
use crate::sandbox::answer::Answer;
use serde_json::{Map, Value as Json, json};

/// The grant's name on the wire.
pub(super) const GRANT: &str = "urn:ietf:params:oauth:grant-type:token-exchange";
const TYPE: &str = "urn:ietf:params:oauth:token-type:";
/// `act` may be nested so deep; a longer chain is refused.
const DEEPEST: usize = 4;

fn invalid(text: &str) -> Answer {
    error(400, "invalid_request", text)
}

/// A token that came in, by its type: `access_token`, `id_token`, or `jwt` for either.
async fn incoming(ask: &Ask<'_>, token: &str, kind: &str, role: &str) -> Result<Jws, Answer> {
    let short = kind.strip_prefix(TYPE);
    if short == Some("access_token") && clients::same(ask.shared.rfc.subject.expose(), token) {
        return Ok(standing());
    }
    let checked = match short {
        Some("access_token") => mint::check_access(ask.shared, token, ask.now).await,
        Some("id_token") => mint::check_id(ask.shared, token, ask.now).await,
        Some("jwt") => match mint::check_access(ask.shared, token, ask.now).await {
            Ok(jws) => Ok(jws),
            Err(_) => mint::check_id(ask.shared, token, ask.now).await,
        },
        _ => {
            return Err(invalid(&format!(
                "{role}_token_type must be {TYPE}access_token, {TYPE}id_token or {TYPE}jwt."
            )));
        }
    };
    // RFC 8693 section 2.2.2: an invalid token is invalid_request.
    checked.map_err(|why| invalid(&format!("The {role} token is not accepted: {why}.")))
}

/// What the standing subject token stands for.
fn standing() -> Jws {
    let claims = [("sub", json!("alice")), ("scope", json!(grants::API_SCOPES.join(" ")))];
    Jws { header: Map::new(), claims: claims.into_iter().map(|(n, v)| (n.to_owned(), v)).collect() }
}

/// The resources of `resource` and `audience`; an audience is one of the resources or `orders`, `reports`.
fn targets(ask: &Ask<'_>) -> Result<Vec<String>, Answer> {
    let rfc = &ask.shared.rfc;
    let unknown = || error(400, "invalid_target", "The requested audience or resource is not known here.");
    let mut all = match ask.form.get("resource") {
        Some(_) => ask.asked_resources()?,
        None => Vec::new(),
    };
    for asked in ask.form.all("audience") {
        let known = match asked {
            "orders" => rfc.api(),
            "reports" => rfc.url("reports"),
            uri if uri == rfc.api() || uri == rfc.url("reports") => uri.to_owned(),
            _ => return Err(unknown()),
        };
        if !all.contains(&known) {
            all.push(known);
        }
    }
    if all.is_empty() {
        all.push(rfc.api());
    }
    Ok(all)
}

/// The answer to an exchange.
pub(super) async fn exchange(ask: &Ask<'_>) -> Result<Answer, Answer> {
    let subject =
        incoming(ask, ask.need("subject_token")?, ask.need("subject_token_type")?, "subject").await?;
    let actor = match (ask.form.get("actor_token"), ask.form.get("actor_token_type")) {
        (Some(token), Some(kind)) => Some(incoming(ask, token, kind, "actor").await?),
        (None, None) => None,
        (Some(_), None) => return Err(invalid("actor_token_type is missing.")),
        (None, Some(_)) => return Err(invalid("actor_token_type is there without an actor_token.")),
    };
    let issued = match ask.form.get("requested_token_type") {
        None => format!("{TYPE}access_token"),
        Some(asked) if asked == format!("{TYPE}access_token") || asked == format!("{TYPE}jwt") => {
            asked.to_owned()
        }
        Some(_) => return Err(invalid("Only access tokens (also as jwt) can be had by an exchange.")),
    };
    let resource = targets(ask)?;
    let sub = subject.text("sub").ok_or_else(|| invalid("The subject token has no sub."))?;

    let had: Option<Vec<&str>> = subject.text("scope").map(|s| s.split(' ').collect());
    let person = clients::user(sub).is_some();
    let scope = match (ask.form.get("scope"), &had) {
        (None, Some(had)) => {
            // What only makes sense at the log-in does not pass on.
            had.iter().filter(|s| grants::API_SCOPES.contains(*s)).map(|s| (*s).to_owned()).collect()
        }
        _ => grants::scope(ask.form, person).map_err(|text| error(400, "invalid_scope", &text))?,
    };
    if let Some(had) = &had
        && scope.iter().any(|s| !had.contains(&s.as_str()))
    {
        return Err(error(400, "invalid_scope", "More scope is asked for than the subject token has."));
    }

    let mut granted = ask.granted(sub, scope, resource, None);
    granted.family = random_text();
    granted.act = act(&subject, actor.as_ref())?;
    ask.issue_part(&granted, &granted, Some(&issued)).await
}

/// Who acts now, and within it who acted before (RFC 8693 section 4.1).
fn act(subject: &Jws, actor: Option<&Jws>) -> Result<Option<Json>, Answer> {
    let before = subject.claims.get("act").cloned();
    let Some(actor) = actor else { return Ok(before) };
    let sub = actor.text("sub").ok_or_else(|| invalid("The actor token has no sub."))?;
    let mut act = json!({ "sub": sub });
    if let Some(before) = before {
        if depth(&before) >= DEEPEST {
            return Err(invalid("The chain of actors is too long."));
        }
        act["act"] = before;
    }
    Ok(Some(act))
}

fn depth(act: &Json) -> usize {
    let mut at = act;
    let mut depth = 1;
    while let Some(inner) = at.get("act") {
        at = inner;
        depth += 1;
    }
    depth
}
