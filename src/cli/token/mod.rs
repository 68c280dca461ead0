//! `hallpass token`: an access token on stdout, what the cache holds, and what the server says of it.

pub mod args;
mod ask;
mod discover;
mod kept;
mod log;

use super::args::{TokenAction, TokenArgs, WhichToken};
use super::context::Context;
use super::login::Desk;
use super::{Failed, Outcome, guess, passphrase};
use crate::flow::{self, Session, TokenFailure, TokenPlan};
use crate::model::plan::Layer;
use crate::model::problem::{Problem, ProblemKind};
use crate::model::profile::{Grant, OauthProfile};
use crate::model::progress::no_progress;
use crate::model::redact::Redactor;
use crate::model::token::{Token, TokenKey};
use crate::model::workspace::Workspace;
use crate::report::{self, Masking};
use crate::storage::vault_place::Found;
use crate::template::{self, Place};
use serde_json::{Map, Value as Json, json};
use std::time::Instant;

/// Words after `token` that are no profile.
const ACTIONS: [&str; 9] =
    ["list", "show", "renew", "revoke", "introspect", "userinfo", "forget", "log", "discover"];

/// `token …`.
pub fn token(context: &Context, args: &TokenArgs) -> Outcome {
    let action = args.whole_action().map_err(|word| {
        Problem::new(
            ProblemKind::Usage,
            format!("`{word}` means nothing here"),
            "what stands before the name of a command must be for that command",
            "leave it out; `hallpass token COMMAND --help` names what a command takes",
        )
    })?;
    match &action {
        None => obtain(context, &args.which, false, args.header),
        Some(TokenAction::List) => kept::list(context),
        Some(TokenAction::Show(which)) => kept::show(context, which),
        Some(TokenAction::Renew(which)) => obtain(context, which, true, false),
        Some(TokenAction::Revoke(which)) => ask::revoke(context, which),
        Some(TokenAction::Introspect { which, refresh }) => ask::introspect(context, which, *refresh),
        Some(TokenAction::Userinfo(which)) => ask::userinfo(context, which),
        Some(TokenAction::Forget(which)) => kept::forget(context, which),
        Some(TokenAction::Log { profile, env, limit }) => {
            log::log(context, profile.as_deref(), env.as_deref(), *limit)
        }
        Some(TokenAction::Discover { issuer, profile, env, resource, write }) => {
            let into = discover::Into { profile: profile.as_deref(), env: env.as_deref(), write: *write };
            discover::discover(context, issuer, *resource, &into)
        }
    }
}

/// The profile that was named, or the only one.
pub fn profile<'w>(workspace: &'w Workspace, named: Option<&str>) -> Result<&'w OauthProfile, Problem> {
    let known = || workspace.profiles.iter().map(|p| p.name.as_str());
    match (named, workspace.profiles.as_slice()) {
        (Some(name), _) => workspace.profile(name).ok_or_else(|| {
            workspace.broken("auth", name).cloned().unwrap_or_else(|| {
                let list = "the files in `auth/` of the workspace are the profiles";
                guess::unknown("OAuth profile", name, known().chain(ACTIONS), list)
            })
        }),
        (None, [only]) => Ok(only),
        (None, []) => {
            let auth = workspace.root.join("auth");
            let broken =
                workspace.problems.iter().find(|p| p.file.as_ref().is_some_and(|f| f.starts_with(&auth)));
            Err(broken.cloned().unwrap_or_else(|| {
                Problem::new(
                    ProblemKind::Usage,
                    "there is no OAuth profile",
                    "`auth/` of the workspace holds none",
                    "`hallpass import CREDENTIALS.txt` makes one",
                )
            }))
        }
        (None, _) => Err(Problem::new(
            ProblemKind::Usage,
            "there are several OAuth profiles",
            known().collect::<Vec<_>>().join(", "),
            "name one: `hallpass token PROFILE`",
        )),
    }
}

/// Where and with which variables the token of a profile is asked for. `--identity` is who it is filed under.
fn plan(context: &Context, which: &WhichToken) -> Result<TokenPlan, Problem> {
    let workspace = context.workspace()?;
    let mut profile = profile(&workspace, which.profile.as_deref())?.clone();
    if let Some(identity) = &which.identity {
        profile.identity.clone_from(identity);
    }
    plan_for(context, &workspace, which.env.as_deref(), profile)
}

/// The same for a profile at hand.
fn plan_for(
    context: &Context,
    workspace: &Workspace,
    env: Option<&str>,
    profile: OauthProfile,
) -> Result<TokenPlan, Problem> {
    let environment = context.environment(workspace, env)?.cloned().unwrap_or_default();
    let layer = Layer {
        origin: format!("environment {}", environment.name),
        variables: environment.variables.clone(),
    };
    Ok(TokenPlan { profile, environment, layers: vec![layer], root: workspace.root.clone() })
}

/// All keys of the answer, nothing known yet.
fn shape(plan: &TokenPlan) -> Json {
    json!({
        "profile": plan.profile.name, "environment": plan.environment.name, "identity": null,
        "access_token": null, "token_type": null, "expires_in": null, "expires_at": null,
        "scope": null, "claims": null,
    })
}

/// Whose token an answer is about, and what it says.
fn about(key: &TokenKey, said: &[(&str, Json)]) -> Json {
    let mut shape = Map::new();
    let whose = [("profile", &key.profile), ("environment", &key.environment), ("identity", &key.identity)];
    for (name, value) in whose {
        shape.insert(name.to_owned(), if value.is_empty() { Json::Null } else { json!(value) });
    }
    shape.extend(said.iter().map(|(name, value)| ((*name).to_owned(), value.clone())));
    Json::Object(shape)
}

fn obtain(context: &Context, which: &WhichToken, fresh: bool, header: bool) -> Outcome {
    let plan = plan(context, which)?;
    let session = session(context, &plan)?;
    let desk = Desk::sit(context, &session);
    let got = context.block_on(|cancel| {
        let (session, plan, desk) = (&session, &plan, &desk);
        async move {
            let work = flow::obtain_token(session, plan, fresh, &no_progress, &cancel);
            desk.attend(context.globals.timeout, work).await
        }
    })?;
    let token = match got {
        Ok(Ok(token)) => token,
        Ok(Err(failure)) => return Err(failed(context, failure, shape(&plan), session.redactor())),
        Err(problem) => return Err(Failed::with_shape(problem, shape(&plan))),
    };
    let out = &context.out;
    for note in &token.notes {
        out.warn(note);
    }
    if desk.was_needed() && !is_kept(context) {
        out.note(
            "this token is not kept, so the next command needs a login again; \
             it is kept in the vault where there is a keyring, or where HALLPASS_PASSPHRASE is set",
        );
    }
    if out.json {
        out.answer(&report::token(&token, true, Instant::now()));
        return Ok(0);
    }
    let credential = token.credential().expose();
    if header {
        out.line(&format!("Authorization: {} {credential}", token.scheme()));
        if token.dpop_key.is_some() {
            out.note("a DPoP token also needs a proof of its key in every call, which only `hallpass send` can make");
        }
    } else {
        out.line(credential);
    }
    Ok(0)
}

/// The words of the failure stay; the first finding's sentence is told besides where it says more.
fn failed(context: &Context, failure: TokenFailure, mut shape: Json, redactor: &Redactor) -> Box<Failed> {
    let masking = if context.globals.with_secrets { Masking::Clear } else { Masking::Masked };
    shape["findings"] = report::found(&failure.diagnosis, redactor, masking);
    if let Some(finding) = failure.diagnosis.first() {
        let told = [&failure.problem.what, &failure.problem.why];
        if !told.iter().any(|words| words.contains(&finding.summary)) {
            context.out.note(&format!(
                "{} ({}): {}",
                finding.code(),
                finding.likelihood.word(),
                finding.summary
            ));
        }
    }
    Failed::with_shape(guess::elsewhere(context, failure.problem), shape)
}

/// A session to get a token with. One that a person logs in for is worth a question: where it may be kept
/// behind a passphrase already, that is asked for first.
fn session(context: &Context, plan: &TokenPlan) -> Result<Session, Problem> {
    let login = matches!(plan.profile.grant, Grant::AuthorizationCode | Grant::DeviceCode);
    let behind = || matches!(context.vault_place().and_then(|place| place.found()), Ok(Found::Passphrase));
    if login && context.out.can_ask() && behind() {
        return context.session_with_vault();
    }
    context.session(Some(&plan.environment))
}

/// Whether what was got is there for the next command.
fn is_kept(context: &Context) -> bool {
    match context.vault_place().and_then(|place| place.found()) {
        Ok(Found::Keyring) => true,
        Ok(Found::Passphrase) => {
            context.out.can_ask()
                || matches!(passphrase::given(context.globals.passphrase_file.as_deref()), Ok(Some(_)))
        }
        Ok(Found::Nothing) | Err(_) => false,
    }
}

/// The token that is meant among those there are: of this profile and environment, and of one identity.
/// Where none is named, it is the one of the profile.
fn choose(tokens: Vec<Token>, plan: &TokenPlan, identity: Option<&str>) -> Result<Token, Problem> {
    let own = identity.is_none().then(|| identity_of_profile(plan)).flatten();
    let identity = identity.or(own.as_deref());
    let (name, environment) = (&plan.profile.name, &plan.environment.name);
    let mut found: Vec<Token> = tokens
        .into_iter()
        .filter(|t| t.key.profile == *name && t.key.environment == *environment)
        .filter(|t| identity.is_none_or(|i| t.key.identity == i))
        .collect();
    let mut people: Vec<&str> = found.iter().map(|t| t.key.identity.as_str()).collect();
    people.sort_unstable();
    people.dedup();
    if people.len() > 1 {
        return Err(Problem::new(
            ProblemKind::Usage,
            format!("there are tokens of `{name}` for several identities"),
            people.join(", "),
            "name one with `--identity I`",
        ));
    }
    // An edit of scope or audience leaves the older one behind.
    found.sort_by_key(|t| t.obtained_at);
    found.pop().ok_or_else(|| {
        let whose = identity.map(|i| format!(" and identity `{i}`")).unwrap_or_default();
        Problem::new(
            ProblemKind::Usage,
            format!("no token of `{name}` is kept"),
            format!("nothing in the cache for environment `{environment}`{whose}"),
            match environment.as_str() {
                "" => format!("get one with `hallpass token {name}`"),
                environment => format!("get one with `hallpass token {name} --env {environment}`"),
            },
        )
    })
}

/// `identity` of a profile with its variables. `None`: it says nothing, or a variable of it is a secret or unset.
fn identity_of_profile(plan: &TokenPlan) -> Option<String> {
    let rendered = template::render(&plan.profile.identity, Place::Verbatim, &plan.layers, &|_, _| None);
    let identity = rendered.text.trim().to_owned();
    (rendered.unresolved.is_empty() && !identity.is_empty()).then_some(identity)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::secret::Secret;
    use jiff::Timestamp;
    use std::time::Duration;

    fn token(profile: &str, identity: &str, scope: &str, at: i64) -> Token {
        Token {
            key: TokenKey {
                profile: profile.into(),
                identity: identity.into(),
                scope: scope.into(),
                ..TokenKey::default()
            },
            origin: None,
            access_token: Secret::new(scope),
            token_type: "Bearer".into(),
            refresh_token: None,
            id_token: None,
            dpop_key: None,
            use_id_token: false,
            session_index: None,
            scope: None,
            expires_in: Some(Duration::from_secs(60)),
            obtained_at: Timestamp::from_second(at).unwrap(),
            obtained: Instant::now(),
            clock_offset_ms: None,
            grant: String::new(),
            client_auth: String::new(),
            notes: Vec::new(),
            exchange: None,
        }
    }

    fn plan() -> TokenPlan {
        TokenPlan {
            profile: OauthProfile { name: "id".into(), ..OauthProfile::default() },
            environment: Default::default(),
            layers: Vec::new(),
            root: Default::default(),
        }
    }

    #[test]
    fn among_several_identities_one_must_be_named() {
        let all =
            || vec![token("id", "alice", "", 1), token("id", "bob", "", 2), token("other", "eve", "", 3)];
        let problem = choose(all(), &plan(), None).unwrap_err();
        assert_eq!(problem.why, "alice, bob");
        assert_eq!(choose(all(), &plan(), Some("bob")).unwrap().key.identity, "bob");
        assert!(choose(all(), &plan(), Some("eve")).unwrap_err().why.contains("`eve`"));
    }

    #[test]
    fn the_identity_of_the_profile_is_meant_unless_another_is_named() {
        let all = || vec![token("id", "alice", "", 1), token("id", "bob", "", 2)];
        let mut plan = plan();
        plan.profile.identity = "{{who}}".into();
        let who = ("who".to_owned(), "alice".into());
        plan.layers = vec![Layer { origin: "test".into(), variables: [who].into_iter().collect() }];
        assert_eq!(choose(all(), &plan, None).unwrap().key.identity, "alice");
        assert_eq!(choose(all(), &plan, Some("bob")).unwrap().key.identity, "bob");
        plan.layers.clear();
        assert_eq!(choose(all(), &plan, None).unwrap_err().why, "alice, bob");
    }

    #[test]
    fn of_one_identity_the_newest_is_meant() {
        let all = vec![token("id", "alice", "new", 9), token("id", "alice", "old", 1)];
        assert_eq!(choose(all, &plan(), None).unwrap().key.scope, "new");
    }
}
