//! One finding, and the collection the rules add to.

use super::codes::{self, CodeInfo};
use super::evidence::Evidence;
use super::probe::{Probe, Remedy};

/// Which layer failed; nearer to the wire comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Layer {
    /// DNS, TCP, TLS, proxies, gateways that are down.
    Network,
    /// Single sign-on, firewalls, redirects.
    FrontDoor,
    /// The token endpoint and the client's registration there.
    TokenEndpoint,
    /// How the credentials were written into the request.
    Header,
    /// What the token itself says.
    Token,
    /// What the resource server answered.
    Resource,
    /// What only Pega does.
    Pega,
}

impl Layer {
    /// The word of the contract.
    pub fn word(self) -> &'static str {
        match self {
            Self::Network => "network",
            Self::FrontDoor => "front_door",
            Self::TokenEndpoint => "token_endpoint",
            Self::Header => "header",
            Self::Token => "token",
            Self::Resource => "resource",
            Self::Pega => "pega",
        }
    }
}

/// How sure a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Likelihood {
    /// The evidence alone proves it.
    Certain,
    /// The evidence fits this better than anything else.
    Likely,
    /// It would explain the evidence; so would something else.
    Possible,
}

impl Likelihood {
    /// The word of the contract.
    pub fn word(self) -> &'static str {
        match self {
            Self::Certain => "certain",
            Self::Likely => "likely",
            Self::Possible => "possible",
        }
    }
}

/// One reason why the exchange went as it did.
#[derive(Debug, Clone, PartialEq)]
pub struct Finding {
    /// What is known of its code in general.
    pub info: &'static CodeInfo,
    /// How sure.
    pub likelihood: Likelihood,
    /// One sentence for a status line, without full stop, about this exchange: `the token expired 3 min ago`.
    pub summary: String,
    /// What speaks for it, quoted from the exchange, secrets masked.
    pub evidence: Vec<Evidence>,
    /// What is wrong, in a sentence or two.
    pub cause: String,
    /// How to make sure.
    pub confirm: String,
    /// What to do.
    pub fix: String,
    /// What to run to make sure, by a key.
    pub probes: Vec<Probe>,
    /// What mends it, by a key, where that is safe.
    pub remedies: Vec<Remedy>,
    /// Which findings of the same likelihood and layer come first: higher first. 0 unless a rule knows better.
    pub weight: i8,
    /// True when its probes and remedies are all there are: what other rules would add for this code does not help here.
    pub closed: bool,
}

impl Finding {
    /// A finding with the words of its code; rules put more exact ones in their place.
    ///
    /// The code must be one of the table: rules name it as a literal, and a test runs them all. An unknown one becomes
    /// `token.rejected`, never a panic.
    pub fn new(code: &str, likelihood: Likelihood) -> Self {
        let info = codes::code(code).unwrap_or_else(codes::fallback);
        debug_assert_eq!(info.code, code, "a code of the table");
        Self {
            info,
            likelihood,
            summary: info.title.to_owned(),
            evidence: Vec::new(),
            cause: info.cause.to_owned(),
            confirm: info.confirm.to_owned(),
            fix: info.fix.to_owned(),
            probes: info.probes.to_vec(),
            remedies: Vec::new(),
            weight: 0,
            closed: false,
        }
    }

    /// Its stable code: `token.expired`.
    pub fn code(&self) -> &'static str {
        self.info.code
    }

    /// Its layer.
    pub fn layer(&self) -> Layer {
        self.info.layer
    }

    /// The one sentence about this exchange.
    #[must_use]
    pub fn summary(mut self, text: impl Into<String>) -> Self {
        self.summary = text.into();
        self
    }

    /// What is wrong.
    #[must_use]
    pub fn cause(mut self, text: impl Into<String>) -> Self {
        self.cause = text.into();
        self
    }

    /// How to make sure.
    #[must_use]
    pub fn confirm(mut self, text: impl Into<String>) -> Self {
        self.confirm = text.into();
        self
    }

    /// What to do.
    #[must_use]
    pub fn fix(mut self, text: impl Into<String>) -> Self {
        self.fix = text.into();
        self
    }

    /// Adds what speaks for it; takes one piece of evidence or many.
    #[must_use]
    pub fn evidence(mut self, pieces: impl IntoIterator<Item = Evidence>) -> Self {
        for piece in pieces {
            if !self.evidence.iter().any(|own| own.text == piece.text) {
                self.evidence.push(piece);
            }
        }
        self
    }

    /// Adds something to run.
    #[must_use]
    pub fn probe(mut self, probe: Probe) -> Self {
        if !self.probes.contains(&probe) {
            self.probes.push(probe);
        }
        self
    }

    /// Adds a mend.
    #[must_use]
    pub fn remedy(mut self, remedy: Remedy) -> Self {
        if !self.remedies.contains(&remedy) {
            self.remedies.push(remedy);
        }
        self
    }

    /// Says that what other rules offer for this code does not help here: its own words, probes and remedies stay.
    #[must_use]
    pub fn closed(mut self) -> Self {
        self.closed = true;
        self
    }

    /// Puts it before (or behind) others of its likelihood and layer.
    #[must_use]
    pub fn weight(mut self, weight: i8) -> Self {
        self.weight = weight;
        self
    }
}

/// What the rules found so far. At most one finding a code.
#[derive(Debug, Default)]
pub struct Findings {
    list: Vec<Finding>,
}

impl Findings {
    /// Adds one. Where the code is there already the surer one gives the words, and the evidence of both is kept.
    pub fn add(&mut self, finding: Finding) {
        let Some(own) = self.list.iter_mut().find(|f| f.code() == finding.code()) else {
            self.list.push(finding);
            return;
        };
        let (mut winner, loser) =
            if finding.likelihood < own.likelihood { (finding, own.clone()) } else { (own.clone(), finding) };
        for piece in loser.evidence {
            if !winner.evidence.iter().any(|own| own.text == piece.text) {
                winner.evidence.push(piece);
            }
        }
        if loser.closed && !winner.closed {
            (winner.probes, winner.remedies) = (loser.probes, loser.remedies);
            (winner.cause, winner.fix, winner.closed) = (loser.cause, loser.fix, true);
            *own = winner;
            return;
        }
        if winner.closed {
            *own = winner;
            return;
        }
        for probe in loser.probes {
            winner = winner.probe(probe);
        }
        for remedy in loser.remedies {
            winner = winner.remedy(remedy);
        }
        *own = winner;
    }

    /// True when a finding of this code is there; rules of later layers may ask.
    pub fn has(&self, code: &str) -> bool {
        self.list.iter().any(|f| f.code() == code)
    }

    /// How sure a finding of this code is, if it is there.
    pub fn likelihood(&self, code: &str) -> Option<Likelihood> {
        self.list.iter().find(|f| f.code() == code).map(|f| f.likelihood)
    }

    /// True when a finding of this layer is there that is at least this sure.
    pub fn has_layer(&self, layer: Layer, at_least: Likelihood) -> bool {
        self.list.iter().any(|f| f.layer() == layer && f.likelihood <= at_least)
    }

    /// All of them, in the order they came.
    pub(super) fn into_list(self) -> Vec<Finding> {
        self.list
    }
}
