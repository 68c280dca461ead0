//! What is written on the selected token, or on any JWT found in a response, and what it means for the request shown.

use crate::app::state::State;
use crate::jwt::Decoded;
use crate::jwt::lens::{Facts, SentAs};
use crate::jwt::sign::SigningKey;
use crate::model::secret::{MASK, Secret};
use crate::model::token::TokenKey;
use crate::template::{self, Place};

/// Where the shown text came from.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum JwtSource {
    /// Nothing yet.
    #[default]
    None,
    /// The selected token.
    AccessToken,
    /// Found in a request or response.
    Response,
    /// Made here: edited and signed.
    Signed,
}

/// The pane.
#[derive(Debug, Clone, Default)]
pub struct JwtPane {
    /// Where it came from.
    pub source: JwtSource,
    /// The text.
    pub text: Option<Secret>,
    /// What is on it.
    pub decoded: Option<Decoded>,
    /// Server clock minus local, milliseconds.
    pub clock_offset_ms: Option<i64>,
    /// First line shown.
    pub top: usize,
    /// Whose token was shown last, and its text; the one it had before, for comparing.
    pub last: Option<(TokenKey, Secret)>,
    /// The token that the same profile and user had before.
    pub previous: Option<Secret>,
    /// Header and claims as edited; kept until they are signed, so that a mistake loses nothing.
    pub draft: Option<Secret>,
    /// The key file or address that was typed last.
    pub key_place: String,
    /// A claim or header that a finding speaks of.
    pub lit: Option<String>,
}

impl JwtPane {
    /// Notes which token is shown, and which one it takes the place of.
    pub fn note(&mut self, key: &TokenKey, text: &Secret) {
        match self.last.take() {
            Some((before, old)) if before == *key && old != *text => self.previous = Some(old),
            Some((before, _)) if before != *key => self.previous = None,
            _ => {}
        }
        self.last = Some((key.clone(), text.clone()));
    }
}

/// What is known of the request shown and of the profile whose token is looked at. What holds a secret or a variable
/// without value counts as not known.
pub fn facts(state: &State) -> Facts {
    let mut facts = Facts::default();
    let path = state.request.path.as_ref();
    if let Some((plan, request)) = path.and_then(|path| state.plan(path)).zip(state.request.request()) {
        let url =
            template::render(&request.url, Place::Url, &plan.layers, &|_, _| Some(Secret::new(MASK))).text;
        let whole = known(&url);
        // A masked query does not hide where the request goes.
        facts.url = if whole.is_empty() { known(url.split(['?', '#']).next().unwrap_or("")) } else { whole };
        facts.method = request.method.clone();
    }
    let token = state.token.token().filter(|_| state.jwt.source == JwtSource::AccessToken);
    let name = token.map(|t| t.key.profile.clone()).or_else(|| state.profile_name());
    let Some(plan) = name.and_then(|name| state.token_plan(&name)) else { return facts };
    let text = |text: &str| {
        known(&template::render(text, Place::Verbatim, &plan.layers, &|_, _| Some(Secret::new(MASK))).text)
    };
    let profile = &plan.profile;
    facts.issuer = text(&profile.issuer);
    facts.client_id = text(&profile.client_id);
    facts.audiences = std::iter::once(&profile.audience)
        .chain(&profile.resource)
        .map(|audience| text(audience))
        .filter(|audience| !audience.is_empty())
        .collect();
    facts.scopes = profile.scope.iter().map(|scope| text(scope)).filter(|scope| !scope.is_empty()).collect();
    facts.id_token_wanted = profile.use_id_token;
    facts.certificate = !profile.certificate.is_empty();
    facts.dpop_key = token
        .and_then(|token| token.dpop_key.as_ref())
        .and_then(|key| SigningKey::read(key, "").ok()?.thumbprint());
    facts.sent_as = match token {
        _ if profile.token_in_query => SentAs::Query,
        Some(token) if token.scheme().eq_ignore_ascii_case("dpop") => SentAs::Dpop,
        Some(_) => SentAs::Bearer,
        None if profile.dpop => SentAs::Dpop,
        None => SentAs::Bearer,
    };
    facts
}

/// The text, or nothing where a part of it is not known.
fn known(text: &str) -> String {
    if text.contains("{{") || text.contains(MASK) { String::new() } else { text.trim().to_owned() }
}
