//! Discovery: from an issuer, or from an API that names its issuer, to a filled profile.

use super::call::Call;
use super::endpoints::{body_of_200, document, metadata_of};
use super::network::host;
use super::scope::resolve;
use super::{Session, TokenFailure, TokenPlan};
use crate::model::exchange::Exchange;
use crate::model::problem::{Problem, ProblemKind};
use crate::model::profile::OauthProfile;
use crate::model::progress::no_progress;
use crate::oauth::error::clean;
use crate::oauth::metadata::{self, Filled, Metadata, ResourceMetadata};
use crate::template::{Dynamics, Place};
use jiff::Timestamp;
use std::sync::Arc;
use tokio_util::sync::CancellationToken;
use url::Url;

/// What discovery found.
#[derive(Debug, Clone)]
pub struct Discovered {
    /// The metadata.
    pub metadata: Metadata,
    /// What it fills in the plan's profile.
    pub filled: Vec<Filled>,
    /// What is worth knowing (the grant is not offered, PAR is required …).
    pub notes: Vec<String>,
    /// The profile, filled.
    pub profile: OauthProfile,
    /// Protected resource metadata, when discovery began at an API.
    pub resource: Option<ResourceMetadata>,
    /// Every exchange, in order.
    pub exchanges: Vec<Arc<Exchange>>,
}

/// Reads an issuer's metadata by the road of the plan's environment. `issuer` may be an issuer, a metadata URL, or, with
/// `from_resource`, the `resource_metadata` URL of a 401 (RFC 9728), whose first authorization server is read then.
pub async fn discover(
    session: &Session,
    plan: &TokenPlan,
    issuer: &str,
    from_resource: bool,
    cancel: &CancellationToken,
) -> Result<Discovered, TokenFailure> {
    let what = format!("cannot discover the endpoints of profile `{}`", plan.profile.name);
    let dynamics = Dynamics::new(Timestamp::now(), fastrand::u64(..));
    let call = Call::open(session, plan, &dynamics, &what, &no_progress, cancel).await?;
    let mut exchanges = Vec::new();
    let (mut resource, mut notes) = (None, Vec::new());
    let issuer = if from_resource {
        // Said by a server: its braces are no variables.
        let found = resource_of(&call, issuer, &mut exchanges).await?;
        let Some(first) = found.authorization_servers.first().cloned() else {
            let why = "the API's metadata names no authorization server";
            let next =
                "ask the owner of the API who gives its tokens, and set `issuer` or the endpoints by hand";
            return Err(Problem::new(ProblemKind::Token, what, why, next).into());
        };
        if found.authorization_servers.len() > 1 {
            let others: Vec<String> = found.authorization_servers[1..].iter().map(|s| clean(s)).collect();
            notes.push(format!("the API takes tokens of others too: {}", others.join(", ")));
        }
        if found.dpop_required && !plan.profile.dpop {
            notes.push("the API wants tokens bound by DPoP: set `dpop = true`".to_owned());
        }
        if found.mtls_bound {
            notes.push(
                "the API wants tokens bound to a client certificate: `client_auth = \"tls\"`".to_owned(),
            );
        }
        resource = Some(found);
        first
    } else {
        let (text, ..) =
            resolve(&call.around, |scope| Ok(scope.text(issuer, Place::Verbatim, "the issuer").text)).await?;
        text.trim().to_owned()
    };
    if issuer.starts_with("http://") && !is_loopback(&issuer) {
        notes.push("the issuer is not https: whoever is on the way can read and change all of it".to_owned());
    }
    // Asked for by name, it is read anew.
    session.published().forget(&call.road.options, &issuer);
    let metadata = metadata_of(&call.road, &issuer, &mut exchanges).await?;
    let mut profile = plan.profile.clone();
    let (filled, more) = metadata::fill(&mut profile, &metadata, false);
    notes.extend(more);
    let (own, token) = (host(&issuer), host(&metadata.token_url));
    if !metadata.token_url.is_empty() && own != token {
        notes.push(format!("the token endpoint is on another host than the issuer: {token}"));
    }
    Ok(Discovered { metadata: (*metadata).clone(), filled, notes, profile, resource, exchanges })
}

async fn resource_of(
    call: &Call<'_>,
    place: &str,
    exchanges: &mut Vec<Arc<Exchange>>,
) -> Result<ResourceMetadata, TokenFailure> {
    let exchange = document(&call.road, place, exchanges).await?;
    let asked = without(place, "/.well-known/oauth-protected-resource");
    let read = body_of_200(&exchange).and_then(|body| metadata::read_resource(&asked, &body));
    read.map_err(|why| {
        let next = "set `issuer` or the endpoints by hand";
        let why = format!("the API's metadata cannot be used: {why}");
        let problem = Problem::new(ProblemKind::Token, call.around.what, why, next);
        TokenFailure { problem, exchange: Some(exchange), error: None, diagnosis: Default::default() }
    })
}

/// A URL without a well-known part that stands before its path.
fn without(text: &str, well_known: &str) -> String {
    let Ok(mut url) = Url::parse(text) else { return text.to_owned() };
    let Some(rest) = url.path().strip_prefix(well_known).map(str::to_owned) else { return text.to_owned() };
    url.set_path(&rest);
    let text = url.to_string();
    if rest.is_empty() { text.trim_end_matches('/').to_owned() } else { text }
}

fn is_loopback(url: &str) -> bool {
    Url::parse(url).is_ok_and(|u| match u.host() {
        Some(url::Host::Domain(name)) => name == "localhost",
        Some(url::Host::Ipv4(ip)) => ip.is_loopback(),
        Some(url::Host::Ipv6(ip)) => ip.is_loopback(),
        None => false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_resource_is_found_behind_the_address_of_its_metadata() {
        let place = "/.well-known/oauth-protected-resource";
        assert_eq!(without("https://h/.well-known/oauth-protected-resource/a/b", place), "https://h/a/b");
        assert_eq!(without("https://h/.well-known/oauth-protected-resource", place), "https://h");
        assert_eq!(without("https://h/other", place), "https://h/other");
    }
}
