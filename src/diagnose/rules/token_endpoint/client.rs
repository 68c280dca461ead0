//! The client's own authentication (rows T-01, T-02, T-04, T-26).

use super::sent::{Way, has_escape, pieces, secret, way};
use super::{any_in, error_said, file, has_code, is_oauth, reached, says_any};
use crate::diagnose::evidence::{Evidence, Place, short};
use crate::diagnose::facts::{Facts, Known, KnownKind};
use crate::diagnose::finding::{Finding, Findings, Likelihood};
use crate::diagnose::probe::{Probe, Remedy};
use crate::model::profile::ClientAuth;
use Likelihood::{Certain, Likely, Possible};

/// Codes that say that the client was not believed: RFC 6749, Pega, GitHub, Slack.
const CODES: &[&str] = &[
    "invalid_client",
    "invalid_authorization_header",
    "invalid_client_id",
    "invalid_client_secret",
    "invalid_client_credentials",
    "incorrect_client_credentials",
    "bad_client_secret",
];

/// Keycloak says `unauthorized_client` of a wrong secret, Entra of an application that the tenant does not know.
const UNKNOWN_CLIENT: &[&str] = &[
    "invalid client secret",
    "invalid client credentials",
    "invalid client or invalid client credentials",
    "aadsts700016",
    "was not found in the directory",
];

/// True when the server says in so many words that it does not believe the client.
pub(super) fn is_refused(facts: &Facts) -> bool {
    says_any(facts, CODES)
        || facts.says_error("unauthorized_client") && any_in(&facts.words(), UNKNOWN_CLIENT)
        // Auth0 says `access_denied` and `Unauthorized` of a wrong secret.
        || facts.status() == Some(401)
            && facts.says_error("access_denied")
            && facts.words().trim() == "unauthorized"
}

/// True when the client's credentials may be what was refused: the server says so, or says nothing that speaks against it.
pub(super) fn may_be_refused(facts: &Facts) -> bool {
    is_refused(facts)
        || says_any(facts, &["invalid_request"])
        || !has_code(facts) && matches!(facts.status(), Some(400 | 401))
}

/// A 401 of a token endpoint that names no code: by the protocol only the client can be meant.
fn is_bare_401(facts: &Facts) -> bool {
    facts.is_token_request() && is_oauth(facts) && facts.status() == Some(401) && !has_code(facts)
}

/// T-04: two authentications in one request (RFC 6749 section 2.3: a client must not).
pub(super) fn two_methods(facts: &Facts, found: &mut Findings) {
    if !is_oauth(facts) || !may_be_refused(facts) {
        return;
    }
    let request = &facts.request;
    let basic = request.authorization.iter().any(|a| a.scheme.eq_ignore_ascii_case("basic"));
    let has = |name: &str| request.field(name).is_some_and(|v| !v.is_empty());
    let ways = [
        (basic, "an Authorization header (Basic)", Place::RequestHeader("authorization".to_owned())),
        (has("client_secret"), "client_secret in the body", Place::RequestBody),
        (has("client_assertion"), "client_assertion in the body", Place::RequestBody),
    ];
    let sent: Vec<_> = ways.into_iter().filter(|(there, ..)| *there).collect();
    if sent.len() < 2 {
        return;
    }
    let said = any_in(&facts.words(), &["more than one", "multiple", "both", "only one"]);
    let sure = said && says_any(facts, &["invalid_request", "invalid_client"]);
    let names: Vec<&str> = sent.iter().map(|(_, words, _)| *words).collect();
    let mut finding = Finding::new("client.two_methods", if sure { Certain } else { Likely })
        .summary(format!("the client authenticates twice: {}", names.join(" and ")))
        .evidence(sent.into_iter().map(|(_, words, place)| Evidence::at(place, format!("sent: {words}"))))
        .evidence(Evidence::status(facts))
        .weight(15);
    if basic && has("client_secret") {
        finding = finding
            .remedy(Remedy::ClientAuth(ClientAuth::Basic))
            .remedy(Remedy::ClientAuth(ClientAuth::Body));
    }
    found.add(finding);
}

/// T-26: the endpoint asks for Basic, and none was sent. (Basic sent and refused is `client.invalid`.)
pub(super) fn basic_expected(facts: &Facts, found: &mut Findings) {
    let Some(answer) = &facts.answer else { return };
    let way = way(facts);
    if !is_oauth(facts) || !matches!(way, Way::Body | Way::None) || !may_be_refused(facts) {
        return;
    }
    let challenged = answer.status == 401 && answer.challenge("Basic").is_some() && facts.is_token_request();
    let words = facts.words();
    let named = any_in(&words, &["client_secret_basic", "basic authentication", "http basic", "basic auth"])
        && !words.contains("not with client_secret_basic");
    // A challenge answers the method it was tried with; some servers send it always.
    if !(challenged || named && is_refused(facts))
        || !reached(facts, found)
        || found.has("client.two_methods")
    {
        return;
    }
    let finding = Finding::new("client.basic_expected", Likely)
        .evidence(Evidence::status(facts))
        .evidence(Evidence::response_header(facts, "www-authenticate"))
        .evidence(named.then(|| Evidence::body(facts, "basic")))
        .remedy(Remedy::ClientAuth(ClientAuth::Basic))
        .weight(10);
    found.add(match way {
        Way::Body => finding
            .summary("the token endpoint wants the client in a Basic header, and it was sent in the body")
            .evidence(Evidence::at(
                Place::RequestBody,
                "sent: client_secret in the body, no Authorization header",
            )),
        _ => finding
            .summary("the token endpoint wants the client in a Basic header, and none was sent")
            .evidence(Evidence::at(Place::RequestBody, "sent: no Authorization header and no client_secret")),
    });
}

/// T-02: the secret has characters that one side encodes and the other may not decode.
pub(super) fn encoding(facts: &Facts, found: &mut Findings) {
    if !is_oauth(facts) || !(is_refused(facts) || is_bare_401(facts)) || found.has("client.paste_error") {
        return;
    }
    let Some(piece) = secret(facts) else { return };
    let ours = facts.profile.as_ref().and_then(|p| p.client_auth);
    let basic = way(facts) == Way::Basic;
    let (words, remedy) = if basic {
        let encoded = match ours {
            Some(ClientAuth::Basic) => true,
            Some(ClientAuth::BasicRaw) => false,
            _ => has_escape(piece.sent),
        };
        if encoded && (has_escape(piece.sent) || piece.sent.contains('+')) {
            (
                "was sent form-encoded, as RFC 6749 asks; a server that does not decode sees another secret",
                ClientAuth::BasicRaw,
            )
        } else if !encoded && (piece.sent.contains(['+', '%']) || !piece.sent.is_ascii()) {
            (
                "was sent as it stands; a server that decodes it, as RFC 6749 asks, sees another secret",
                ClientAuth::Basic,
            )
        } else {
            return;
        }
    } else if has_escape(piece.sent) {
        (
            "still holds %XX after the body was decoded: it was encoded twice, or the encoded text was copied",
            ClientAuth::Basic,
        )
    } else if piece.sent.trim().contains(' ') && facts.request.body.contains('+') {
        ("has a blank where the body has `+`: a plus sign was not encoded", ClientAuth::Basic)
    } else {
        return;
    };
    // The server's own reason, where it gives one, is another.
    let other = names_reason(&facts.words()) || known_as(facts).is_some();
    let mut special: Vec<char> =
        piece.text.chars().filter(|c| "%+&=:/ #?".contains(*c) || !c.is_ascii()).collect();
    special.sort_unstable();
    special.dedup();
    let shown: Vec<String> = special.iter().take(6).map(|c| format!("U+{:04X}", u32::from(*c))).collect();
    let place = match basic {
        true => Place::RequestHeader("authorization".to_owned()),
        false => Place::RequestBody,
    };
    let holds = if shown.is_empty() { String::new() } else { format!("; it holds {}", shown.join(", ")) };
    let finding = Finding::new("client.secret_encoding", if other { Possible } else { Likely })
        .summary(match basic {
            true => "the secret has characters that the two sides may encode differently",
            false => "the secret in the body was not encoded once",
        })
        .cause(format!("The client secret {words}."))
        .evidence(Evidence::at(place, format!("client_secret {words}{holds}")))
        .evidence(error_said(facts, "invalid_client"))
        .weight(5);
    found.add(match basic {
        true => finding.remedy(Remedy::ClientAuth(remedy)),
        false => finding.remedy(Remedy::SetSecret { variable: "client_secret".to_owned() }),
    });
}

/// True when the server says what is wrong with the client, so that no guess is needed.
fn names_reason(words: &str) -> bool {
    any_in(
        words,
        &[
            "aadsts",
            "expired",
            "not found",
            "unknown client",
            "no such client",
            "client not found",
            "does not exist",
            "disabled",
            "not enabled",
            "deactivated",
        ],
    )
}

/// What else the secret that was sent is known as.
fn known_as(facts: &Facts) -> Option<&Known> {
    let piece = secret(facts)?;
    let same = |known: &&Known| {
        let text = known.text.expose();
        !text.is_empty() && (text == piece.sent || text == piece.text)
    };
    let active = facts.environments.iter().find(|e| e.active).map(|e| e.name.as_str()).unwrap_or_default();
    let wrong = |known: &&Known| {
        known.kind != KnownKind::ClientSecret
            || !known.environment.is_empty() && !active.is_empty() && known.environment != active
    };
    // The right one may be kept under another name too.
    if facts.known.iter().filter(same).any(|known| known.kind == KnownKind::ClientSecret && !wrong(&known)) {
        return None;
    }
    facts.known.iter().filter(same).find(wrong)
}

/// T-01: the client was not believed.
pub(super) fn invalid(facts: &Facts, found: &mut Findings) {
    let bare = is_bare_401(facts);
    if !is_oauth(facts) || !is_refused(facts) && !bare || !reached(facts, found) {
        return;
    }
    let deeper = [
        "client.paste_error",
        "client.two_methods",
        "client.basic_expected",
        "client.secret_encoding",
        "request.not_form",
        "request.misplaced",
        "assertion.subject",
        "assertion.time",
        "assertion.audience",
        "assertion.key",
        "assertion.replay",
        "net.tls_client_cert",
    ];
    let named = names_reason(&facts.words());
    let explained = deeper.iter().any(|code| found.has(code)) && !named;
    let likelihood = if bare || explained { Likely } else { Certain };
    let code = CODES.iter().find(|c| facts.says_error(c)).copied().unwrap_or("unauthorized_client");
    let mut finding = Finding::new("client.invalid", likelihood)
        .evidence(if bare { vec![Evidence::status(facts)] } else { error_said(facts, code) })
        .evidence(Evidence::response_header(facts, "www-authenticate"));
    let file = file(facts);
    finding = match way(facts) {
        Way::Basic => finding
            .summary("the server does not accept the client's id and secret (Basic)")
            .remedy(Remedy::SetSecret { variable: "client_secret".to_owned() })
            .probe(Probe::OtherClientAuth),
        Way::Body => finding
            .summary("the server does not accept the client's id and secret (in the body)")
            .remedy(Remedy::SetSecret { variable: "client_secret".to_owned() })
            .probe(Probe::OtherClientAuth),
        Way::Assertion => finding
            .summary("the server does not accept the client assertion")
            .cause("The client proves who it is by a signed assertion, and the server does not accept it: the key is not registered for this client, the audience or a time is not the one it wants, or it does not know the client.")
            .confirm("compare aud, iss, sub and the times of the assertion with what the server documents, and its kid with the registered keys")
            .fix(format!("register the public key of `key` under its `key_id`, and check `assertion_audience` in {file} (`issuer` or `token_url`)")),
        Way::Certificate => finding
            .summary("the server does not accept the client by its certificate")
            .cause("The client proves who it is by its TLS certificate, and that did not come or is not the registered one.")
            .confirm("compare the subject or thumbprint of the certificate with the registration, and the token URL with `mtls_endpoint_aliases` of the metadata")
            .fix(format!("check that `certificate` in {file} is the registered one and that `token_url` is the server's address for mutual TLS")),
        Way::None => finding
            .summary("the server wants the client to authenticate, and nothing was sent to do so")
            .cause("The request names no client authentication: no Basic header, no client_secret, no assertion. Either the client has a secret, or the server does not know it as a public client.")
            .confirm("look in the client registration whether the client is confidential (has a secret) or public")
            .fix(format!("set `client_secret` and `client_auth = \"basic\"` in {file}, or have the client registered as public"))
            .remedy(Remedy::SetSecret { variable: "client_secret".to_owned() }),
    };
    if facts.words().contains("client_secret_post") && way(facts) == Way::Basic {
        finding = finding.remedy(Remedy::ClientAuth(ClientAuth::Body));
    }
    found.add(hints(facts, finding));
}

/// What can be seen of the secret and the id without showing them.
fn hints(facts: &Facts, mut finding: Finding) -> Finding {
    let pieces = pieces(facts);
    let of = |name: &str| pieces.iter().find(|p| p.name == name && !p.sent.is_empty());
    let place = match way(facts) {
        Way::Basic => Place::RequestHeader("authorization".to_owned()),
        _ => Place::RequestBody,
    };
    if let Some(known) = known_as(facts) {
        let what = match known.kind {
            KnownKind::ClientSecret => {
                format!("the client secret of the environment {}", short(&known.environment))
            }
            kind => format!("{} ({})", kind.words(), short(&known.label)),
        };
        finding = finding
            .summary(format!("what was sent as client_secret is {what}"))
            .cause(format!("The server refuses the client, and the text sent as its secret is {what}: the wrong value stands in the profile or the environment."))
            .fix("put this environment's client secret there")
            .evidence(Evidence::at(Place::Profile, format!("the client_secret sent is also kept as {what}")));
    }
    let Some(secret) = of("client_secret") else { return finding };
    let text = secret.text.as_ref();
    let shape = if of("client_id").is_some_and(|id| id.text == secret.text) {
        Some("is the same text as client_id")
    } else if text.starts_with("eyJ") && text.matches('.').count() >= 2 {
        Some("looks like a JWT, not like a secret")
    } else if facts.request.host().ends_with("microsoftonline.com") && is_uuid(text) {
        Some("is a GUID: in Entra that is the shape of the secret's id, not of its value")
    } else if facts.request.is_pega() && !is_pega_secret(text) {
        Some("is not 32 upper-case hexadecimal digits, which Pega's own secrets are")
    } else {
        None
    };
    if let Some(shape) = shape {
        let length = text.chars().count();
        finding = finding
            .evidence(Evidence::at(place.clone(), format!("client_secret ({length} characters) {shape}")));
    }
    let odd_id = of("client_id").filter(|id| {
        facts.request.is_pega() && !(id.text.len() == 20 && id.text.bytes().all(|b| b.is_ascii_digit()))
    });
    if let Some(id) = odd_id {
        let length = id.text.chars().count();
        finding = finding.evidence(Evidence::at(
            place,
            format!("client_id ({length} characters) is not 20 digits, which Pega's own ids are"),
        ));
    }
    if facts.request.is_pega() {
        finding = finding.fix(
            "copy id and secret again from the OAuth 2.0 client registration in Dev Studio (Records, Security); the secret is shown only once, so regenerate it if it is lost: that revokes every token of the client",
        );
    }
    finding
}

fn is_uuid(text: &str) -> bool {
    text.len() == 36
        && text.char_indices().all(|(at, c)| match at {
            8 | 13 | 18 | 23 => c == '-',
            _ => c.is_ascii_hexdigit(),
        })
}

fn is_pega_secret(text: &str) -> bool {
    text.len() == 32 && text.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'A'..=b'F'))
}
