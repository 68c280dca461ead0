//! What is said when something failed: in the words of its first finding, where one is known.

use crate::app::state::State;
use crate::app::toast::Toast;
use crate::diagnose::Diagnosis;
use crate::model::problem::Problem;

/// The word of a step that failed, with the first finding's code where there is one: `401 client.invalid`.
pub(super) fn with_code(word: String, diagnosis: &Diagnosis) -> String {
    match diagnosis.first() {
        Some(finding) => format!("{word} {}", finding.code()),
        None => word,
    }
}

/// Says that a step failed whose answer is on screen, with its reason under the status: here the keys are enough.
pub(super) fn complain_beside(state: &mut State, problem: &Problem, diagnosis: &Diagnosis) {
    match super::diagnosis::keys(state, diagnosis) {
        Some(keys) => state.toast = Some(Toast::error(format!("{}   {keys}", problem.what))),
        None => state.complain(problem),
    }
}

/// Says what failed: where it is known why, in the words of the first finding, with the keys that help.
pub(super) fn complain(state: &mut State, problem: &Problem, diagnosis: &Diagnosis) {
    match super::diagnosis::sentence(state, diagnosis) {
        Some(why) => state.toast = Some(Toast::error(format!("{} — {why}", problem.what))),
        None => state.complain(problem),
    }
}
