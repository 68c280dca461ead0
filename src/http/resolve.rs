//! Name resolution: the environment's overrides first, then the system's resolver, timed.

use super::recorder::Recorder;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use std::net::{IpAddr, SocketAddr};

/// One override of `network.resolve`.
#[derive(Debug, Clone)]
struct Override {
    host: String,
    port: Option<u16>,
    address: SocketAddr,
}

/// The resolver given to the client.
#[derive(Debug, Clone)]
pub(super) struct Resolver {
    overrides: Vec<Override>,
}

impl Resolver {
    /// From pairs of `host[:port]` and `address[:port]`. The error names the pair that is wrong.
    pub fn new(pairs: &[(String, String)]) -> Result<Self, String> {
        let overrides = pairs
            .iter()
            .map(|(from, to)| {
                let address =
                    address(to).ok_or_else(|| format!("`{to}` is not an address (for `{from}`)"))?;
                let (host, port) = match from.rsplit_once(':') {
                    Some((host, port)) => match port.parse() {
                        Ok(port) => (host, Some(port)),
                        Err(_) => return Err(format!("`{from}` is not a host with a port")),
                    },
                    None => (from.as_str(), None),
                };
                Ok(Override { host: normal(host), port, address })
            })
            .collect::<Result<_, String>>()?;
        Ok(Self { overrides })
    }

    fn overridden(&self, name: &str) -> Option<SocketAddr> {
        if self.overrides.is_empty() {
            return None;
        }
        let name = normal(name);
        // The client asks by name only; the port is that of the hop, unless a proxy is resolved.
        let port = Recorder::current().filter(|hop| normal(&hop.host) == name).map(|hop| hop.port);
        self.overrides
            .iter()
            .find(|o| o.host == name && (o.port.is_none() || o.port == port))
            .map(|o| o.address)
    }
}

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        let fixed = self.overridden(name.as_str());
        Box::pin(async move {
            if let Some(address) = fixed {
                return Ok(Box::new(std::iter::once(address)) as Addrs);
            }
            let hop = Recorder::current();
            if let Some(hop) = &hop {
                hop.resolving();
            }
            let found = tokio::net::lookup_host((name.as_str(), 0)).await;
            if let Some(hop) = &hop {
                hop.resolved();
            }
            let addresses: Vec<SocketAddr> = found?.collect();
            Ok(Box::new(addresses.into_iter()) as Addrs)
        })
    }
}

fn normal(host: &str) -> String {
    host.trim_end_matches('.').trim_start_matches('[').trim_end_matches(']').to_ascii_lowercase()
}

/// `1.2.3.4`, `1.2.3.4:443`, `::1`, `[::1]:443`. Port 0 stands for the URL's.
fn address(text: &str) -> Option<SocketAddr> {
    if let Ok(address) = text.parse::<SocketAddr>() {
        return Some(address);
    }
    let bare = text.trim_start_matches('[').trim_end_matches(']');
    bare.parse::<IpAddr>().ok().map(|ip| SocketAddr::new(ip, 0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_override_with_a_port_is_for_that_port_only() {
        let pairs = [("API.example.:8443".to_owned(), "127.0.0.2".to_owned())];
        let resolver = Resolver::new(&pairs).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let ask = |port| {
            let hop = Recorder::new("api.example", port);
            runtime.block_on(hop.scope(async { resolver.overridden("api.example") }))
        };
        assert_eq!(ask(8443), Some("127.0.0.2:0".parse().unwrap()));
        assert_eq!(ask(443), None);
    }

    #[test]
    fn an_override_that_is_no_address_is_an_error_that_names_it() {
        let pairs = [("a".to_owned(), "b".to_owned())];
        assert!(Resolver::new(&pairs).unwrap_err().contains("`b`"));
    }
}
