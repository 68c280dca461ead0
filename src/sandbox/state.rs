//! What the sandbox knows: clients, operators, access groups, tokens, the deny list and the cases.

use super::cases::Cases;
use super::clients::{Client, Wish};
use super::faults::FaultSet;
use super::logins::Logins;
use super::rfc::Rfc;
use super::security_log::SecurityLog;
use super::tls::TlsFiles;
use crate::model::problem::{Problem, ProblemKind};
use crate::model::secret::Secret;
use indexmap::{IndexMap, IndexSet};
use jiff::Timestamp;
use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::atomic::AtomicU64;
use std::sync::{Mutex, MutexGuard, PoisonError, RwLock};

/// The one application; its URL alias.
pub(super) const ALIAS: &str = "acme-cases";
/// The operator clients speak for unless they are registered with another.
pub(super) const DEFAULT_OPERATOR: &str = "svc.cases@acme";
/// A person, for the grants that log somebody in.
pub(super) const DEFAULT_PERSON: &str = "case.worker@acme";
/// Seconds a token lives unless the client says otherwise.
pub(super) const LIFETIME_S: i64 = 3600;
/// Above this many issued tokens the expired ones are dropped.
const TOKENS_KEPT: usize = 4096;

/// Somebody (or something) that may work in Pega.
#[derive(Debug, Clone)]
pub(super) struct Operator {
    pub(super) name: &'static str,
    pub(super) enabled: bool,
    pub(super) locked: bool,
    pub(super) access_group: Option<&'static str>,
    /// Made at the start. The login page shows it: this is a sandbox.
    pub(super) password: Secret,
}

/// What the members of an access group may do.
#[derive(Debug, Clone)]
pub(super) struct AccessGroup {
    pub(super) alias: &'static str,
    pub(super) privileges: &'static [&'static str],
}

/// A token that was issued and neither revoked nor forgotten.
#[derive(Debug, Clone)]
pub(super) struct Issued {
    pub(super) client: String,
    pub(super) operator: String,
    pub(super) issued: Timestamp,
    pub(super) expires: Timestamp,
    /// Tokens of one login share it; revoking the refresh token ends them all.
    pub(super) family: String,
}

/// Everything that changes.
pub(super) struct State {
    pub(super) clients: IndexMap<String, Client>,
    pub(super) operators: IndexMap<&'static str, Operator>,
    pub(super) access_groups: IndexMap<&'static str, AccessGroup>,
    /// By `jti`, or by the token itself when it is opaque.
    pub(super) issued: HashMap<String, Issued>,
    /// Denied `jti` values, in the order they came.
    pub(super) denied: IndexSet<String>,
    pub(super) cases: Cases,
    pub(super) logins: Logins,
    pub(super) log: SecurityLog,
    prune_at: usize,
}

/// The state and what is fixed at the start.
pub(super) struct Shared {
    faults: RwLock<FaultSet>,
    pub(super) address: SocketAddr,
    /// Origin that the credentials file and the issuer name: https when a TLS switch is on.
    pub(super) public: String,
    pub(super) tls: Option<TlsFiles>,
    /// DX API calls so far, for the fault that strikes every second one.
    pub(super) calls: AtomicU64,
    /// The generic server.
    pub(super) rfc: Rfc,
    state: Mutex<State>,
}

impl Shared {
    pub(super) fn new(
        faults: FaultSet,
        address: SocketAddr,
        public: String,
        tls: Option<TlsFiles>,
        rfc: Rfc,
    ) -> Self {
        Self {
            rfc,
            faults: RwLock::new(faults),
            address,
            public,
            tls,
            calls: AtomicU64::new(0),
            state: Mutex::new(State::new()),
        }
    }

    /// The state; never held across an await.
    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The switches that are on now.
    pub(super) fn faults(&self) -> FaultSet {
        *self.faults.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Turns these switches on and all others off. The https port is made at the start, so its
    /// switches can be neither added nor taken away later.
    pub(super) fn set_faults(&self, names: &[String]) -> Result<(), Problem> {
        let wanted = FaultSet::parse(names)?;
        let mut faults = self.faults.write().unwrap_or_else(PoisonError::into_inner);
        if !wanted.same_tls(&faults) {
            return Err(Problem::new(
                ProblemKind::Usage,
                "cannot change the TLS switches of a running sandbox",
                "the https port is set up once, at the start",
                "start the sandbox again with the switches wanted",
            ));
        }
        *faults = wanted;
        Ok(())
    }

    /// The `iss` of tokens.
    pub(super) fn issuer(&self) -> String {
        format!("{}/prweb", self.public)
    }

    /// The credentials file of a client: a label line, then a value line.
    pub(super) fn credentials(&self, client: &Client) -> String {
        let base = format!("{}/prweb/PRRestService/oauth2/v1", self.public);
        let secret = match client.public {
            true => String::new(),
            false => format!("Client Secret\n{}\n", client.secret.expose()),
        };
        format!(
            "Client ID\n{}\n{secret}Authorization endpoint\n{base}/authorize\n\
             Access token endpoint\n{base}/token\nToken revocation endpoint\n{base}/revoke\n",
            client.id,
        )
    }
}

impl State {
    fn new() -> Self {
        let operator = |name, enabled, locked, access_group| {
            let password = Secret::new(random_password());
            Operator { name, enabled, locked, access_group, password }
        };
        let services = Some("AcmeCases:Services");
        let operators = IndexMap::from([
            (DEFAULT_OPERATOR, operator("Case service", true, false, services)),
            ("admin@acme", operator("Administrator", true, false, Some("AcmeCases:Administrators"))),
            (DEFAULT_PERSON, operator("Case worker", true, false, Some("AcmeCases:Workers"))),
            ("guest@acme", operator("Guest", true, false, Some("AcmeCases:Guests"))),
            ("old.batch@acme", operator("Retired batch", false, false, services)),
            ("night.jobs@acme", operator("Night jobs", true, true, services)),
            ("new.joiner@acme", operator("New joiner", true, false, None)),
        ]);
        let group = |privileges| AccessGroup { alias: ALIAS, privileges };
        let access_groups = IndexMap::from([
            ("AcmeCases:Services", group(&["PegaRULES:PegaAPI"] as &[_])),
            ("AcmeCases:Administrators", group(&["PegaRULES:PegaAPI", "pzCanManageOAuthClients"])),
            ("AcmeCases:Workers", group(&["PegaRULES:PegaAPI"])),
            ("AcmeCases:Guests", group(&[])),
        ]);
        Self {
            clients: IndexMap::new(),
            operators,
            access_groups,
            issued: HashMap::new(),
            denied: IndexSet::new(),
            prune_at: TOKENS_KEPT,
            cases: Cases::default(),
            logins: Logins::default(),
            log: SecurityLog::default(),
        }
    }

    /// Registers the simplest client: confidential, client credentials only.
    pub(super) fn register(&mut self, name: &str, operator: &str) -> Client {
        let client = Client::simple(random_digits(20), Secret::new(random_hex_upper(16)), name, operator);
        self.clients.insert(client.id.clone(), client.clone());
        client
    }

    /// Registers a client with a fresh id and secret. The error says what is wrong with the wish.
    pub(super) fn register_as(&mut self, wish: Wish) -> Result<Client, String> {
        let client = wish.client(random_digits(20), Secret::new(random_hex_upper(16)))?;
        self.clients.insert(client.id.clone(), client.clone());
        Ok(client)
    }

    /// Gives a client a new secret and revokes all of its tokens.
    pub(super) fn regenerate(&mut self, id: &str) -> Option<Client> {
        let client = self.clients.get_mut(id)?;
        if !client.public {
            client.secret = Secret::new(random_hex_upper(16));
        }
        client.saved = false;
        let client = client.clone();
        self.issued.retain(|_, token| token.client != id);
        self.logins.forget_client(id);
        Some(client)
    }

    /// Revokes every access and refresh token of one login.
    pub(super) fn revoke_family(&mut self, family: &str) {
        self.issued.retain(|_, token| token.family != family);
        self.logins.forget_family(family);
    }

    /// Remembers a token as live.
    pub(super) fn remember(&mut self, key: String, token: Issued, now: Timestamp) {
        if self.issued.len() >= self.prune_at {
            self.issued.retain(|_, t| t.expires > now);
            // Doubling keeps this cheap when many tokens are live.
            self.prune_at = TOKENS_KEPT.max(self.issued.len() * 2);
        }
        self.issued.insert(key, token);
    }

    /// Why nobody can work as this operator, in words; `None` when somebody can.
    pub(super) fn operator_trouble(&self, id: &str) -> Option<&'static str> {
        match self.operators.get(id) {
            None => Some("Unable to retrieve Operator Page: no operator is associated with the token"),
            Some(o) if !o.enabled => Some("The operator ID is disabled"),
            Some(o) if o.locked => Some("The operator ID is locked"),
            Some(o) if o.access_group.is_none() => Some("The operator has no default access group"),
            Some(_) => None,
        }
    }

    /// True when the operator's access group holds the privilege or role.
    pub(super) fn may(&self, operator: &str, privilege: &str) -> bool {
        self.operators
            .get(operator)
            .and_then(|o| o.access_group)
            .and_then(|g| self.access_groups.get(g))
            .is_some_and(|g| g.privileges.contains(&privilege))
    }
}

/// Random bytes from the system's generator: the TLS library's own takes its time to gather entropy
/// when it is first used, and the demo's first frame would wait for it.
pub(super) fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0u8; N];
    // It fails only where the system has no entropy at all; a constant would then be found at once.
    let _ = getrandom::fill(&mut bytes);
    bytes
}

/// 60 random bits in letters and digits that are not taken for one another: to be typed by hand.
fn random_password() -> String {
    const LETTERS: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";
    let letter = |byte: &u8| char::from(LETTERS[usize::from(byte % 32)]);
    let groups: Vec<String> = random::<12>().chunks(4).map(|c| c.iter().map(letter).collect()).collect();
    groups.join("-")
}

/// As Pega's client ids look.
fn random_digits(count: usize) -> String {
    let bytes = random::<32>();
    let digits: String = bytes.iter().take(count).map(|b| char::from(b'0' + b % 10)).collect();
    digits
}

/// As Pega's client secrets look: `bytes` bytes in upper-case hex.
fn random_hex_upper(bytes: usize) -> String {
    random::<32>().iter().take(bytes).map(|b| format!("{b:02X}")).collect()
}

/// Lower-case hex, for identifiers.
pub(super) fn random_hex() -> String {
    random::<16>().iter().map(|b| format!("{b:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_looks_like_one_of_pegas() {
        let client = State::new().register("x", DEFAULT_OPERATOR);
        assert!(client.id.len() == 20 && client.id.bytes().all(|b| b.is_ascii_digit()), "{}", client.id);
        let secret = client.secret.expose();
        assert!(
            secret.len() == 32 && secret.bytes().all(|b| b.is_ascii_digit() || (b'A'..=b'F').contains(&b))
        );
    }

    #[test]
    fn regenerating_the_secret_revokes_the_clients_tokens_and_no_others() {
        let mut state = State::new();
        let (a, b) = (state.register("a", DEFAULT_OPERATOR), state.register("b", DEFAULT_OPERATOR));
        let now = Timestamp::UNIX_EPOCH;
        let token = |c: &Client| Issued {
            client: c.id.clone(),
            operator: c.operator.clone(),
            issued: now,
            expires: now,
            family: c.id.clone(),
        };
        state.remember("1".into(), token(&a), now);
        state.remember("2".into(), token(&b), now);
        let again = state.regenerate(&a.id).unwrap();
        assert_ne!(again.secret.expose(), a.secret.expose());
        assert!(!state.issued.contains_key("1") && state.issued.contains_key("2"));
    }
}
