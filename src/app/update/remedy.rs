//! `c` and `f`: what makes sure of a finding and what mends it. Nothing is sent without the key; an unsafe method is
//! sent once more only after a yes, and to a protected environment only after its name was typed.

use super::command::{confirm, prompt};
use super::{flow, side};
use crate::app::effect::{Effect, Target};
use crate::app::event::Cx;
use crate::app::flow_strip::{Step, StepState};
use crate::app::overlay::{ConfirmAction, Overlay, Pick, PickItem, Picker, Purpose};
use crate::app::pane::diagnosis::{AfterFix, Errand, Ran, Replay, Stop, Subject};
use crate::app::state::State;
use crate::content::visible::visible;
use crate::diagnose::{Probe, Remedy};
use crate::flow::probe::{ProbeOutcome, needs_consent};
use crate::flow::remedy::{Mend, mend};
use crate::model::auth::Auth;
use crate::model::edit::Edit;
use crate::model::history::HistoryEntry;
use crate::model::id::ItemPath;
use crate::model::plan::Plan;
use crate::model::request::Request;

/// `c`: the probe of the finding; a menu where there are several.
pub fn ask_probe(state: &mut State, cx: &Cx, fx: &mut Vec<Effect>) {
    let Some((subject, finding)) = state.finding_at_hand() else {
        super::hint(state, "nothing was refused here", cx);
        return;
    };
    let code = finding.code();
    let probes: Vec<Probe> = finding.probes.iter().copied().filter(|p| subject.takes(*p)).collect();
    let errand = |probe| Errand::Probe { subject: subject.clone(), code, probe };
    match probes.as_slice() {
        [] => super::hint(state, "there is nothing to run for this one; its words say how to make sure", cx),
        [only] => {
            let errand = errand(*only);
            start(state, errand, cx, fx);
        }
        several => {
            let items = several.iter().map(|p| PickItem {
                label: p.id().replace('_', " "),
                detail: p.text().to_owned(),
                pick: Pick::Errand(errand(*p)),
            });
            let picker = Picker::new(format!("Make sure of {code}"), items.collect(), 0);
            state.overlays.push(Overlay::Picker(picker));
        }
    }
}

/// `f`: the fix of the finding; a menu where there are several.
pub fn ask_fix(state: &mut State, cx: &Cx, fx: &mut Vec<Effect>) {
    let Some((subject, finding)) = state.finding_at_hand() else {
        super::hint(state, "nothing was refused here", cx);
        return;
    };
    let code = finding.code();
    let errand = |remedy: &Remedy| Errand::Fix { subject: subject.clone(), code, remedy: remedy.clone() };
    match finding.remedies.as_slice() {
        [] => super::hint(state, "no key mends this one; d says what to do", cx),
        [only] => {
            let errand = errand(only);
            start(state, errand, cx, fx);
        }
        several => {
            let items = several.iter().map(|r| PickItem {
                label: r.id().replace('_', " "),
                detail: visible(&r.text()).into_owned(),
                pick: Pick::Errand(errand(r)),
            });
            let picker = Picker::new(format!("Fix {code}"), items.collect(), 0);
            state.overlays.push(Overlay::Picker(picker));
        }
    }
}

/// Does it, or asks first.
pub fn start(state: &mut State, errand: Errand, cx: &Cx, fx: &mut Vec<Effect>) {
    if let Some((subject, what, protects)) = sends(state, &errand) {
        let protected = state.active().filter(|e| e.protected && protects).map(|e| e.name.clone());
        if let Some(name) = protected {
            let title = format!("{name} is protected: type its name to {what}");
            prompt(state, &title, "Esc sends nothing", "", Purpose::ProtectedErrand(errand));
            return;
        }
        if let Some(why) = unsafe_words(state, &subject, &errand) {
            let first = what.chars().next().map(|c| c.to_uppercase().to_string()).unwrap_or_default();
            let text = format!("{first}{}? {why}", what.get(first.len()..).unwrap_or_default());
            confirm(state, text, ConfirmAction::Errand(errand), cx);
            return;
        }
    }
    run(state, errand, cx, fx);
}

/// Whose request an errand sends, in words, and whether a protected environment asks about it.
fn sends(state: &State, errand: &Errand) -> Option<(Subject, String, bool)> {
    let line = |path: &ItemPath| {
        let (method, url) = request_line(state, path)?;
        let url = state.redactor.mask(&url);
        Some(format!("{method} {}", visible(url.split(['?', '#']).next().unwrap_or(&url))))
    };
    match errand {
        Errand::Probe { subject: Subject::Answer(path), probe, .. } => {
            let subject = Subject::Answer(path.clone());
            let words = match probe {
                Probe::Repeat => format!("send {} three more times", line(path)?),
                Probe::NoCredentials => format!("send {} without credentials", line(path)?),
                p if p.repeats_request() => format!("send {} once more", line(path)?),
                Probe::CaseTypes => "list the case types".to_owned(),
                _ => return None,
            };
            Some((subject, words, true))
        }
        Errand::Fix { subject: Subject::Answer(path), remedy: Remedy::RenewReplay, .. }
        | Errand::Replay { path, .. } => {
            Some((Subject::Answer(path.clone()), format!("send {} once more", line(path)?), true))
        }
        _ => None,
    }
}

/// Why a yes is needed before the request is sent once more.
fn unsafe_words(state: &State, subject: &Subject, errand: &Errand) -> Option<String> {
    let probe = match errand {
        Errand::Probe { probe, .. } => *probe,
        _ => Probe::RenewReplay,
    };
    let Subject::Answer(path) = subject else { return None };
    let sent = state.response.views.get(path)?.sent.exchange.is_some();
    let (method, url) = request_line(state, path)?;
    // A fix of what never went out sends it for the first time.
    if !needs_consent(probe, &method) || !sent && !matches!(errand, Errand::Probe { .. }) {
        return None;
    }
    let bare = url.split(['?', '#']).next().unwrap_or_default();
    let case = method == "POST" && bare.trim_end_matches('/').ends_with("/cases");
    Some(match (sent, case) {
        (true, true) => "It may create a second case".to_owned(),
        (true, false) => format!("What this {method} does may then be done twice"),
        (false, _) => format!("What this {method} does may be done"),
    })
}

/// The method that would be sent, which the draft says, and the URL: as it was sent, else as it is written.
fn request_line(state: &State, path: &ItemPath) -> Option<(String, String)> {
    let request = state.plan(path)?.request;
    let sent = state.response.views.get(path).and_then(|v| v.sent.exchange.as_ref());
    Some((request.method, sent.map_or(request.url, |e| e.request.url.clone())))
}

/// Does it without asking.
pub fn run(state: &mut State, errand: Errand, cx: &Cx, fx: &mut Vec<Effect>) {
    match errand {
        Errand::Probe { subject, code, probe } => run_probe(state, subject, code, probe, cx, fx),
        Errand::Fix { subject, code, remedy } => apply(state, subject, code, &remedy, cx, fx),
        Errand::Replay { path, code, renew } => replay(state, path, code, renew, cx, fx),
    }
}

/// The profile that gave no token.
fn failed_profile(state: &State) -> Option<String> {
    let asked = state.token.failed_profile.clone().filter(|name| state.workspace.profile(name).is_some());
    asked.or_else(|| state.token_profile())
}

/// The request that a diagnosis is of; for a token asked for by itself one that has nothing but the profile.
fn plan_of(state: &State, subject: &Subject) -> Option<Plan> {
    let profile = match subject {
        Subject::Answer(path) => return state.plan(path),
        Subject::Token => failed_profile(state)?,
    };
    let shown = state.request.path.as_ref().and_then(|path| state.plan(path));
    if let Some(plan) = shown.filter(|plan| plan.request.auth.profile() == Some(&profile)) {
        return Some(plan);
    }
    let url = state.workspace.profile(&profile)?.token_url.clone();
    let mut request = Request::new("token", "GET", url);
    request.auth = Auth::Profile(profile);
    Some(Plan::ad_hoc(Some(&state.workspace), request, state.active(), Vec::new()))
}

fn is_running(state: &mut State, cx: &Cx) -> bool {
    let runs = state.jobs.visible().any(|j| matches!(j.target, Target::Probe(..) | Target::Fix(_)));
    if runs {
        super::hint(state, "a probe is running; Ctrl-C cancels it", cx);
    }
    runs
}

fn run_probe(
    state: &mut State,
    subject: Subject,
    code: &'static str,
    probe: Probe,
    cx: &Cx,
    fx: &mut Vec<Effect>,
) {
    if is_running(state, cx) {
        return;
    }
    let target = Target::Probe(subject.clone(), code, probe);
    let effect = match &subject {
        // Whoever got here agreed to it, or the method is safe.
        Subject::Answer(path) => state.plan(path).zip(state.response.views.get(path)).map(|(plan, view)| {
            let (plan, sent) = (Box::new(plan), Box::new(view.sent.clone()));
            move |job| Effect::Probe { job, plan, sent, probe, allow_unsafe: true }
        }),
        Subject::Token => None,
    };
    let of_token = failed_profile(state)
        .filter(|_| subject == Subject::Token)
        .and_then(|profile| state.token_plan(&profile));
    if let Some(effect) = effect {
        let job = state.jobs.start(target, cx.now);
        fx.push(effect(job));
    } else if let Some(plan) = of_token {
        let job = state.jobs.start(target, cx.now);
        fx.push(Effect::ProbeToken { job, plan: Box::new(plan), probe });
    } else {
        super::hint(state, "the request it was about is gone", cx);
    }
}

fn apply(
    state: &mut State,
    subject: Subject,
    code: &'static str,
    remedy: &Remedy,
    cx: &Cx,
    fx: &mut Vec<Effect>,
) {
    let Some(plan) = plan_of(state, &subject) else {
        super::hint(state, "the request it was about is gone", cx);
        return;
    };
    let renew = !matches!(remedy, Remedy::UseUrl { .. });
    let after = |subject: Subject| AfterFix { subject, code, renew };
    match mend(remedy, &plan) {
        Mend::Edit(edit) => {
            let Some(edit) = writable(state, edit, cx) else { return };
            let job = state.jobs.start(Target::Fix(Box::new(after(subject))), cx.now);
            fx.push(Effect::Edit(job, Box::new(edit)));
        }
        Mend::RequestUrl(url) => {
            if let Subject::Answer(path) = &subject
                && let Some(draft) = state.request.drafts.get_mut(path)
            {
                draft.remember();
                draft.request.url = url;
                state.say("the URL is changed; w saves it, u takes it back", cx);
                then(state, after(subject), cx, fx);
            }
        }
        Mend::TrimSecret { environment, name } => {
            let job = state.jobs.start(Target::Fix(Box::new(after(subject))), cx.now);
            fx.push(Effect::TrimSecret { job, environment, name });
        }
        Mend::AskSecret { environment, name } => side::ask_secret_of(state, environment, name),
        Mend::RenewReplay { .. } => match subject {
            Subject::Answer(path) => replay(state, path, code, true, cx, fx),
            Subject::Token => token_again(state, cx, fx),
        },
        Mend::Login { profile } => {
            state.token.profile = Some(profile);
            flow::renew(state, cx, fx);
        }
        Mend::ByHand(words) => super::hint(state, visible(&words).into_owned(), cx),
    }
}

fn writable(state: &mut State, edit: Edit, cx: &Cx) -> Option<Edit> {
    if state.workspace.read_only {
        super::hint(state, "this workspace has a newer format: it is open read-only", cx);
        return None;
    }
    let unchanged =
        matches!(&edit, Edit::SaveProfile(new) if state.workspace.profile(&new.name) == Some(new));
    if unchanged {
        super::hint(state, "the profile says so already", cx);
        return None;
    }
    Some(edit)
}

/// What was wanted is written: the request is sent again, or the token asked for again.
pub fn then(state: &mut State, after: AfterFix, cx: &Cx, fx: &mut Vec<Effect>) {
    match after.subject {
        Subject::Token => token_again(state, cx, fx),
        Subject::Answer(path) => {
            start(state, Errand::Replay { path, code: after.code, renew: after.renew }, cx, fx);
        }
    }
}

fn token_again(state: &mut State, cx: &Cx, fx: &mut Vec<Effect>) {
    if matches!(state.flow.state(Step::Token), StepState::Failed(_)) {
        flow::run_step(state, Step::Token, cx, fx);
    } else {
        flow::renew(state, cx, fx);
    }
}

fn replay(state: &mut State, path: ItemPath, code: &'static str, renew: bool, cx: &Cx, fx: &mut Vec<Effect>) {
    let had_token = state.response.views.get(&path).is_some_and(|v| v.sent.token.is_some());
    if renew && had_token {
        return run_probe(state, Subject::Answer(path), code, Probe::RenewReplay, cx, fx);
    }
    if state.jobs.of(&Target::Request(path.clone())).is_none() {
        flow::send_now(state, path.clone(), cx, fx);
        state.keep_before(&path, code);
    }
}

/// A probe came to its end: its words stand under the finding. An answer with a new token takes the place of the old one.
pub fn probed(
    state: &mut State,
    target: Target,
    outcome: ProbeOutcome,
    entry: Option<HistoryEntry>,
    cx: &Cx,
    fx: &mut Vec<Effect>,
) {
    let Target::Probe(subject, code, probe) = target else { return };
    super::jobs::remember(state, entry);
    let ran = Ran { code, outcome: outcome.clone() };
    // In the tab the whole sentence stands under the finding.
    let words = match state.in_diagnosis() {
        true => format!("{}: {}", probe.id().replace('_', " "), outcome.verdict.word()),
        false => format!("{}: {}", outcome.verdict.word(), visible(&outcome.text)),
    };
    let again = outcome.sent.as_deref().filter(|s| s.exchange.is_some() || s.problem.is_some()).cloned();
    match (&subject, again) {
        (Subject::Answer(path), Some(sent)) if probe == Probe::RenewReplay => {
            state.keep_before(path, code);
            super::jobs::file_answer(state, path.clone(), sent, cx, fx);
        }
        (Subject::Answer(path), Some(sent)) => {
            let before = state.response.views.get(path).map(|v| v.sent.clone());
            let rows = before.map(|before| super::replay::differences(state, &before, &sent));
            if let (Some(rows), Some(looked)) = (rows, state.looked_mut(&subject)) {
                looked.replay =
                    Some(Replay { titles: ["the answer".into(), probe.id().replace('_', " ")], rows });
            }
        }
        _ => {}
    }
    if let Some(looked) = state.looked_mut(&subject) {
        looked.note(ran);
    }
    // What it told is what one wants to read now.
    let told = state.diagnosis_of(&subject).and_then(|(diagnosis, looked)| {
        let last = Stop::Ran(looked.ran.len().saturating_sub(1));
        looked.stops(diagnosis).iter().position(|stop| *stop == last)
    });
    if let (Some(at), Some(looked)) = (told, state.looked_mut(&subject)) {
        looked.at = at;
    }
    if state.toast.is_none() || again_is_shown(state) {
        state.say(words, cx);
    }
}

fn again_is_shown(state: &State) -> bool {
    state.toast.as_ref().is_some_and(|t| t.tone == crate::app::toast::Tone::Info)
}
