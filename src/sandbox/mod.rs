//! The embedded Pega-like server, on loopback only.
//!
//! It imitates what a client can see: the OAuth 2.0 endpoints, the DX API v1 and v2, and a "Dev
//! Studio" small enough to register a client. Switches ([`faults`]) make it misbehave in known
//! ways, each with the finding it stands for, so that every diagnosis can be reproduced.
//! What Pega does not document (claim names, wording of errors) is this sandbox's own guess.

#![allow(clippy::result_large_err, reason = "a refusal is an answer, moved once per request")]

mod answer;
mod assertion_grants;
mod authorize;
mod call;
mod cases;
mod client_key;
mod clients;
mod clock;
mod dev_studio;
mod dx_v1;
mod dx_v2;
mod dx_v2_shapes;
mod extras;
mod extras_for_demo;
mod faults;
mod front;
mod gate;
mod grants;
mod keys;
mod logins;
mod oauth_routes;
mod pages;
mod pega_profiles;
mod rfc;
mod router;
mod saml;
mod security_log;
mod server;
mod state;
mod tls;
mod token_route;
mod tokens;

#[cfg(test)]
mod tests;

use crate::model::problem::{Problem, ProblemKind};
use crate::model::secret::Secret;
use crate::model::value::SecretRef;
pub use extras_for_demo::DemoExtras;
use faults::FaultSet;
pub use rfc::RFC_ENVIRONMENT;
use state::{DEFAULT_OPERATOR, Shared};
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// A switch that makes the sandbox misbehave in one known way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FaultInfo {
    /// Stable name for `--fault`.
    pub name: &'static str,
    /// The finding code it stands for (DESIGN section 4); empty for [`modifiers`].
    pub code: &'static str,
    /// One sentence.
    pub text: &'static str,
}

/// Every fault, in a stable order.
pub fn faults() -> &'static [FaultInfo] {
    faults::FAULTS
}

/// Switches that change how a healthy server answers (dialect, compression, token form). They are
/// given like faults, stand for no finding, and serve as controls.
pub fn modifiers() -> &'static [FaultInfo] {
    faults::MODIFIERS
}

/// How to start.
#[derive(Debug, Clone, Default)]
pub struct SandboxOptions {
    /// 0: any free port.
    pub port: u16,
    /// Names from [`faults`] or [`modifiers`]. Faults that stand in front of the server may be moved
    /// to one of the two calls: `slow@token`, `login-page@resource`.
    pub faults: Vec<String>,
}

/// A running sandbox; stops when dropped.
pub struct Sandbox {
    /// Where it listens (plain HTTP).
    pub address: SocketAddr,
    /// TLS port, when a TLS fault wants one.
    pub tls_address: Option<SocketAddr>,
    shared: Arc<Shared>,
    first_client: String,
    stop: CancellationToken,
    tasks: Vec<JoinHandle<()>>,
}

impl Sandbox {
    /// Starts on the current tokio runtime. An unknown fault or a taken port is the error.
    pub async fn start(options: SandboxOptions) -> Result<Sandbox, Problem> {
        let faults = FaultSet::parse(&options.faults)?;
        let listener = listen(options.port).await?;
        let address = local(&listener)?;
        let stop = CancellationToken::new();
        let mut tasks = Vec::new();

        // Beside the start, not before it: the first token waits if it must. Nobody waits for these.
        tokio::spawn(keys::current());
        if faults.has(faults::Fault::RotatedKey) {
            tokio::spawn(keys::retired());
        }

        let (mut tls_address, mut tls_files, mut https) = (None, None, None);
        if faults.wants_tls() {
            let (config, files) = tls::set_up(&faults)?;
            let tls_listener = listen(0).await?;
            tls_address = Some(local(&tls_listener)?);
            tls_files = Some(files);
            https = Some((tls_listener, tokio_rustls::TlsAcceptor::from(config)));
        }
        let https_origin = tls_address.map(|tls| format!("https://{tls}"));
        let plain = format!("http://{address}");
        // A port for client certificates stands beside the plain one, which stays the one to use.
        let public = https_origin.clone().filter(|_| faults.public_tls()).unwrap_or(plain);
        let generic = rfc::Rfc::new(&public, https_origin.filter(|_| faults.asks_certificate()));
        let shared = Arc::new(Shared::new(faults, address, public, tls_files, generic));
        let first_client = shared.lock().register("Case service", DEFAULT_OPERATOR).id;
        tasks.push(tokio::spawn(server::serve(listener, None, shared.clone(), stop.clone())));
        if let Some((listener, acceptor)) = https {
            tasks.push(tokio::spawn(server::serve(listener, Some(acceptor), shared.clone(), stop.clone())));
        }
        Ok(Sandbox { address, tls_address, shared, first_client, stop, tasks })
    }

    /// `http://127.0.0.1:PORT`.
    pub fn base_url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The origin clients are meant to use: [`Sandbox::base_url`], or `https://127.0.0.1:PORT` when a TLS
    /// switch is on. The credentials files name this one.
    pub fn public_url(&self) -> String {
        self.shared.public.clone()
    }

    /// PEM of the authority that signed the https port's certificate; `None` without a TLS switch and
    /// for `tls-untrusted`. Without trusting it, `mtls` and `tls-name` fail as `net.tls_trust`.
    pub fn authority_pem(&self) -> Option<String> {
        self.shared.tls.as_ref().and_then(|t| t.authority.clone())
    }

    /// PEM of a certificate and key (in one) that the `mtls` port takes; `None` without a TLS switch.
    pub fn client_identity_pem(&self) -> Option<String> {
        self.shared.tls.as_ref().map(|t| t.client.clone())
    }

    /// The credentials file of the client that is registered from the start, as Pega writes it.
    /// It always has the present secret.
    pub fn credentials(&self) -> String {
        let client = self.shared.lock().clients.get(&self.first_client).cloned();
        client.map(|c| self.shared.credentials(&c)).unwrap_or_default()
    }

    /// Registers one more client in the "Dev Studio" and gives its credentials file.
    pub fn register_client(&self, name: &str) -> String {
        let client = self.shared.lock().register(name, DEFAULT_OPERATOR);
        self.shared.credentials(&client)
    }

    /// What a workspace needs to try the generic server: profiles for every grant and client
    /// authentication, a collection `rfc-orders`, and the environment [`RFC_ENVIRONMENT`], to whose part of the
    /// vault the secrets belong.
    pub fn rfc_extras(&self) -> DemoExtras {
        self.rfc_extras_kept(|_| SecretRef::Vault)
    }

    /// The same with the secrets elsewhere: `reference` says where the one of that name is.
    pub fn rfc_extras_kept(&self, reference: impl Fn(&str) -> SecretRef) -> DemoExtras {
        rfc::extras(&self.shared, &reference)
    }

    /// Registers a client as the Dev Studio's JSON says (`name type grants redirect_uris pkce refresh_mode
    /// access_lifetime refresh_lifetime mapping operator`, each may be left out) and gives its credentials file.
    ///
    /// # Errors
    /// In words, what is wrong with it.
    pub fn register(&self, registration: &serde_json::Value) -> Result<String, String> {
        let wish = clients::Wish::of_json(registration.clone())?;
        let client = self.shared.lock().register_as(wish)?;
        Ok(self.shared.credentials(&client))
    }

    /// Profiles for every grant of the Pega side, and what they need. Each call registers fresh clients.
    pub fn demo_extras(&self) -> DemoExtras {
        pega_profiles::extras(&self.shared)
    }

    /// The password of one of the sandbox's operators; the login page shows it, too.
    pub fn operator_password(&self, operator: &str) -> Option<Secret> {
        self.shared.lock().operators.get(operator).map(|o| o.password.clone())
    }

    /// Turns these switches on and all others off, while it runs. An unknown name, or a change to the
    /// TLS switches (their port is set up at the start), is the error; then nothing changes.
    pub fn set_faults(&self, names: &[String]) -> Result<(), Problem> {
        self.shared.set_faults(names)
    }

    /// Stops accepting and closes connections.
    pub async fn shutdown(mut self) {
        self.stop.cancel();
        for task in std::mem::take(&mut self.tasks) {
            let _ = task.await;
        }
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

async fn listen(port: u16) -> Result<TcpListener, Problem> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await.map_err(|e| {
        let next = match port {
            0 => "check whether this machine lets programs listen on 127.0.0.1".to_owned(),
            _ => format!("choose another port, or stop what listens on {port}"),
        };
        Problem::new(ProblemKind::Network, format!("cannot listen on 127.0.0.1:{port}"), e.to_string(), next)
    })
}

fn local(listener: &TcpListener) -> Result<SocketAddr, Problem> {
    listener.local_addr().map_err(|e| {
        Problem::new(
            ProblemKind::Network,
            "cannot tell the port the sandbox listens on",
            e.to_string(),
            "try again",
        )
    })
}
