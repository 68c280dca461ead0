//! A workspace that tries all of it: one profile for each grant and each client authentication, the
//! environment `rfc`, and the collection `rfc-orders` with a request for each profile.

use super::{LABEL, Rfc};
use crate::model::secret::Secret;
use crate::model::value::SecretRef;
use crate::sandbox::DemoExtras;
use crate::sandbox::state::Shared;
use std::path::PathBuf;

/// The environment all of it is for.
pub const ENVIRONMENT: &str = "rfc";

/// One profile: file stem, what it shows, and its own lines of the file.
struct Profile {
    stem: &'static str,
    /// Short enough for the tree; the request's name.
    name: &'static str,
    text: &'static str,
    lines: &'static str,
    /// A person has to log in first, so it cannot be part of a run without one.
    person: bool,
}

const fn machine(stem: &'static str, name: &'static str, text: &'static str, lines: &'static str) -> Profile {
    Profile { stem, name, text, lines, person: false }
}

const fn person(stem: &'static str, name: &'static str, text: &'static str, lines: &'static str) -> Profile {
    Profile { stem, name, text, lines, person: true }
}

/// In the order of the collection.
const PROFILES: &[Profile] = &[
    machine(
        "rfc-client-basic",
        "Basic header",
        "Client credentials, the secret in a Basic header",
        "grant = \"client_credentials\"\nclient_id = \"rfc-basic\"\nclient_secret = \"{{rfc_basic_secret}}\"\n\
         client_auth = \"basic\"\nscope = [\"orders.read\", \"orders.write\"]\n",
    ),
    machine(
        "rfc-client-post",
        "Secret in the form",
        "Client credentials, the secret in the form",
        "grant = \"client_credentials\"\nclient_id = \"rfc-post\"\nclient_secret = \"{{rfc_post_secret}}\"\n\
         client_auth = \"body\"\nscope = [\"orders.read\", \"orders.write\"]\n",
    ),
    machine(
        "rfc-client-secret-jwt",
        "client_secret_jwt",
        "Client credentials, an assertion signed with the secret (HS256)",
        "grant = \"client_credentials\"\nclient_id = \"rfc-secret-jwt\"\n\
         client_secret = \"{{rfc_secret_jwt_secret}}\"\nclient_auth = \"client_secret_jwt\"\n\
         scope = [\"orders.read\", \"orders.write\"]\n",
    ),
    machine(
        "rfc-client-key-jwt",
        "private_key_jwt",
        "Client credentials, an assertion signed with a private key (ES256)",
        "grant = \"client_credentials\"\nclient_id = \"rfc-key-jwt\"\nkey = \"{{rfc_key}}\"\n\
         client_auth = \"private_key_jwt\"\nscope = [\"orders.read\", \"orders.write\"]\n",
    ),
    machine(
        "rfc-client-dpop",
        "DPoP",
        "Client credentials, the token bound to a key by DPoP",
        "grant = \"client_credentials\"\nclient_id = \"rfc-basic\"\nclient_secret = \"{{rfc_basic_secret}}\"\n\
         client_auth = \"basic\"\ndpop = true\nscope = [\"orders.read\", \"orders.write\"]\n",
    ),
    machine(
        "rfc-jwt-bearer",
        "JWT bearer",
        "JWT bearer: an assertion that alice is meant, signed with the client's key",
        "grant = \"jwt_bearer\"\nclient_id = \"rfc-key-jwt\"\nkey = \"{{rfc_key}}\"\n\
         client_auth = \"private_key_jwt\"\nscope = [\"orders.read\", \"orders.write\"]\n\n\
         [assertion]\nclaims = { iss = \"rfc-key-jwt\", sub = \"alice\" }\n",
    ),
    machine(
        "rfc-exchange",
        "Token exchange",
        "Token exchange: a token of alice for one that this client may use",
        "grant = \"token_exchange\"\nclient_id = \"rfc-basic\"\nclient_secret = \"{{rfc_basic_secret}}\"\n\
         client_auth = \"basic\"\naudience = \"orders\"\nscope = [\"orders.read\"]\n\n\
         # The sandbox keeps one token of alice for this; any access token or ID token of the issuer will do.\n\
         [exchange]\nsubject_token = \"{{rfc_subject_token}}\"\n\
         subject_token_type = \"urn:ietf:params:oauth:token-type:access_token\"\n",
    ),
    machine(
        "rfc-password",
        "Password",
        "Password: only for old clients, RFC 9700 forbids it",
        "grant = \"password\"\nclient_id = \"rfc-legacy\"\nclient_secret = \"{{rfc_legacy_secret}}\"\n\
         client_auth = \"basic\"\nusername = \"alice\"\npassword = \"{{rfc_alice_password}}\"\n\
         scope = [\"openid\", \"offline_access\", \"orders.read\", \"orders.write\"]\n",
    ),
    person(
        "rfc-code",
        "Login",
        "Authorization code with PKCE, a public client (log in as alice / wonderland)",
        "grant = \"authorization_code\"\nclient_id = \"rfc-public\"\nclient_auth = \"none\"\n\
         scope = [\"openid\", \"profile\", \"email\", \"offline_access\", \"orders.read\", \"orders.write\"]\n",
    ),
    person(
        "rfc-code-par",
        "Login, PAR",
        "Authorization code, the parameters pushed beforehand (PAR)",
        "grant = \"authorization_code\"\nclient_id = \"rfc-par\"\nclient_secret = \"{{rfc_par_secret}}\"\n\
         client_auth = \"basic\"\npar = true\nscope = [\"openid\", \"offline_access\", \"orders.read\"]\n",
    ),
    person(
        "rfc-code-jar",
        "Login, JAR",
        "Authorization code, the parameters in a signed request object (JAR)",
        "grant = \"authorization_code\"\nclient_id = \"rfc-key-jwt\"\nkey = \"{{rfc_key}}\"\n\
         client_auth = \"private_key_jwt\"\njar = true\nscope = [\"openid\", \"orders.read\"]\n",
    ),
    person(
        "rfc-code-dpop",
        "Login, DPoP",
        "Authorization code with DPoP, where the server insists on its nonce",
        "grant = \"authorization_code\"\nclient_id = \"rfc-dpop-nonce\"\nclient_auth = \"none\"\ndpop = true\n\
         scope = [\"openid\", \"offline_access\", \"orders.read\"]\n",
    ),
    person(
        "rfc-code-strong",
        "Login, one-time code",
        "Authorization code with a one-time code at the log-in, which transfers ask for",
        "grant = \"authorization_code\"\nclient_id = \"rfc-public\"\nclient_auth = \"none\"\n\
         scope = [\"openid\", \"orders.read\"]\n\n\
         [extra.authorization]\nacr_values = \"urn:hallpass:acr:mfa\"\n",
    ),
    person(
        "rfc-device",
        "Device code",
        "Device: type the code shown into the page, on any other machine",
        "grant = \"device_code\"\nclient_id = \"rfc-public\"\nclient_auth = \"none\"\n\
         scope = [\"openid\", \"offline_access\", \"orders.read\"]\n",
    ),
];

/// Only where the port for certificates is open.
const TLS_PROFILE: Profile = machine(
    "rfc-client-tls",
    "Client certificate",
    "Client credentials with a client certificate, to which the token is bound",
    "grant = \"client_credentials\"\nclient_id = \"rfc-tls\"\nclient_auth = \"tls\"\n\
     certificate = \"{{rfc_certificate}}\"\nscope = [\"orders.read\", \"orders.write\"]\n",
);

const LIST: &str = r#"name = "List orders"
method = "GET"
url = "{{rfc_api}}/orders"
docs = '''
Wants the scope orders.read. Without a token the answer is a 401 whose challenge names the metadata of this
API (resource_metadata, RFC 9728), and that names the server tokens come from.

To try another grant, choose another profile in the Auth tab, or run the requests of the folder `grants`.
'''

[[check]]
status = 200
[[check]]
json = "$.orders"
type = "array"
"#;

const CREATE: &str = r#"name = "Create order"
method = "POST"
url = "{{rfc_api}}/orders"
docs = '''
Wants the scope orders.write. A token with orders.read alone gets 403 insufficient_scope, and the challenge
says which scope is missing.
'''

[body]
json = '''
{ "item": "looking glass", "quantity": 2 }
'''

[capture]
order_id = { json = "$.id" }

[[check]]
status = 201
[[check]]
json = "$.item"
equals = "looking glass"
[[check]]
header = "location"
exists = true
"#;

const GET: &str = r#"name = "Get order"
method = "GET"
url = "{{rfc_api}}/orders/{{order_id}}"
docs = "Reads back what `Create order` made."

[[check]]
status = 200
[[check]]
name = "it is the order that was created"
json = "$.id"
equals = "{{order_id}}"
"#;

const TRANSFERS: &str = r#"name = "Transfers"
method = "GET"
url = "{{rfc_api}}/transfers"
auth = "rfc-code-strong"
docs = '''
Wants a log-in with a one-time code. With a token of a plain log-in the answer is 401
insufficient_user_authentication, and acr_values says what is wanted (RFC 9470).
'''

[[check]]
status = 200
"#;

const USERINFO: &str = r#"name = "Userinfo"
method = "GET"
url = "{{rfc_issuer}}/userinfo"
auth = "rfc-code"
docs = "Who the token speaks for. Wants the scope openid, so a person must have logged in."

[[check]]
status = 200
[[check]]
json = "$.sub"
exists = true
"#;

/// What `hallpass demo` lays out beside the Pega part. The secrets belong to the environment `rfc`.
pub(in crate::sandbox) fn extras(shared: &Shared, reference: &dyn Fn(&str) -> SecretRef) -> DemoExtras {
    let rfc = &shared.rfc;
    let mut extras = DemoExtras::default();
    let mut file = |path: String, text: String| extras.files.push((PathBuf::from(path), text));

    let mut requests = Vec::new();
    for profile in PROFILES.iter().chain(rfc.mtls.as_ref().map(|_| &TLS_PROFILE)) {
        let tls = profile.stem == TLS_PROFILE.stem;
        file(
            format!("auth/{}.toml", profile.stem),
            format!("# {}.\n# {LABEL}.\nissuer = \"{{{{rfc_issuer}}}}\"\n{}", profile.text, profile.lines),
        );
        let request = profile.stem.trim_start_matches("rfc-").to_owned();
        file(
            format!("collections/rfc-orders/grants/{request}.toml"),
            format!(
                "name = \"{}\"\nmethod = \"GET\"\nurl = \"{{{{{}}}}}/orders\"\nauth = \"{}\"\ntags = [\"{}\"]\n\
                 docs = \"{}\"\n\n\
                 [[check]]\nstatus = 200\n",
                profile.name,
                if tls { "rfc_tls_api" } else { "rfc_api" },
                profile.stem,
                if profile.person { "person" } else { "machine" },
                profile.text,
            ),
        );
        requests.push(format!("\"{request}\""));
    }
    let collection = "collections/rfc-orders";
    for (stem, text) in [
        ("list-orders", LIST),
        ("create-order", CREATE),
        ("get-order", GET),
        ("transfers", TRANSFERS),
        ("userinfo", USERINFO),
    ] {
        file(format!("{collection}/{stem}.toml"), text.to_owned());
    }
    file(
        format!("{collection}/collection.toml"),
        format!(
            "name = \"RFC orders (not Pega)\"\n\
             description = \"An API behind {LABEL}: choose the environment rfc\"\n\
             order = [\"list-orders\", \"create-order\", \"get-order\", \"transfers\", \"userinfo\", \"grants\"]\n\
             auth = \"rfc-client-basic\"\n\nheaders = [\n  {{ name = \"Accept\", value = \"application/json\" }},\n]\n"
        ),
    );
    file(
        format!("{collection}/grants/folder.toml"),
        format!(
            "name = \"Every grant\"\ndescription = \"The same request with a token of each kind\"\norder = [{}]\n",
            requests.join(", ")
        ),
    );

    let secrets = secrets(shared, rfc);
    file(format!("environments/{ENVIRONMENT}.toml"), environment(rfc, &secrets, reference));
    if let Some(authority) = rfc.mtls.as_ref().and(shared.tls.as_ref()).and_then(|t| t.authority.clone()) {
        file("rfc-authority.pem".into(), authority);
    }
    extras.secrets = secrets;
    extras
}

/// Names as the profiles use them.
fn secrets(shared: &Shared, rfc: &Rfc) -> Vec<(String, Secret)> {
    let mut all: Vec<(String, Secret)> = Vec::new();
    for client in &super::clients::CLIENTS {
        if let Some(secret) = rfc.secrets.get(client.id) {
            all.push((format!("{}_secret", client.id.replace('-', "_")), secret.clone()));
        }
    }
    if let Some(key) = rfc.key() {
        all.push(("rfc_key".into(), key.private.clone()));
    }
    all.push(("rfc_subject_token".into(), rfc.subject.clone()));
    if let Some(alice) = super::clients::user("alice") {
        all.push(("rfc_alice_password".into(), Secret::new(alice.password.to_owned())));
    }
    if rfc.mtls.is_some()
        && let Some(tls) = &shared.tls
    {
        all.push(("rfc_certificate".into(), Secret::new(tls.client.clone())));
    }
    all
}

/// A reference as a file has it.
fn written(reference: &SecretRef) -> String {
    let quoted = |text: &String| serde_json::Value::from(text.as_str()).to_string();
    match reference {
        SecretRef::Vault => "{ secret = true }".into(),
        SecretRef::Env(name) => format!("{{ env = {} }}", quoted(name)),
        SecretRef::File(path) => format!("{{ file = {} }}", quoted(path)),
        SecretRef::Command(words) => {
            let words: Vec<String> = words.iter().map(quoted).collect();
            format!("{{ command = [{}] }}", words.join(", "))
        }
    }
}

fn environment(rfc: &Rfc, secrets: &[(String, Secret)], reference: &dyn Fn(&str) -> SecretRef) -> String {
    let mut text = format!(
        "# The generic part of the sandbox: {LABEL}.\nprotected = false\n\n[variables]\n\
         rfc_issuer = \"{}\"\nrfc_api = \"{}\"\n",
        rfc.issuer(),
        rfc.api()
    );
    if let Some(origin) = &rfc.mtls {
        text.push_str(&format!("rfc_tls_api = \"{origin}/rfc/api\"\n"));
    }
    for (name, _) in secrets {
        text.push_str(&format!("{name} = {}\n", written(&reference(name))));
    }
    if rfc.mtls.is_some() {
        text.push_str("\n[network]\nca_file = \"rfc-authority.pem\"\n");
    }
    text
}
