//! Did-you-mean: names the user typed that do not exist, with what is spelled like them.

use super::context::Context;
use crate::model::environment::Environment;
use crate::model::problem::{Problem, ProblemKind};
use crate::model::workspace::{Found, Workspace, nearest};
use crate::template::placeholders;

/// `a`, `b` or `c`, each in backquotes.
pub fn one_of(names: &[String]) -> String {
    let quoted: Vec<String> = names.iter().map(|n| format!("`{n}`")).collect();
    match quoted.split_last() {
        None => String::new(),
        Some((last, [])) => last.clone(),
        Some((last, rest)) => format!("{} or {last}", rest.join(", ")),
    }
}

/// The problem of a name that is not among the known ones; `list` says how to see them all.
pub fn unknown<'a>(kind: &str, wanted: &str, known: impl Iterator<Item = &'a str>, list: &str) -> Problem {
    let known: Vec<&str> = known.collect();
    let near = nearest(wanted, known.iter().copied());
    let why = if known.is_empty() { format!("there is no {kind} yet") } else { String::new() };
    let next = if near.is_empty() { list.to_owned() } else { format!("did you mean {}?", one_of(&near)) };
    Problem::new(ProblemKind::Usage, format!("there is no {kind} `{wanted}`"), why, next)
}

/// Of a variable that is not set: when other environments of the workspace have it, the next step names them.
pub fn elsewhere(context: &Context, problem: Problem) -> Problem {
    match problem.kind {
        ProblemKind::Unresolved => match context.workspace() {
            Ok(workspace) => in_another(&workspace.environments, problem),
            Err(_) => problem,
        },
        _ => problem,
    }
}

/// The problem names what is missing between braces.
fn in_another(environments: &[Environment], mut problem: Problem) -> Problem {
    let missing = placeholders(&problem.what);
    let has_all = |e: &&Environment| missing.iter().all(|p| e.variables.contains_key(p.name.as_str()));
    let found: Vec<String> = environments.iter().filter(has_all).map(|e| e.name.clone()).collect();
    if let ([first, ..], false) = (&found[..], missing.is_empty()) {
        let word = if found.len() == 1 { "environment" } else { "environments" };
        let verb = if found.len() == 1 { "has" } else { "have" };
        let all = one_of(&found).replace(" or ", " and ");
        let it = if missing.len() == 1 { "it" } else { "them" };
        problem.next = format!("{word} {all} {verb} {it}: add `--env {first}`");
    }
    problem
}

/// What a request, folder or collection name means; a broken file of that name is told as such.
pub fn find<'w>(workspace: &'w Workspace, name: &str) -> Result<Found<'w>, Problem> {
    workspace.find(name).map_err(|candidates| {
        if let Some(problem) = workspace.broken("collections", name).cloned() {
            return problem;
        }
        let tail = |c: &String| c == name || c.ends_with(&format!("/{}", name.trim_matches('/')));
        if candidates.iter().any(tail) {
            return Problem::new(
                ProblemKind::Usage,
                format!("`{name}` could be several things"),
                one_of(&candidates),
                "give more of its path",
            );
        }
        let next = if candidates.is_empty() {
            "`hallpass list` shows what there is".to_owned()
        } else {
            format!("did you mean {}?", one_of(&candidates))
        };
        let why = match workspace.collections.is_empty() {
            true => format!(
                "the workspace `{}` has no requests; is it the one you mean?",
                workspace.root.display()
            ),
            false => String::new(),
        };
        Problem::new(ProblemKind::Usage, format!("there is no request or folder `{name}`"), why, next)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_name_gets_the_nearest_ones() {
        let p = unknown("environment", "stagin", ["dev", "staging"].into_iter(), "`hallpass env list`");
        assert_eq!(p.what, "there is no environment `stagin`");
        assert_eq!(p.next, "did you mean `staging`?");
    }

    #[test]
    fn a_variable_of_another_environment_is_found_there() {
        let environment = |name: &str, variables: &[&str]| Environment {
            name: name.into(),
            variables: variables.iter().map(|v| ((*v).to_owned(), "x".into())).collect(),
            ..Environment::default()
        };
        let all =
            [environment("dev", &["a"]), environment("rfc", &["a", "b"]), environment("two", &["b", "a"])];
        let told =
            |what: &str| in_another(&all, Problem::new(ProblemKind::Unresolved, what, "", "set it")).next;
        assert_eq!(
            told("cannot send: `{{b}}` has no value"),
            "environments `rfc` and `two` have it: add `--env rfc`"
        );
        assert!(told("cannot send: `{{a}}`, `{{b}}` have no value").contains("--env rfc"));
        assert_eq!(told("cannot send: `{{c}}` has no value"), "set it");
        assert_eq!(told("cannot send: nothing is named"), "set it");
    }

    #[test]
    fn a_request_whose_file_is_broken_is_not_called_unknown() {
        let problem = Problem::new(ProblemKind::File, "cannot read the request", "x", "y")
            .in_file("/w/collections/a/b.toml")
            .at(2, 1);
        let workspace =
            Workspace { root: "/w".into(), problems: vec![problem.clone()], ..Workspace::default() };
        assert_eq!(find(&workspace, "a/b").unwrap_err(), problem);
    }
}
