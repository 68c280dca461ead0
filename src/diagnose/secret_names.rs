//! What secrets are called in forms, queries, JSON and headers: nothing else tells that a value is one.

/// Names of secrets, in lower case without `-` and `_`.
const NAMES: [&str; 30] = [
    "accesstoken",
    "actortoken",
    "apikey",
    "assertion",
    "authtoken",
    "bearertoken",
    "clientassertion",
    "clientsecret",
    "codeverifier",
    "devicecode",
    "idtoken",
    "jwt",
    "pass",
    "passphrase",
    "passwd",
    "password",
    "pwd",
    "refreshtoken",
    "secret",
    "sessiontoken",
    "sig",
    "signature",
    "subjecttoken",
    "subscriptionkey",
    "token",
    "xamzcredential",
    "xamzsecuritytoken",
    "xamzsignature",
    "xapikey",
    "xsrftoken",
];

/// A name without what spellings differ in.
pub(super) fn plain(name: &str) -> String {
    name.chars().filter(|c| !matches!(c, '-' | '_')).map(|c| c.to_ascii_lowercase()).collect()
}

/// True for a field, parameter or member that holds a secret wherever it stands.
pub(super) fn is_secret(name: &str) -> bool {
    name.len() <= 40 && NAMES.contains(&plain(name).as_str())
}
