//! Rendering for one plan: where variables are looked up, which secrets they need, and what was used.
//!
//! Secrets may have to be asked for (a vault, a command), which blocks. So a plan is rendered twice: the
//! first time finds out which secrets it needs, the second time has them. A plan without secrets is
//! rendered once.

use super::Session;
use super::memory::labelled;
use crate::diagnose::Known;
use crate::model::environment::Environment;
use crate::model::plan::Layer;
use crate::model::problem::{Problem, ProblemKind};
use crate::model::secret::sounds_secret;
use crate::model::secret::{MASK, Secret};
use crate::model::value::{SecretRef, Value};
use crate::template::{self, Dynamics, Place, Unresolved, Used, why_unresolved};
use std::cell::RefCell;
use std::collections::HashMap;
use std::path::Path;
use tokio_util::sync::CancellationToken;

/// Secrets by variable name and reference.
pub(super) type Secrets = HashMap<(String, SecretRef), Secret>;

/// A rendered text and whether a secret is in it.
#[derive(Clone, Default, PartialEq, Eq)]
pub(super) struct Text {
    pub text: String,
    pub secret: bool,
}

/// What the rendering of one plan found out.
#[derive(Default)]
struct Notes {
    used: Vec<Used>,
    /// Name and where it is used.
    unresolved: Vec<(String, String)>,
    wanted: Vec<(String, SecretRef)>,
    seen: Vec<Secret>,
    /// Those of them that have a name.
    named: Vec<Known>,
}

/// The scope of one rendering. Lives within one synchronous stretch.
pub(super) struct Scope<'a> {
    layers: &'a [Layer],
    dynamics: &'a Dynamics,
    /// `None`: secrets stand as the mask.
    secrets: Option<&'a Secrets>,
    notes: RefCell<Notes>,
}

impl<'a> Scope<'a> {
    pub fn new(layers: &'a [Layer], dynamics: &'a Dynamics, secrets: Option<&'a Secrets>) -> Self {
        Self { layers, dynamics, secrets, notes: RefCell::new(Notes::default()) }
    }

    /// Renders a text; `whereabouts` is what a problem says of it: `the URL`, ``header `X` ``.
    pub fn text(&self, text: &str, place: Place, whereabouts: &str) -> Text {
        let rendered =
            template::render_with(text, place, self.layers, &|n, r| self.secret(n, r), self.dynamics);
        let mut notes = self.notes.borrow_mut();
        for used in rendered.used {
            if !notes.used.iter().any(|u| u.name == used.name) {
                notes.used.push(used);
            }
        }
        for name in rendered.unresolved {
            if !notes.unresolved.iter().any(|(n, _)| n == &name) {
                notes.unresolved.push((name, whereabouts.to_owned()));
            }
        }
        if self.secrets.is_some() {
            notes.seen.extend(rendered.secrets);
        }
        Text { text: rendered.text, secret: rendered.secret }
    }

    /// A text that may stay as it stands (operands of checks: captures fill them later).
    pub fn optional(&self, text: &str) -> Text {
        let before = self.notes.borrow().unresolved.len();
        let text = self.text(text, Place::Verbatim, "");
        self.notes.borrow_mut().unresolved.truncate(before);
        text
    }

    /// A field that may be a secret reference of its own; `name` is what a vault files it under.
    /// Whatever stands in such a field is a secret.
    pub fn value(&self, value: &Value, name: &str, whereabouts: &str) -> Text {
        let text = match value {
            Value::Text(text) => self.text(text, Place::Verbatim, whereabouts).text,
            Value::Secret(reference) => match self.secret(name, reference) {
                Some(secret) => secret.expose().to_owned(),
                None => {
                    self.notes.borrow_mut().unresolved.push((name.to_owned(), whereabouts.to_owned()));
                    String::new()
                }
            },
        };
        self.saw(&text);
        if self.secrets.is_some() && name != "token" && !text.is_empty() {
            self.notes.borrow_mut().named.push(labelled(name, whereabouts, "", &text));
        }
        Text { text, secret: true }
    }

    /// Makes a text known as a secret.
    pub fn saw(&self, text: &str) {
        if !text.is_empty() && !text.contains(MASK) {
            self.notes.borrow_mut().seen.push(Secret::new(text));
        }
    }

    fn secret(&self, name: &str, reference: &SecretRef) -> Option<Secret> {
        let key = (name.to_owned(), reference.clone());
        match self.secrets {
            None => {
                let mut notes = self.notes.borrow_mut();
                if !notes.wanted.contains(&key) {
                    notes.wanted.push(key);
                }
                Some(Secret::new(MASK))
            }
            Some(secrets) => secrets.get(&key).cloned(),
        }
    }

    /// What was used, or the problem of what has no value.
    pub fn finish(self, what: &str, environment: &str, session: &Session) -> Result<Vec<Used>, Problem> {
        let notes = self.notes.into_inner();
        for secret in &notes.seen {
            session.redactor().learn(secret.expose());
        }
        for mut known in notes.named {
            environment.clone_into(&mut known.environment);
            session.memory().knows(&known);
        }
        if notes.unresolved.is_empty() {
            return Ok(notes.used);
        }
        Err(unresolved_problem(what, &notes.unresolved, self.layers, environment))
    }

    /// The first problem of what has no value so far, for those who must not go on with a hole in a text.
    pub fn complete(&self, what: &str, environment: &str) -> Result<(), Problem> {
        let notes = self.notes.borrow();
        if notes.unresolved.is_empty() {
            return Ok(());
        }
        Err(unresolved_problem(what, &notes.unresolved, self.layers, environment))
    }
}

/// Where a plan's secrets and words come from.
pub(super) struct Surroundings<'a> {
    pub session: &'a Session,
    pub root: &'a Path,
    pub environment: &'a Environment,
    pub layers: &'a [Layer],
    pub dynamics: &'a Dynamics,
    /// Begins the problem of an unresolved variable: ``cannot send `Create case` ``.
    pub what: &'a str,
    pub cancel: &'a CancellationToken,
}

/// Renders with secrets asked for where need be. `build` runs once or twice and has no side effects.
pub(super) async fn resolve<T>(
    around: &Surroundings<'_>,
    build: impl Fn(&Scope<'_>) -> Result<T, Problem>,
) -> Result<(T, Vec<Used>, Secrets), Problem> {
    let wanted = {
        let scope = Scope::new(around.layers, around.dynamics, None);
        let built = build(&scope);
        let wanted = std::mem::take(&mut scope.notes.borrow_mut().wanted);
        // What lacks a value lacks it whatever the secrets say: no need to ask for them.
        let used = scope.finish(around.what, &around.environment.name, around.session)?;
        if wanted.is_empty() {
            return Ok((built?, used, Secrets::new()));
        }
        wanted
    };
    let secrets = fetch(around, wanted).await?;
    let scope = Scope::new(around.layers, around.dynamics, Some(&secrets));
    let built = build(&scope)?;
    let used = scope.finish(around.what, &around.environment.name, around.session)?;
    Ok((built, used, secrets))
}

/// Asks for secrets on a blocking thread.
async fn fetch(around: &Surroundings<'_>, wanted: Vec<(String, SecretRef)>) -> Result<Secrets, Problem> {
    let source = around.session.secrets();
    let root = around.root.to_owned();
    let environment = around.environment.name.clone();
    let asking = tokio::task::spawn_blocking(move || {
        let mut secrets = Secrets::new();
        for (name, reference) in wanted {
            let secret = source.get(&root, &environment, &name, &reference)?;
            secrets.insert((name, reference), secret);
        }
        Ok::<_, Problem>(secrets)
    });
    let secrets = tokio::select! {
        done = asking => done.map_err(|_| internal("asking for a secret ended unexpectedly"))??,
        () = around.cancel.cancelled() => return Err(cancelled(around.what)),
    };
    for ((name, _), secret) in &secrets {
        around.session.redactor().learn(secret.expose());
        let known = labelled(name, "", &around.environment.name, secret.expose());
        around.session.memory().knows(&known);
    }
    Ok(secrets)
}

/// The problem of a user who changed his mind.
pub(super) fn cancelled(what: &str) -> Problem {
    Problem::new(ProblemKind::Interrupted, what, "it was cancelled", "send it again when you want to")
}

fn internal(why: &str) -> Problem {
    Problem::new(ProblemKind::Internal, "a part of hallpass failed", why, "report it with what you did")
}

/// Names what has no value, where it is used, what may have been meant, and how to set it.
pub(super) fn unresolved_problem(
    what: &str,
    unresolved: &[(String, String)],
    layers: &[Layer],
    environment: &str,
) -> Problem {
    let names: Vec<String> = unresolved.iter().map(|(name, _)| format!("`{{{{{name}}}}}`")).collect();
    let verb = if names.len() == 1 { "has" } else { "have" };
    let what = format!("{what}: {} {verb} no value", names.join(", "));
    let whys: Vec<String> = unresolved.iter().map(|(name, place)| reason(name, place, layers)).collect();
    let next = unresolved.first().map(|(name, _)| next_step(name, layers, environment)).unwrap_or_default();
    Problem::new(ProblemKind::Unresolved, what, whys.join("; "), next)
}

fn reason(name: &str, place: &str, layers: &[Layer]) -> String {
    match why_unresolved(name, layers) {
        Unresolved::Unknown(near) if near.is_empty() => format!("`{name}`, used in {place}, is set nowhere"),
        Unresolved::Unknown(near) => {
            let near: Vec<String> = near.iter().map(|n| format!("`{n}`")).collect();
            format!("`{name}`, used in {place}, is set nowhere: did you mean {}?", near.join(" or "))
        }
        Unresolved::Filter(filter, known) => {
            format!("`{filter}`, used in {place}, is no filter: there are {}", known.join(", "))
        }
        Unresolved::Cycle => format!("`{name}`, used in {place}, needs itself"),
        Unresolved::Secret(kept) => {
            format!("`{name}`, used in {place}, is a secret ({kept}) that could not be read")
        }
    }
}

fn next_step(name: &str, layers: &[Layer], environment: &str) -> String {
    match why_unresolved(name, layers) {
        Unresolved::Filter(..) => "correct the filter's name".to_owned(),
        Unresolved::Cycle => format!("give `{name}` a value that does not hold `{{{{{name}}}}}`"),
        Unresolved::Secret(_) if environment.is_empty() => format!("store it: hallpass secret set {name}"),
        Unresolved::Secret(_) => format!("store it: hallpass secret set {name} --env {environment}"),
        Unresolved::Unknown(near) if name.starts_with('$') => match near.first() {
            Some(near) => format!("write `{{{{{near}}}}}`"),
            None => "dynamic variables are listed in the help".to_owned(),
        },
        Unresolved::Unknown(_) if environment.is_empty() => {
            format!("choose an environment that has it (--env NAME), or give it for once: --set {name}=…")
        }
        Unresolved::Unknown(_) if sounds_secret(name) => {
            format!("store it: hallpass secret set {name} --env {environment}")
        }
        Unresolved::Unknown(_) => {
            format!(
                "set it in environment `{environment}`: hallpass env set {name} VALUE --env {environment}; if another request captures it, send that one before, in the same run"
            )
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layers() -> Vec<Layer> {
        let variables =
            [("base_url".to_owned(), Value::from("http://h")), ("a".to_owned(), Value::from("{{a}}"))];
        vec![Layer { origin: "environment dev".into(), variables: variables.into_iter().collect() }]
    }

    #[test]
    fn an_unresolved_variable_is_named_with_its_place_its_likeness_and_the_command() {
        let p =
            unresolved_problem("cannot send `X`", &[("base_ulr".into(), "the URL".into())], &layers(), "dev");
        assert_eq!(p.kind, ProblemKind::Unresolved);
        assert_eq!(p.what, "cannot send `X`: `{{base_ulr}}` has no value");
        assert_eq!(p.why, "`base_ulr`, used in the URL, is set nowhere: did you mean `base_url`?");
        assert_eq!(
            p.next,
            "set it in environment `dev`: hallpass env set base_ulr VALUE --env dev; if another request captures it, send that one before, in the same run"
        );
    }

    #[test]
    fn without_an_environment_the_step_is_to_choose_one_and_a_cycle_is_called_one() {
        let p = unresolved_problem(
            "w",
            &[("zzz".into(), "the body".into()), ("a".into(), "the URL".into())],
            &layers(),
            "",
        );
        assert!(p.next.contains("--env NAME") && p.next.contains("--set zzz="), "{}", p.next);
        assert!(p.what.contains("have no value") && p.why.contains("needs itself"), "{p}");
    }
}
