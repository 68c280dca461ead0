//! The three-part flow as the strip in the first row shows it.

use crate::flow::three_part::CaseCreated;

/// The steps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Step {
    /// A: a registration's credentials are here.
    Register,
    /// B: a token.
    Token,
    /// C: a case is created.
    Create,
    /// The case exists.
    Verify,
}

impl Step {
    /// In order.
    pub const ALL: [Step; 4] = [Self::Register, Self::Token, Self::Create, Self::Verify];

    /// `A Register`.
    pub fn title(self) -> &'static str {
        match self {
            Self::Register => "A Register",
            Self::Token => "B Token",
            Self::Create => "C Create",
            Self::Verify => "Verify",
        }
    }

    /// `A`, for narrow screens.
    pub fn short(self) -> &'static str {
        match self {
            Self::Register => "A",
            Self::Token => "B",
            Self::Create => "C",
            Self::Verify => "Verify",
        }
    }

    fn index(self) -> usize {
        self as usize
    }
}

/// How a step stands.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum StepState {
    /// Not yet.
    #[default]
    Todo,
    /// Now.
    Running,
    /// Done, in a word: `ok`, `201`.
    Done(String),
    /// Failed, in a word: `401`, `no host`.
    Failed(String),
}

/// The strip.
#[derive(Debug, Clone, Default)]
pub struct FlowStrip {
    states: [StepState; 4],
    /// A credentials file that is at hand (the demo's).
    pub credentials: Option<String>,
    /// The case of step C.
    pub created: Option<CaseCreated>,
}

impl FlowStrip {
    /// Nothing done; maybe with a credentials file at hand.
    pub fn new(credentials: Option<String>) -> FlowStrip {
        FlowStrip { credentials, ..FlowStrip::default() }
    }

    /// How a step stands.
    pub fn state(&self, step: Step) -> &StepState {
        &self.states[step.index()]
    }

    /// Sets a step; a step that is not done puts those behind it back.
    pub fn set(&mut self, step: Step, state: StepState) {
        let done = matches!(state, StepState::Done(_));
        self.states[step.index()] = state;
        if !done {
            for later in &mut self.states[step.index() + 1..] {
                *later = StepState::Todo;
            }
        }
    }

    /// The step that runs, if one does.
    pub fn running(&self) -> Option<Step> {
        Step::ALL.into_iter().find(|s| *self.state(*s) == StepState::Running)
    }

    /// The step `>` runs: the first that is not done. `None`: all done.
    pub fn next(&self) -> Option<Step> {
        Step::ALL.into_iter().find(|s| !matches!(self.state(*s), StepState::Done(_)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_step_is_the_next_one_again_and_undoes_those_behind_it() {
        let mut strip = FlowStrip::default();
        for step in Step::ALL {
            strip.set(step, StepState::Done("ok".into()));
        }
        assert_eq!(strip.next(), None);
        strip.set(Step::Token, StepState::Failed("401".into()));
        assert_eq!(strip.next(), Some(Step::Token));
        assert_eq!(strip.state(Step::Verify), &StepState::Todo);
    }
}
