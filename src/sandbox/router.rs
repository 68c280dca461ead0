//! From a path to an answer, and what every answer gets on its way out: the date by the
//! sandbox's clock, its mark, and the faults that spoil bodies.

use super::answer::{self, Answer, Body, With};
use super::call::Call;
use super::clock;
use super::faults::{Fault, Leg};
use super::gate::{self, Api};
use super::server::Cut;
use super::state::{ALIAS, Shared};
use super::{dev_studio, dx_v1, dx_v2, extras, front, oauth_routes, pages, rfc};
use http::{Request, Response};
use hyper::body::Incoming;
use serde_json::json;

/// What a path means.
#[derive(Debug, PartialEq, Eq)]
enum Place<'a> {
    Welcome,
    Login,
    IdentityProvider,
    ResourceMetadata,
    Sandbox(&'a [&'a str]),
    Oauth(&'a [&'a str]),
    Clients(&'a [&'a str]),
    Dx(Api, Option<&'a str>, &'a [&'a str]),
    /// The generic server, which is not Pega.
    Rfc(&'a [&'a str]),
    RfcMetadata(&'a [&'a str]),
    UnknownApi,
    Unknown,
}

impl Place<'_> {
    /// Which leg's faults strike here.
    fn leg(&self) -> Option<Leg> {
        match self {
            Self::Oauth(["token"]) => Some(Leg::Token),
            Self::Dx(..) => Some(Leg::Resource),
            Self::Rfc(rest) => rfc::leg(rest),
            _ => None,
        }
    }
}

fn place<'a>(segments: &'a [&'a str]) -> Place<'a> {
    let (alias, rest) = match segments {
        ["prweb", "app", alias, rest @ ..] => (Some(*alias), rest),
        ["prweb", rest @ ..] => (None, rest),
        ["sandbox", rest @ ..] => return Place::Sandbox(rest),
        ["idp", ..] => return Place::IdentityProvider,
        ["rfc", rest @ ..] => return Place::Rfc(rest),
        [".well-known", rest @ ..]
            if matches!(
                rest,
                ["oauth-authorization-server", "rfc"] | ["oauth-protected-resource", "rfc", "api"]
            ) =>
        {
            return Place::RfcMetadata(rest);
        }
        [".well-known", "oauth-protected-resource", ..] => return Place::ResourceMetadata,
        [] => return Place::Welcome,
        _ => return Place::Unknown,
    };
    match (alias, rest) {
        (None, []) => Place::Welcome,
        (None, ["PRAuth", ..] | ["PRServlet", ..]) => Place::Login,
        (Some(other), _) if other != ALIAS => Place::UnknownApi,
        (None, ["PRRestService", "oauth2", "v1", rest @ ..]) => Place::Oauth(rest),
        (_, ["api", "oauth2", "v1", rest @ ..]) => Place::Oauth(rest),
        (_, ["api", "oauthclients", "v1", rest @ ..]) => Place::Clients(rest),
        (alias, ["api", "v1", rest @ ..]) => Place::Dx(Api::V1, alias, rest),
        (alias, ["api", "application", "v2", rest @ ..]) => Place::Dx(Api::V2, alias, rest),
        (_, ["api", ..]) | (None, ["PRRestService", ..]) => Place::UnknownApi,
        _ => Place::Unknown,
    }
}

/// The answer to a request, or the wish to cut the connection.
pub(super) async fn answer(shared: &Shared, request: Request<Incoming>) -> Result<Answer, Cut> {
    let call = match Call::read(request).await {
        Ok(call) => call,
        Err(refused) => return Ok(refused.set("connection", "close")),
    };
    let segments: Vec<&str> = call.segments.iter().map(String::as_str).collect();
    let place = place(&segments);
    let leg = place.leg();
    let stopped = match leg {
        Some(leg) => front::stop(shared, &call, leg).await?,
        None => None,
    };
    let mut answer = match stopped {
        Some(answer) => answer,
        None => route(shared, &call, &place).await,
    };
    if shared.faults().has(Fault::Gzip) && call.header("accept-encoding").is_some_and(|v| v.contains("gzip"))
    {
        answer = answer::gzip(answer).await;
    }
    let cut = leg.is_some_and(|leg| shared.faults().at(leg, Fault::Truncated));
    let now = match leg {
        Some(Leg::Resource) => clock::resource_now(&shared.faults()),
        _ => clock::now(&shared.faults()),
    };
    let mark = if matches!(place, Place::Rfc(_) | Place::RfcMetadata(_)) { "rfc" } else { "1" };
    answer = answer.set("date", &clock::http_date(now)).with("x-hallpass-sandbox", mark);
    if cut {
        answer = answer::truncate(answer).await;
    }
    Ok(answer)
}

async fn route(shared: &Shared, call: &Call, place: &Place<'_>) -> Response<Body> {
    match place {
        Place::Welcome => answer::html(200, pages::welcome(&shared.public)),
        Place::Login => answer::html(200, pages::login()),
        Place::IdentityProvider => answer::html(200, pages::identity_provider()),
        Place::ResourceMetadata => answer::json(
            200,
            &json!({
                "resource": format!("{}/prweb/api", shared.public),
                "authorization_servers": [shared.issuer()],
                "bearer_methods_supported": ["header"],
            }),
        ),
        Place::Sandbox(rest) => match dev_studio::stranger(call) {
            Some(refusal) => refusal,
            None => match rest {
                ["dev-studio", rest @ ..] => dev_studio::answer(shared, call, rest),
                rest => extras::answer(shared, call, rest),
            },
        },
        Place::Oauth(rest) => oauth_routes::answer(shared, call, rest).await,
        Place::Clients(rest) => oauth_routes::clients(shared, call, rest).await,
        Place::Dx(api, alias, rest) => match gate::admit(shared, call, *api, *alias).await {
            Err(refusal) => refusal,
            Ok(caller) => match api {
                Api::V1 => dx_v1::answer(shared, call, rest, &caller),
                Api::V2 => dx_v2::answer(shared, call, rest, &caller),
            },
        },
        Place::Rfc(rest) => rfc::answer(shared, call, rest).await,
        Place::RfcMetadata(rest) => rfc::well_known(&shared.rfc, call, rest),
        Place::UnknownApi => oauth_routes::not_found(),
        Place::Unknown => {
            answer::html(404, pages::plain("404 Not Found", "There is nothing at this address."))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_service_is_reached_by_each_of_its_paths() {
        for path in [
            "prweb/PRRestService/oauth2/v1/token",
            "prweb/api/oauth2/v1/token",
            "prweb/app/acme-cases/api/oauth2/v1/token",
        ] {
            let segments: Vec<&str> = path.split('/').collect();
            assert_eq!(place(&segments), Place::Oauth(&["token"]), "{path}");
            assert_eq!(place(&segments).leg(), Some(Leg::Token));
        }
        let segments = ["prweb", "app", "acme-cases", "api", "v1", "cases"];
        assert_eq!(place(&segments), Place::Dx(Api::V1, Some("acme-cases"), &["cases"]));
        assert_eq!(place(&["prweb", "app", "other", "api", "v1", "cases"]), Place::UnknownApi);
    }
}
