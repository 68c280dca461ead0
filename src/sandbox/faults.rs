//! The switches. One table says, for each, its stable name, the finding it stands for, where on
//! the way it strikes, and one sentence. Codes are the ground truth the diagnosis is scored by.
//! Modifiers change how a healthy server answers; they stand for no finding.

use super::FaultInfo;
use crate::model::problem::{Problem, ProblemKind};
use crate::model::workspace::nearest;

/// Which of the two calls of a flow a fault strikes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Leg {
    /// `POST …/oauth2/v1/token`.
    Token,
    /// The DX API.
    Resource,
}

/// Where a fault strikes unless told otherwise, and whether it may be told otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Place {
    token: bool,
    resource: bool,
    /// Set for what stands in front of the whole server: `NAME@token`, `NAME@resource` choose.
    movable: bool,
}

const TOKEN: Place = Place { token: true, resource: false, movable: false };
const RESOURCE: Place = Place { token: false, resource: true, movable: false };
const SERVER: Place = Place { token: true, resource: true, movable: false };
const FRONT: Place = Place { token: true, resource: true, movable: true };
const FRONT_TOKEN: Place = Place { token: true, resource: false, movable: true };
const FRONT_RESOURCE: Place = Place { token: false, resource: true, movable: true };

macro_rules! table {
    (
        faults { $($fault:ident $name:literal $code:literal $place:ident $text:literal;)* }
        modifiers { $($modifier:ident $mname:literal $mtext:literal;)* }
    ) => {
        /// Every switch there is.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(super) enum Fault { $($fault,)* $($modifier,)* }

        pub(super) static FAULTS: &[FaultInfo] =
            &[$(FaultInfo { name: $name, code: $code, text: $text },)*];

        pub(super) static MODIFIERS: &[FaultInfo] =
            &[$(FaultInfo { name: $mname, code: "", text: $mtext },)*];

        static PLACES: &[(&str, Fault, Place)] = &[
            $(($name, Fault::$fault, $place),)*
            $(($mname, Fault::$modifier, SERVER),)*
        ];
    };
}

table! {
    faults {
        // The connection, TLS and what stands between.
        Mtls "mtls" "net.tls_client_cert" SERVER "the https port asks for a client certificate and ends the handshake without one";
        MtlsGateway "mtls-gateway" "net.tls_client_cert" FRONT_RESOURCE "a gateway ended TLS and answers 400 because no client certificate came";
        TlsUntrusted "tls-untrusted" "net.tls_trust" SERVER "the https port shows a self-signed certificate";
        TlsName "tls-name" "net.tls_name" SERVER "the https port shows a certificate made for another host name";
        Reset "reset" "net.reset" FRONT_RESOURCE "the connection is reset once the request has been read";
        Truncated "truncated" "net.reset" FRONT_RESOURCE "the answer announces its length and ends half way";
        Slow "slow" "net.timeout" FRONT_RESOURCE "the answer takes ten seconds to begin";
        Never "never" "net.timeout" FRONT_RESOURCE "the request is read and never answered";
        Proxy407 "proxy-407" "net.proxy_auth" FRONT "a proxy answers 407 and wants credentials of its own";
        CaptivePortal "captive-portal" "net.captive_portal" FRONT "the network answers 511 with its log-in page";
        Misdirected "misdirected" "net.misdirected" FRONT_RESOURCE "421: this server is not the one for that host";
        HeaderTooLarge "header-too-large" "net.header_too_large" FRONT_RESOURCE "431: the request's header fields are too large";
        Unavailable "unavailable" "net.unavailable" FRONT "a gateway answers 502 in HTML because nothing is behind it";
        Starting "starting" "pega.starting" FRONT "503 with Retry-After: the Pega node is still starting";
        RateLimit "rate-limit" "rate.limited" FRONT_TOKEN "429 with Retry-After";

        // The front door.
        SsoRedirect "sso-redirect" "front.sso_redirect" FRONT "a single sign-on gateway redirects to an identity provider on another host";
        LoginPage "login-page" "front.login_page" FRONT "a log-in page in HTML with status 200 instead of JSON";
        Html401 "html-401" "front.login_page" FRONT_RESOURCE "a log-in page in HTML with status 401";
        CrossHost "cross-host-redirect" "front.credentials_dropped" FRONT_RESOURCE "a redirect to the same path on another host name, where clients no longer send Authorization";
        RedirectLoop "redirect-loop" "front.redirect_loop" FRONT_RESOURCE "a cookie gateway redirects to the same address again and again";
        Waf "waf" "front.waf" FRONT_RESOURCE "a web application firewall blocks the request with its own 403 page";
        WafF5 "waf-f5" "front.waf" FRONT_RESOURCE "another firewall blocks with `The requested URL was rejected` and a support id";
        AwsGateway "aws-gateway" "front.api_key" FRONT_RESOURCE "an AWS API gateway answers 403 `Missing Authentication Token`";
        ApiKey "api-key" "front.api_key" FRONT_RESOURCE "an API gateway wants a subscription key before anything else";

        // The token endpoint.
        WrongSecret "wrong-secret" "client.invalid" TOKEN "every client secret is refused with invalid_client";
        BasicOnly "basic-only" "client.basic_expected" TOKEN "the client is taken only from a Basic header, never from the body";
        GrantNotAllowed "grant-not-allowed" "grant.not_allowed" TOKEN "the grant is not ticked in the client registration: unauthorized_client";
        UnsupportedGrant "unsupported-grant" "grant.unsupported" TOKEN "the server knows no such grant: unsupported_grant_type";
        InvalidScope "invalid-scope" "scope.invalid" TOKEN "every scope is refused with invalid_scope";
        InvalidTarget "invalid-target" "target.invalid" TOKEN "the audience or resource is refused with invalid_target";
        HiddenError "hidden-error" "response.hidden_error" TOKEN "errors come in Pega's shape on status 200";
        WrongEndpoint "wrong-endpoint" "endpoint.wrong" TOKEN "nothing is deployed at the token endpoint's path: 404";
        DpopNonce "dpop-nonce" "dpop.nonce" TOKEN "the token endpoint wants a DPoP proof with its nonce: use_dpop_nonce";
        DpopProof "dpop-proof" "dpop.proof" TOKEN "generic server: every DPoP proof is refused with invalid_dpop_proof";
        DevicePending "device-pending" "device.pending" TOKEN "generic server: a device waits for ever, whatever the person decided";
        DeviceExpired "device-expired" "device.expired" TOKEN "generic server: every device code has expired";
        DeviceDenied "device-denied" "device.denied" TOKEN "generic server: every device is denied";
        OperatorMissing "operator-missing" "pega.operator" TOKEN "the operator of the client registration does not exist";
        OperatorDisabled "operator-disabled" "pega.operator" TOKEN "the operator of the client registration is disabled";
        OperatorLocked "operator-locked" "pega.operator" TOKEN "the operator of the client registration is locked";
        OperatorNotMapped "operator-not-mapped" "pega.operator" TOKEN "the identity mapping of an assertion ends without an operator: No operator is associated with the token";
        NoAccessGroup "no-access-group" "pega.operator" TOKEN "the operator of the client registration has no default access group";

        // One grant each.
        CodeRefused "code-refused" "grant.code" TOKEN "every authorization code is refused as invalid, expired or used";
        PkceMismatch "pkce-mismatch" "grant.code" TOKEN "no code verifier fits its challenge";
        RefreshDead "refresh-dead" "grant.refresh" TOKEN "every refresh token is dead: 401 invalid_grant";
        UserRefused "user-refused" "grant.user" TOKEN "every user name and password is refused";
        NoIdentityMapping "no-identity-mapping" "grant.user" TOKEN "the password grant finds no identity mapping in the client registration";
        AssertionAudience "assertion-audience" "assertion.audience" TOKEN "the audience of every assertion is refused";
        AssertionExpired "assertion-expired" "assertion.time" TOKEN "every assertion is expired or not valid yet";
        AssertionReplayed "assertion-replayed" "assertion.replay" TOKEN "the jti of every assertion was used before";
        AssertionKey "assertion-key" "assertion.key" TOKEN "the signature of an assertion fits no registered key";
        AssertionSubject "assertion-subject" "assertion.subject" TOKEN "the subject of every assertion is refused by the token profile";
        LoginRequired "login-required" "login.required" TOKEN "the authorization endpoint answers login_required whatever is asked, as to prompt=none without a session";
        StaleSession "stale-session" "pega.session" TOKEN "every session_index is refused: invalid_session_index";
        RedirectUri "redirect-uri" "pega.redirect_uri" TOKEN "no redirect URI is in the client registration's list: an error page";

        // The token itself: issued so, and refused by the DX API.
        ExpiredToken "expired-token" "token.expired" SERVER "tokens are past their exp when they are issued";
        NotYetValid "not-yet-valid" "token.not_yet_valid" SERVER "tokens carry an nbf one hour ahead";
        ForeignIssuer "foreign-issuer" "token.issuer" SERVER "tokens name the issuer of another environment";
        WrongAudience "wrong-audience" "token.audience" SERVER "tokens are meant for another API";
        RotatedKey "rotated-key" "token.unknown_key" SERVER "tokens are signed by a key that is no longer at the keys endpoint";
        BadSignature "bad-signature" "token.signature" SERVER "the signature does not fit the token";
        Revoked "revoked" "token.revoked" SERVER "tokens are on the deny list as soon as they are issued";
        OpaqueToken "opaque-token" "token.opaque" SERVER "tokens are opaque, and the DX API refuses them without a word";
        NeedsDpop "needs-dpop" "token.needs_dpop" SERVER "tokens are bound to a DPoP key; sent as Bearer they are refused";
        NeedsMtls "needs-mtls" "token.needs_mtls" SERVER "tokens are bound to a client certificate; without it they are refused";
        AlgNone "alg-none" "token.algorithm" SERVER "tokens are not signed at all: alg none";
        Milliseconds "time-in-milliseconds" "token.time_format" SERVER "tokens count their times in milliseconds";
        TokenType "token-type" "token.type" SERVER "tokens are of the type MAC; sent as Bearer they are refused";
        ClockAhead "clock-ahead" "clock.skew" RESOURCE "the DX API's clock is two hours ahead of the token endpoint's, so it takes fresh tokens for expired";
        ClockBehind "clock-behind" "clock.skew" RESOURCE "the DX API's clock is two hours behind the token endpoint's, so it takes fresh tokens for issued in the future";

        // What the DX API says to a token that is fine.
        Bare401 "bare-401" "resource.credentials_not_seen" RESOURCE "401 with a bare Bearer challenge, as if no token had come";
        TokenRejected "token-rejected" "token.rejected" RESOURCE "401 with error=\"invalid_token\" and no reason one can see in the token";
        Empty401 "empty-401" "token.rejected" RESOURCE "401 with neither challenge nor body";
        Xml401 "xml-401" "token.rejected" RESOURCE "401 with an XML body and no challenge";
        BasicPackage "basic-package" "pega.basic_package" RESOURCE "the service packages take Basic: a Basic challenge and Pega's Warning 299";
        OtherScheme "other-scheme" "resource.other_scheme" RESOURCE "401 that offers Negotiate and NTLM only";
        InsufficientScope "insufficient-scope" "token.scope" RESOURCE "403 with error=\"insufficient_scope\"";
        StepUp "step-up" "resource.step_up" RESOURCE "401 that wants a stronger log-in (RFC 9470)";
        Metadata "metadata-challenge" "resource.metadata" RESOURCE "401 that points to protected resource metadata (RFC 9728)";
        Csrf "csrf" "resource.csrf" RESOURCE "writing calls are refused for want of a CSRF token; reading ones are not";
        Intermittent "intermittent" "resource.intermittent" RESOURCE "every second call is refused: one node of two does not know the key";
        Forbidden "forbidden" "access.forbidden" RESOURCE "403 with nothing that says why";
        Hidden "hidden" "access.hidden" RESOURCE "404 for cases that exist, because the operator may not see them";

        // Pega's own reasons.
        AliasRequired "alias-required" "pega.app_alias" RESOURCE "403 unless the URL names the application: /prweb/app/acme-cases/api/…";
        MissingPrivilege "missing-privilege" "pega.privilege" RESOURCE "the operator's role lacks the privileges of the DX API";
        StartingFields "starting-fields" "pega.starting_fields" RESOURCE "the case type takes no content at creation, not even an empty one";
        CaseType "case-type" "pega.case_type" RESOURCE "no case type is found by the name sent";
        EtagStale "etag-stale" "pega.etag" RESOURCE "somebody else saves the case just before every change: the etag is stale";
        EtagMissing "etag-missing" "pega.etag" RESOURCE "a gateway drops If-Match, so the etag is missing";
        LockedCase "locked-case" "pega.locked" RESOURCE "423: another operator holds the case's lock";
    }
    modifiers {
        PegaLegacyErrors "pega-legacy-errors" "OAuth errors in Pega's own shape: {\"errors\":[{\"ID\",\"message\"}]}";
        LegacyToken "legacy-token" "opaque access tokens as before Pega 8.5; they are accepted";
        NoChallenge "no-challenge" "401 answers carry no WWW-Authenticate";
        Gzip "gzip" "answers are compressed where the client allows it";
        ServerBehind "server-behind" "the whole server's clock is two hours behind: Date, iat and exp; tokens look expired here and are not";
        ServerAhead "server-ahead" "the whole server's clock is two hours ahead: Date, iat and exp";
        RfcMtls "rfc-mtls" "generic server: a second port asks for client certificates (RFC 8705); mtls_endpoint_aliases name it";
        RfcForeignIss "rfc-foreign-iss" "generic server: the iss of authorization responses (RFC 9207) names another issuer";
        CustomBearerOff "custom-bearer-off" "the setting CustomAuthForPegaEmbed is off: no custom-bearer grant";
        SamlUnsigned "saml-unsigned" "FOR TESTS: SAML assertions need no signature; with or without this, signatures are not checked";
        Tls "tls" "a healthy https port, its certificate signed by the sandbox's own authority";
    }
}

/// The switches that are on, per leg.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct FaultSet {
    token: u128,
    resource: u128,
}

const TLS: [Fault; 5] = [Fault::Mtls, Fault::TlsUntrusted, Fault::TlsName, Fault::Tls, Fault::RfcMtls];

fn bit(fault: Fault) -> u128 {
    1 << (fault as u32)
}

impl FaultSet {
    /// From names, each maybe with `@token` or `@resource`.
    pub(super) fn parse(names: &[String]) -> Result<FaultSet, Problem> {
        let mut set = FaultSet::default();
        for given in names {
            let (name, leg) = match given.split_once('@') {
                Some((name, leg)) => (name, Some(leg)),
                None => (given.as_str(), None),
            };
            let Some((_, fault, place)) = PLACES.iter().find(|(n, _, _)| *n == name) else {
                return Err(unknown(name));
            };
            let (token, resource) = match leg {
                None => (place.token, place.resource),
                Some("token") if place.movable => (true, false),
                Some("resource") if place.movable => (false, true),
                Some(other) => {
                    return Err(Problem::new(
                        ProblemKind::Usage,
                        format!("cannot move the fault `{name}` to `{other}`"),
                        "only faults in front of the server can be moved, and only to `token` or `resource`",
                        format!("use `{name}`"),
                    ));
                }
            };
            if token {
                set.token |= bit(*fault);
            }
            if resource {
                set.resource |= bit(*fault);
            }
        }
        Ok(set)
    }

    /// On at this leg.
    pub(super) fn at(&self, leg: Leg, fault: Fault) -> bool {
        let set = match leg {
            Leg::Token => self.token,
            Leg::Resource => self.resource,
        };
        set & bit(fault) != 0
    }

    /// On at all.
    pub(super) fn has(&self, fault: Fault) -> bool {
        (self.token | self.resource) & bit(fault) != 0
    }

    /// True when any switch asks for the https port.
    pub(super) fn wants_tls(&self) -> bool {
        TLS.into_iter().any(|f| self.has(f))
    }

    /// True when the https port is the one clients are meant to use; `rfc-mtls` alone only adds a port.
    pub(super) fn public_tls(&self) -> bool {
        TLS.into_iter().any(|f| f != Fault::RfcMtls && self.has(f))
    }

    /// True when the https port asks for a client certificate; `mtls` insists on one.
    pub(super) fn asks_certificate(&self) -> bool {
        self.has(Fault::Mtls) || self.has(Fault::RfcMtls)
    }

    /// True when both ask for the same https port.
    pub(super) fn same_tls(&self, other: &FaultSet) -> bool {
        TLS.into_iter().all(|f| self.has(f) == other.has(f))
    }

    /// The names that are on; those on at one leg only, though they need not be, say which.
    pub(super) fn names(&self) -> Vec<String> {
        let named = |(name, fault, place): &(&str, Fault, Place)| {
            let on = (self.at(Leg::Token, *fault), self.at(Leg::Resource, *fault));
            match on {
                (false, false) => None,
                on if on == (place.token, place.resource) => Some((*name).to_owned()),
                (true, true) => Some((*name).to_owned()),
                (true, false) => Some(format!("{name}@token")),
                (false, true) => Some(format!("{name}@resource")),
            }
        };
        PLACES.iter().filter_map(named).collect()
    }
}

fn unknown(name: &str) -> Problem {
    let near = nearest(name, PLACES.iter().map(|(n, _, _)| *n));
    let next = match near.first() {
        Some(first) => format!("did you mean `{first}`? `hallpass sandbox --list-faults` shows all"),
        None => "`hallpass sandbox --list-faults` shows all".to_owned(),
    };
    Problem::new(ProblemKind::Usage, format!("no fault is named `{name}`"), "", next)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mistyped_fault_gets_a_suggestion() {
        let problem = FaultSet::parse(&["wrong-secert".to_owned()]).unwrap_err();
        assert!(problem.next.contains("`wrong-secret`"), "{problem}");
        assert_eq!(problem.kind, ProblemKind::Usage);
    }

    #[test]
    fn names_are_unique_and_every_fault_has_a_code() {
        let mut names: Vec<_> = PLACES.iter().map(|(n, _, _)| *n).collect();
        let all = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), all);
        assert!(all < 128, "the bit set holds 128");
        assert!(FAULTS.iter().all(|f| f.code.contains('.')), "faults stand for a finding");
    }

    #[test]
    fn only_what_stands_in_front_can_be_moved_between_the_legs() {
        let set = FaultSet::parse(&["slow@token".to_owned()]).unwrap();
        assert!(set.at(Leg::Token, Fault::Slow) && !set.at(Leg::Resource, Fault::Slow));
        assert!(FaultSet::parse(&["wrong-secret@resource".to_owned()]).is_err());
        assert!(FaultSet::parse(&["slow@nowhere".to_owned()]).is_err());
        let names = ["slow@token", "waf", "gzip"].map(str::to_owned);
        assert_eq!(FaultSet::parse(&names).unwrap().names(), ["slow@token", "waf", "gzip"]);
    }
}
