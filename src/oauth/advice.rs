//! The next step for each error code of OAuth, by grant and leg. One step, the likeliest first; what only the server's log can
//! tell is said to be there.

use super::error::{Asked, Leg, TokenError, place};
use crate::model::profile::{ClientAuth, Grant};

/// What to do about a code; `None` for those that nothing is known of.
pub(super) fn step(code: &str, error: &TokenError, asked: &Asked<'_>, leg: Leg) -> Option<String> {
    let words = error.description.as_deref().unwrap_or_default();
    if let Some(step) = entra(words) {
        return Some(step.to_owned());
    }
    let file = format!("auth/{}.toml", asked.profile);
    let place = place(asked);
    let grant = asked.grant.key();
    Some(match code {
        "invalid_client" | "invalid_authorization_header" => client(asked),
        "unauthorized_client" => {
            format!("allow the grant `{grant}` in the client registration (in Pega: tick it and save)")
        }
        // Pega sends both when the body was no form; the other one says more.
        "unsupported_grant_type" if error.codes.len() > 1 => return None,
        "unsupported_grant_type" => {
            format!("the server does not offer `{grant}`: choose another `grant` in {file}")
        }
        "invalid_scope" => format!("remove or correct `scope` in {file}"),
        "invalid_target" => {
            format!("correct `resource` or `audience` in {file} to one the server knows")
        }
        "invalid_grant" if leg == Leg::Refresh => {
            "log in again: the refresh token was used before, has expired, or was revoked (a new client secret revokes it too); if this comes back, another program uses the same one".to_owned()
        }
        "invalid_grant" => refused_grant(words, asked),
        "invalid_request" if leg == Leg::Login => {
            format!("compare `redirect_uri`, `scope` and `[extra.authorization]` in {file} with the client registration")
        }
        "invalid_request" => format!(
            "look at the token exchange: a parameter is missing or doubled; check `[extra.token]` and `client_auth` {place}"
        ),
        "use_dpop_nonce" => format!(
            "set `dpop = true` in {file}; if it is, try again: the server gave a new nonce twice"
        ),
        "invalid_dpop_proof" => {
            "check this machine's clock, and that the server takes ES256 for DPoP; look at the proof in the token exchange".to_owned()
        }
        "expired_token" => "start the login again: the code was not confirmed in time".to_owned(),
        "access_denied" if asked.grant == Grant::DeviceCode => {
            "log in again and allow it; if nobody refused, a policy of the server blocks device codes: use `authorization_code`".to_owned()
        }
        "access_denied" => "log in again and allow it; if nobody refused, a policy of the server did: ask its owner".to_owned(),
        "authorization_pending" => "confirm the code in the browser; it is asked for again meanwhile".to_owned(),
        "login_required" | "account_selection_required" => format!(
            "log in in the browser: nobody is logged in there, and `prompt = \"none\"` in `[extra.authorization]` of {file} forbids to ask"
        ),
        "interaction_required" => {
            "log in in the browser (`authorization_code`): the server wants to ask a person something, a second factor for one".to_owned()
        }
        "consent_required" => {
            "log in in the browser once and consent, or let an administrator consent for all".to_owned()
        }
        "invalid_session_index" => {
            format!("log in again without `session_index`: Pega no longer knows that session (remove it from `[extra]` in {file})")
        }
        "invalid_request_object" | "request_not_supported" => {
            format!("check `key`, `key_id` and the registered request object algorithm, or set `jar = false` in {file}")
        }
        "invalid_request_uri" | "request_uri_not_supported" => {
            format!("start the login again (a pushed request lives a minute or so), or set `par = false` in {file}")
        }
        "unsupported_response_type" => {
            "allow the authorization code for this client (`response_type=code`)".to_owned()
        }
        "unsupported_token_type" => {
            "the server cannot revoke this kind of token: forget it here and let it expire".to_owned()
        }
        _ => return None,
    })
}

/// A client that was not believed.
fn client(asked: &Asked<'_>) -> String {
    let place = place(asked);
    let file = format!("auth/{}.toml", asked.profile);
    match asked.client_auth {
        ClientAuth::None => format!(
            "check the client id {place}; if the client has a secret, set `client_secret` and `client_auth = \"basic\"`"
        ),
        ClientAuth::Basic | ClientAuth::BasicRaw => {
            format!("check the client id and secret {place}; if both are right, try `client_auth = \"body\"`")
        }
        ClientAuth::Body => {
            format!(
                "check the client id and secret {place}; if both are right, try `client_auth = \"basic\"`"
            )
        }
        ClientAuth::ClientSecretJwt => format!(
            "check the client id and secret {place}, this machine's clock, and `assertion_audience` in {file} (`issuer` or `token_url`)"
        ),
        ClientAuth::PrivateKeyJwt => format!(
            "check that the public key of `key` is registered under its `key_id`, this machine's clock, and `assertion_audience` in {file} (`issuer` or `token_url`)"
        ),
        ClientAuth::Tls => format!(
            "check that `certificate` in {file} is the registered one and that `token_url` is the server's address for mutual TLS"
        ),
    }
}

/// `invalid_grant`: what was presented is not believed. The server's words choose where they say more than the code.
fn refused_grant(words: &str, asked: &Asked<'_>) -> String {
    let file = format!("auth/{}.toml", asked.profile);
    let words = words.to_ascii_lowercase();
    let says = |any: &[&str]| any.iter().any(|part| words.contains(part));
    match asked.grant {
        Grant::JwtBearer | Grant::Saml2Bearer if says(&["operator"]) => OPERATOR.to_owned(),
        Grant::JwtBearer if says(&["audience", "aud "]) => format!(
            "set `aud` in `[assertion]` `claims` of {file} to what the server expects, letter by letter: its issuer or its token URL"
        ),
        Grant::JwtBearer if says(&["expired", "lifetime", "not yet", "in the future", "iat", "nbf"]) => {
            format!("check this machine's clock, and shorten `lifetime` in `[assertion]` of {file} (300 is safe)")
        }
        Grant::JwtBearer if says(&["replay", "jti", "already"]) => {
            format!("use a new `jti` each time: remove `jti` from `claims`, or `given`, in `[assertion]` of {file}")
        }
        Grant::JwtBearer if says(&["signature", "key", "kid", "algorithm", "certificate"]) => format!(
            "check that the public key of `key` in `[assertion]` of {file} is registered at the server, under `key_id` and for `algorithm`"
        ),
        Grant::JwtBearer => format!(
            "compare the assertion with what the server expects: `aud`, `iss`, `sub`, times, key; set them in `[assertion]` of {file}. In Pega the reason stands in the PegaRULES log"
        ),
        Grant::Saml2Bearer => {
            "get a fresh assertion, and compare its audience and recipient with the token URL, and its issuer and signer with what the server trusts".to_owned()
        }
        Grant::AuthorizationCode => format!(
            "log in again: a code works once and for minutes only; if it is refused again, compare `redirect_uri` in {file} with the registration, letter by letter"
        ),
        Grant::DeviceCode => "start the login again: the device code has been used or has ended".to_owned(),
        Grant::Password => {
            "check user and password, and that the account is neither locked nor in need of a second factor; in Pega also that the client has an identity mapping".to_owned()
        }
        Grant::TokenExchange => format!(
            "get a fresh subject token, and check `subject_token_type` in `[exchange]` of {file} and that this client may exchange it"
        ),
        Grant::Custom => format!(
            "check the parameters in `[extra.token]` of {file}: what the server's own grant `{}` wants, only its owner knows",
            asked.grant.key()
        ),
        Grant::ClientCredentials => {
            "check the user or operator behind the client: it must exist, be enabled and have a default access group".to_owned()
        }
    }
}

/// Pega's "No operator is associated with the token": candidates, for the log alone knows.
const OPERATOR: &str = "candidates, in Pega: the operator of the token's `sub` does not exist or is disabled; the token profile does not map `sub` to `pxRequestor.pyUserIdentifier`; the post-processing activity leaves no operator page. The PegaRULES log says which";

/// Entra ID says in the description what the code does not.
fn entra(words: &str) -> Option<&'static str> {
    const STEPS: &[(&str, &str)] = &[
        (
            "7000215",
            "put the secret's value, not its id, into `client_secret`; Entra shows it only when it is made",
        ),
        ("7000222", "make a new client secret in Entra: this one has expired"),
        ("7000218", "give `client_secret` a value, or allow public client flows in the app registration"),
        (
            "700016",
            "check `client_id` and the tenant in `token_url`: this tenant does not know the application",
        ),
        ("700024", "check this machine's clock: the client assertion's times are not valid now"),
        (
            "700027",
            "upload the certificate of `key` to the app registration, and send its thumbprint (`key_id`, or `x5t`)",
        ),
        ("700082", "log in again: the refresh token was not used for too long"),
        (
            "1002012",
            "ask for `scope = [\"<application id URI>/.default\"]`: client credentials take no other",
        ),
        ("500011", "correct the resource in `scope`: this tenant does not know it"),
        ("50011", "register the redirect URI of this profile in the app registration, letter by letter"),
        ("50076", "log in in the browser (`authorization_code`): a second factor is wanted"),
        ("50079", "log in in the browser (`authorization_code`): a second factor is wanted"),
        ("50126", "check user and password"),
        ("50173", "log in again: the password was changed or the sessions were revoked"),
        ("53003", "ask the tenant's administrator: conditional access blocks this login"),
        ("65001", "consent once in the browser, or let an administrator consent for all"),
        ("70008", "log in again: the code or refresh token has expired"),
        ("70011", "correct `scope`: Entra does not know one of them"),
        ("90002", "correct the tenant in `token_url`: Entra does not know it"),
    ];
    let code = words.split("AADSTS").nth(1)?;
    let digits = &code[..code.find(|c: char| !c.is_ascii_digit()).unwrap_or(code.len())];
    STEPS.iter().find(|(known, _)| *known == digits).map(|(_, step)| *step)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oauth::TokenErrorKind;

    fn next(grant: Grant, auth: ClientAuth, leg: Leg, code: &str, words: &str) -> String {
        let error = TokenError {
            kind: TokenErrorKind::Refused,
            status: 400,
            codes: vec![code.to_owned()],
            description: Some(words.to_owned()),
            uri: None,
        };
        let asked = Asked { profile: "p", environment: "dev", host: "h", grant, client_auth: auth };
        error.problem_of(&asked, leg).next
    }

    #[test]
    fn a_refused_grant_is_explained_by_what_was_presented() {
        let refused = |grant, words| next(grant, ClientAuth::Basic, Leg::Token, "invalid_grant", words);
        for (grant, words, part) in [
            (Grant::AuthorizationCode, "", "`redirect_uri`"),
            (Grant::DeviceCode, "", "start the login again"),
            (Grant::Password, "", "identity mapping"),
            (Grant::JwtBearer, "bad audience", "`aud`"),
            (Grant::JwtBearer, "assertion expired", "`lifetime`"),
            (Grant::JwtBearer, "jti already used", "new `jti`"),
            (Grant::JwtBearer, "no key for kid", "`key_id`"),
            (Grant::JwtBearer, "", "PegaRULES log"),
            (Grant::JwtBearer, "No operator is associated with the token", "pxRequestor.pyUserIdentifier"),
            (Grant::Saml2Bearer, "", "recipient"),
            (Grant::TokenExchange, "", "subject token"),
            (Grant::Custom, "", "[extra.token]"),
            (Grant::ClientCredentials, "", "default access group"),
        ] {
            let step = refused(grant, words);
            assert!(step.contains(part), "{grant:?} {words}: {step}");
        }
    }

    #[test]
    fn a_dead_refresh_token_means_a_new_login_whatever_the_grant() {
        for grant in Grant::ALL {
            let step = next(grant, ClientAuth::None, Leg::Refresh, "invalid_grant", "");
            assert!(step.starts_with("log in again") && step.contains("refresh token"), "{step}");
        }
    }

    #[test]
    fn a_refused_client_is_told_about_the_method_it_used() {
        for (auth, part) in [
            (ClientAuth::None, "has a secret"),
            (ClientAuth::Basic, "\"body\""),
            (ClientAuth::Body, "\"basic\""),
            (ClientAuth::ClientSecretJwt, "clock"),
            (ClientAuth::PrivateKeyJwt, "public key"),
            (ClientAuth::Tls, "`certificate`"),
        ] {
            let step = next(Grant::ClientCredentials, auth, Leg::Token, "invalid_client", "");
            assert!(step.contains(part), "{auth:?}: {step}");
        }
    }

    #[test]
    fn every_code_of_logins_and_proofs_has_a_step_of_its_own() {
        let mut steps = Vec::new();
        for code in [
            "use_dpop_nonce",
            "invalid_dpop_proof",
            "expired_token",
            "access_denied",
            "authorization_pending",
            "login_required",
            "interaction_required",
            "consent_required",
            "invalid_session_index",
            "invalid_request_object",
            "invalid_request_uri",
            "unsupported_response_type",
            "unsupported_token_type",
            "invalid_request",
            "invalid_target",
        ] {
            let step = next(Grant::AuthorizationCode, ClientAuth::None, Leg::Login, code, "");
            assert!(!step.contains("what the code means") && !steps.contains(&step), "{code}: {step}");
            steps.push(step);
        }
        let denied = next(Grant::DeviceCode, ClientAuth::None, Leg::Token, "access_denied", "");
        assert!(denied.contains("policy"), "{denied}");
    }

    #[test]
    fn entras_own_numbers_say_more_than_the_code() {
        let step =
            |words| next(Grant::ClientCredentials, ClientAuth::Body, Leg::Token, "invalid_client", words);
        assert!(step("AADSTS7000215: Invalid client secret provided.").contains("not its id"));
        assert!(step("AADSTS50011: no such redirect").contains("redirect URI"));
        assert!(step("AADSTS500110: else").contains("client id and secret"), "only whole numbers count");
        assert!(step("AADSTS").contains("client id and secret"));
    }
}
