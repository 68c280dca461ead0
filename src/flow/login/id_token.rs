//! The ID token of a login (OpenID Connect Core section 3.1.3.7): is it of this login, of this issuer, for this client? Its signature
//! is checked where a key set is known; without one the TLS connection to the token endpoint vouches for it.

use crate::flow::call::Call;
use crate::flow::endpoints::{Endpoints, Leg};
use crate::flow::keys::by_keys;
use crate::jwt::{self, Signature, TokenKind};
use crate::model::exchange::Exchange;
use crate::model::problem::{Problem, ProblemKind};
use crate::model::secret::Secret;
use crate::oauth::error::clean;
use serde_json::{Map, Value as Json};

/// Checks one. `nonce`: the one sent with this login.
///
/// # Errors
/// Which of its claims is not what it must be.
pub(in crate::flow) async fn check(
    call: &Call<'_>,
    endpoints: &Endpoints,
    id_token: &Secret,
    nonce: Option<&Secret>,
    exchange: &Exchange,
) -> Result<(), Problem> {
    let decoded = jwt::decode(id_token.expose(), call.session().origins().now(&exchange.request.url));
    let refused = |why: String| {
        let next = "look at the token exchange; if the profile is right (issuer, client_id), tell the owner of the server";
        Problem::new(ProblemKind::Token, "the login's ID token is not believed", why, next)
    };
    let claims = match decoded.kind {
        // Encrypted: only the server it is for can read it, so nothing can be said of it.
        TokenKind::Jwe => return Ok(()),
        TokenKind::Jws => decoded.claims.ok_or_else(|| refused("its claims cannot be read".to_owned()))?,
        TokenKind::Opaque => return Err(refused("it is no JWT".to_owned())),
    };
    let issuer = Some(endpoints.issuer.as_str()).filter(|issuer| !issuer.is_empty());
    mismatch(&claims, nonce, issuer, &call.client_id).map_or(Ok(()), |why| Err(refused(why)))?;
    let algorithm = decoded.header.as_ref().and_then(|h| h.get("alg")).and_then(Json::as_str).unwrap_or("");
    if algorithm.eq_ignore_ascii_case("none") {
        return Err(refused("it is unsigned (`alg` is none)".to_owned()));
    }
    let keys = endpoints.get(Leg::Jwks);
    // Signed with the client's secret: no published key can tell.
    if keys.is_empty() || algorithm.starts_with("HS") {
        return Ok(());
    }
    match by_keys(&call.road, keys, id_token.expose()).await {
        Ok(Signature::Rejected { reason }) => {
            Err(refused(format!("its signature is wrong: {}", clean(&reason))))
        }
        _ => Ok(()),
    }
}

/// The first claim that is not what it must be, in words.
fn mismatch(
    claims: &Map<String, Json>,
    nonce: Option<&Secret>,
    issuer: Option<&str>,
    client_id: &str,
) -> Option<String> {
    let text = |name: &str| claims.get(name).and_then(Json::as_str);
    if let Some(nonce) = nonce {
        match text("nonce") {
            Some(said) if said == nonce.expose() => {}
            Some(_) => {
                return Some(
                    "its `nonce` is not the one of this login: it was made for another one".to_owned(),
                );
            }
            None => return Some("it has no `nonce`, though one was sent".to_owned()),
        }
    }
    if let Some(issuer) = issuer {
        let said = text("iss").unwrap_or("");
        if said != issuer {
            return Some(format!("its `iss` is `{}`, not `{}`", clean(said), clean(issuer)));
        }
    }
    let audiences: Vec<&str> = match claims.get("aud") {
        Some(Json::String(one)) => vec![one],
        Some(Json::Array(list)) => list.iter().filter_map(Json::as_str).collect(),
        _ => Vec::new(),
    };
    if !audiences.contains(&client_id) {
        return Some(format!("its `aud` is `{}`, not the client `{client_id}`", clean(&audiences.join(" "))));
    }
    match text("azp") {
        Some(party) if party != client_id && audiences.len() > 1 => {
            Some(format!("its `azp` is `{}`, not the client `{client_id}`", clean(party)))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn of(claims: Json) -> Option<String> {
        let Json::Object(claims) = claims else { return None };
        mismatch(&claims, Some(&Secret::new("n")), Some("https://i"), "c")
    }

    #[test]
    fn an_id_token_must_be_of_this_login_this_issuer_and_this_client() {
        assert_eq!(of(json!({"nonce":"n","iss":"https://i","aud":"c"})), None);
        assert_eq!(of(json!({"nonce":"n","iss":"https://i","aud":["x","c"],"azp":"c"})), None);
        for (claims, claim) in [
            (json!({"iss":"https://i","aud":"c"}), "`nonce`"),
            (json!({"nonce":"m","iss":"https://i","aud":"c"}), "`nonce`"),
            (json!({"nonce":"n","iss":"https://i/","aud":"c"}), "`iss`"),
            (json!({"nonce":"n","aud":"c"}), "`iss`"),
            (json!({"nonce":"n","iss":"https://i","aud":"d"}), "`aud`"),
            (json!({"nonce":"n","iss":"https://i","aud":[]}), "`aud`"),
            (json!({"nonce":"n","iss":"https://i"}), "`aud`"),
            (json!({"nonce":"n","iss":"https://i","aud":["x","c"],"azp":"x"}), "`azp`"),
        ] {
            assert!(of(claims.clone()).is_some_and(|why| why.contains(claim)), "{claims}");
        }
    }
}
