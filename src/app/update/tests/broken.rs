//! Files that cannot be read: what is told, and what is not done without them.

use super::*;

fn problem(file: &str) -> crate::model::problem::Problem {
    let kind = crate::model::problem::ProblemKind::File;
    crate::model::problem::Problem::new(kind, "not valid TOML", "unclosed array", "close it")
        .in_file(file)
        .at(3, 5)
}

#[test]
fn with_its_profile_broken_the_flow_names_the_file_and_asks_no_other_client_for_a_token() {
    let mut broken = workspace();
    broken.profiles.iter_mut().for_each(|p| p.name = "another".to_owned());
    broken.problems = vec![problem("auth/pega.toml")];
    let mut screen = Screen::with(start(broken), 120, 40);
    screen.state.flow.set(Step::Register, StepState::Done("ok".into()));
    screen.press(">");
    assert!(screen.take().is_empty(), "no token is asked for");
    assert!(screen.message().contains("auth/pega.toml:3:5"), "{}", screen.message());
    screen.press("s");
    let [Effect::Send(_, plan)] = &screen.take()[..] else { panic!("a send that will say why not") };
    assert_eq!(plan.broken.as_ref().and_then(|p| p.place()).as_deref(), Some("auth/pega.toml:3:5"));
}

#[test]
fn a_broken_file_is_told_at_the_start_and_not_again_with_every_later_change() {
    let mut broken = workspace();
    broken.problems = vec![problem("a.toml")];
    let mut screen = Screen::with(start(broken.clone()), 80, 24);
    assert!(screen.message().contains("a.toml:3:5") && screen.message().contains("! lists all"));
    screen.press("2 D");
    let Some(Effect::Edit(job, _)) = screen.take().pop() else { panic!("no edit") };
    let change = crate::model::edit::Change { words: "duplicated".into(), ..Default::default() };
    screen.done(job, Output::Workspace(Some(change), std::sync::Arc::new(broken.clone())));
    assert_eq!(screen.message(), "duplicated");
    broken.problems.push(problem("b.toml"));
    screen.press("2 D");
    let Some(Effect::Edit(job, _)) = screen.take().pop() else { panic!("no edit") };
    screen.done(job, Output::Workspace(None, std::sync::Arc::new(broken)));
    assert!(screen.message().contains("b.toml"), "{}", screen.message());
}
