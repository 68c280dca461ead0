//! Part A in memory: what a credentials file says, as an environment and an OAuth profile, for a walk
//! that writes nothing. (`storage::credentials` is the one that fills a workspace.)

use crate::import::pega_credentials::Credentials;
use crate::model::environment::Environment;
use crate::model::profile::{ClientAuth, OauthProfile};
use crate::model::value::{SecretRef, Value};

/// The variable that refers to the secret.
pub const SECRET_VARIABLE: &str = "client_secret";

/// An environment with what the file says, the secret by reference.
pub fn environment(credentials: &Credentials) -> Environment {
    let mut environment = Environment { name: "credentials file".to_owned(), ..Environment::default() };
    let variables = &mut environment.variables;
    variables.insert("base_url".to_owned(), Value::literal(&credentials.base_url()));
    variables.insert("token_url".to_owned(), Value::literal(&credentials.token_url));
    variables.insert("client_id".to_owned(), Value::literal(&credentials.client_id));
    if credentials.client_secret.is_some() {
        variables.insert(SECRET_VARIABLE.to_owned(), Value::Secret(SecretRef::Vault));
    }
    environment
}

/// The profile that goes with it.
pub fn profile(credentials: &Credentials) -> OauthProfile {
    let mut profile = OauthProfile {
        name: "pega".to_owned(),
        token_url: "{{token_url}}".to_owned(),
        client_id: "{{client_id}}".to_owned(),
        ..OauthProfile::default()
    };
    if credentials.client_secret.is_some() {
        profile.client_secret = Value::Text(format!("{{{{{SECRET_VARIABLE}}}}}"));
    } else {
        profile.client_auth = ClientAuth::None;
    }
    profile
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::secret::Secret;

    #[test]
    fn the_secret_is_only_a_reference_and_a_public_client_has_none() {
        let mut credentials = Credentials {
            client_id: "246".into(),
            client_secret: Some(Secret::new("0123456789ABCDEF0123456789ABCDEF")),
            token_url: "https://pega.example.test/prweb/PRRestService/oauth2/v1/token".into(),
            ..Credentials::default()
        };
        let filled = environment(&credentials);
        assert_eq!(filled.variables[SECRET_VARIABLE], Value::Secret(SecretRef::Vault));
        assert_eq!(profile(&credentials).client_secret, Value::from("{{client_secret}}"));
        credentials.client_secret = None;
        assert!(!environment(&credentials).variables.contains_key(SECRET_VARIABLE));
        assert_eq!(profile(&credentials).client_auth, ClientAuth::None);
    }
}
