//! `hallpass jwt verify`: signature, times, issuer, audience. Exit code 1 where one does not hold.

use super::super::context::Context;
use super::super::{Failed, Outcome};
use super::args::JwtVerifyArgs;
use super::{input, keys, print, readable};
use crate::flow::{self, TokenPlan};
use crate::jwt::{self, Decoded, Jwks, Signature, time_of};
use crate::model::plan::Layer;
use crate::model::problem::{Problem, ProblemKind};
use crate::model::profile::OauthProfile;
use crate::report;
use jiff::Timestamp;
use serde_json::Value as Json;
use std::path::Path;

pub(super) fn verify(context: &Context, args: &JwtVerifyArgs) -> Outcome {
    let token_by_pipe = args.token.as_deref().is_none_or(|token| token == "-");
    input::only_once(&[token_by_pipe, args.secret.as_deref() == Some("-")])?;
    let text = input::token(context, args.token.as_deref())?;
    let now = Timestamp::now();
    let mut decoded = readable(text.expose(), now)?;
    let keys = keys_of(context, args, &decoded)?;
    decoded.signature = jwt::verify(text.expose(), &keys);
    let faults = faults(&decoded, args, now);
    let mut shape = report::decoded(&decoded, now);
    shape["faults"] = faults.iter().map(|fault| Json::from(fault.as_str())).collect();
    let out = &context.out;
    if faults.is_empty() {
        if out.json {
            out.answer(&shape);
        } else {
            print(out, &decoded, now);
        }
        return Ok(0);
    }
    if !out.json {
        print(out, &decoded, now);
    }
    let problem = Problem::new(
        ProblemKind::Check,
        "the token does not hold",
        faults.join("; "),
        "get a new token, or check with the key, issuer and audience that belong to it",
    );
    Err(Failed::with_shape(problem, shape))
}

/// Everything that was asked for and does not hold.
fn faults(decoded: &Decoded, args: &JwtVerifyArgs, now: Timestamp) -> Vec<String> {
    let mut faults = Vec::new();
    match &decoded.signature {
        Signature::Verified { .. } => {}
        Signature::Rejected { reason } => faults.push(format!("the signature was rejected: {reason}")),
        Signature::Unverified { reason } => {
            faults.push(format!("the signature could not be checked: {reason}"))
        }
    }
    let Some(claims) = &decoded.claims else {
        faults.push(decoded.problem.clone().unwrap_or_else(|| "it has no claims".into()));
        return faults;
    };
    match claims.get("exp").map(|_| time_of(claims, "exp")) {
        Some(Some(exp)) if exp <= now => faults.push(format!("it expired {}", jwt::relative(exp, now))),
        Some(None) => faults.push("its `exp` is no date".into()),
        _ => {}
    }
    match claims.get("nbf").map(|_| time_of(claims, "nbf")) {
        Some(Some(nbf)) if nbf > now => faults.push(format!("it is valid only {}", jwt::relative(nbf, now))),
        Some(None) => faults.push("its `nbf` is no date".into()),
        _ => {}
    }
    let found = |name: &str| claims.get(name).map_or_else(|| "none".to_owned(), Json::to_string);
    for expected in args.iss.iter().chain(&args.issuer) {
        if claims.get("iss").and_then(Json::as_str) != Some(expected) {
            faults.push(format!("its issuer is {}, not \"{expected}\"", found("iss")));
        }
    }
    if let Some(expected) = &args.aud {
        let holds = match claims.get("aud") {
            Some(Json::String(one)) => one == expected,
            Some(Json::Array(many)) => many.iter().any(|aud| aud.as_str() == Some(expected)),
            _ => false,
        };
        if !holds {
            faults.push(format!("its audience is {}, not \"{expected}\"", found("aud")));
        }
    }
    faults
}

fn keys_of(context: &Context, args: &JwtVerifyArgs, decoded: &Decoded) -> Result<Jwks, Box<Failed>> {
    if let Some(path) = &args.key {
        return Ok(keys::public_keys(path)?);
    }
    if let Some(secret) = &args.secret {
        return Ok(Jwks::from_secret(&keys::secret(context, secret, args.secret_base64)?));
    }
    if let Some(place) = &args.jwks {
        return match place.split_once("://") {
            Some(("http" | "https", _)) => Ok(fetch(context, args, place)?),
            _ => Ok(keys::public_keys(Path::new(place))?),
        };
    }
    if let Some(issuer) = &args.issuer {
        let url = keys_url(context, args, issuer)?;
        return Ok(fetch(context, args, &url)?);
    }
    let alg = decoded.header.as_ref().and_then(|h| h.get("alg")).and_then(Json::as_str).unwrap_or_default();
    let next = if alg.starts_with("HS") {
        "give the shared secret: `--secret -`"
    } else {
        "give `--jwks URL`, `--key FILE`, or `--issuer URL` to look the keys up"
    };
    Err(Problem::new(ProblemKind::Usage, "there is no key to verify with", "", next).into())
}

/// The road of the environment, if there is a workspace; else that of the machine.
fn plan(context: &Context, args: &JwtVerifyArgs) -> Result<TokenPlan, Problem> {
    let workspace =
        if args.env.is_some() { Some(context.workspace()?) } else { context.workspace_if_any()? };
    let Some(workspace) = workspace else {
        return Ok(TokenPlan {
            profile: OauthProfile::default(),
            environment: crate::model::environment::Environment::default(),
            layers: Vec::new(),
            root: std::env::current_dir().unwrap_or_default(),
        });
    };
    let environment = context.environment(&workspace, args.env.as_deref())?.cloned().unwrap_or_default();
    let layer = Layer {
        origin: format!("environment {}", environment.name),
        variables: environment.variables.clone(),
    };
    Ok(TokenPlan { profile: OauthProfile::default(), environment, layers: vec![layer], root: workspace.root })
}

fn fetch(context: &Context, args: &JwtVerifyArgs, url: &str) -> Result<Jwks, Problem> {
    let plan = plan(context, args)?;
    let session = context.session(Some(&plan.environment))?;
    let set = context.block_on(|cancel| async move { flow::key_set(&session, &plan, url, &cancel).await })?;
    set.map(|keys| (*keys).clone()).map_err(|why| {
        Problem::new(
            ProblemKind::Network,
            "the keys could not be read",
            why,
            "check the address, or give the keys as a file",
        )
    })
}

/// `jwks_uri` of an issuer's metadata.
fn keys_url(context: &Context, args: &JwtVerifyArgs, issuer: &str) -> Result<String, Problem> {
    let plan = plan(context, args)?;
    let session = context.session(Some(&plan.environment))?;
    let found = context.block_on(|cancel| async move {
        flow::manage::discover(&session, &plan, issuer, false, &cancel).await
    })?;
    // No token is asked for here, and no profile is at fault.
    let found = found.map_err(|failure| {
        let kind = if failure.problem.kind == ProblemKind::Token {
            ProblemKind::Network
        } else {
            failure.problem.kind
        };
        Problem { kind, next: "check the issuer, or give the keys with `--jwks`".into(), ..failure.problem }
    })?;
    let url = found.metadata.jwks_url;
    if url.is_empty() {
        return Err(Problem::new(
            ProblemKind::Network,
            "the issuer's metadata names no keys (`jwks_uri`)",
            "",
            "give them with `--jwks`",
        ));
    }
    Ok(url)
}
