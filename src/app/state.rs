//! The whole state of the screen. One owner (the loop); changed only by `update`.

use super::event::Cx;
use super::flow_strip::{FlowStrip, StepState};
use super::focus::{Mode, PaneId};
use super::job::Jobs;
use super::key::KeyPress;
use super::keymap::Keymap;
use super::login::Logins;
use super::overlay::Overlay;
use super::pane::collections::CollectionsPane;
use super::pane::environments::EnvironmentsPane;
use super::pane::jwt::JwtPane;
use super::pane::request::{Draft, RequestPane};
use super::pane::response::{ResponsePane, ResponseView};
use super::pane::token::TokenPane;
use super::toast::Toast;
use super::view::Viewport;
use crate::flow::TokenPlan;
use crate::model::edit::{Change, Edit, Unsaved};
use crate::model::environment::Environment;
use crate::model::history::HistoryEntry;
use crate::model::id::ItemPath;
use crate::model::plan::{Layer, Plan, inherited_auth};
use crate::model::problem::Problem;
use crate::model::redact::Redactor;
use crate::model::request::Request;
use crate::model::settings::Settings;
use crate::model::tree::Item;
use crate::model::value::Value;
use crate::model::workspace::Workspace;
use indexmap::IndexMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Everything the screen shows and remembers.
#[derive(Debug)]
pub struct State {
    /// What is on disk.
    pub workspace: Arc<Workspace>,
    /// The chosen environment.
    pub environment: Option<String>,
    /// Which pane has the keys.
    pub focus: PaneId,
    /// The pane of the right half that was focused last.
    pub main: PaneId,
    /// The focused pane has the whole screen.
    pub zoomed: bool,
    /// Columns and rows.
    pub size: (u16, u16),
    /// Pane 1.
    pub environments: EnvironmentsPane,
    /// Pane 2.
    pub collections: CollectionsPane,
    /// Pane 3.
    pub request: RequestPane,
    /// Pane 4.
    pub token: TokenPane,
    /// Pane 5.
    pub jwt: JwtPane,
    /// Pane 6.
    pub response: ResponsePane,
    /// The strip.
    pub flow: FlowStrip,
    /// What lies above.
    pub overlays: Vec<Overlay>,
    /// The message at the bottom.
    pub toast: Option<Toast>,
    /// Running work.
    pub jobs: Jobs,
    /// Logins that wait for a person.
    pub logins: Logins,
    /// Changes that can be undone, newest last.
    pub undo: Vec<Change>,
    /// Changes that can be done again.
    pub redo: Vec<Change>,
    /// Values taken from responses, by environment.
    pub captured: IndexMap<String, IndexMap<String, String>>,
    /// Recent exchanges, newest first.
    pub history: Vec<HistoryEntry>,
    /// Which store keeps secrets.
    pub vault: &'static str,
    /// What was wrong with the settings, to be read again with the files that could not be read.
    pub complaints: Vec<String>,
    /// A response marked for comparing: its name and lines.
    pub marked: Option<(String, Vec<String>)>,
    /// The request sent last.
    pub last_sent: Option<ItemPath>,
    /// The first chord of a pair.
    pub chord: Option<KeyPress>,
    /// Settings.
    pub settings: Settings,
    /// Keys.
    pub keymap: Keymap,
    /// Masks secrets in whatever is shown as text.
    pub redactor: Arc<Redactor>,
    /// What the last frame told.
    pub view: Viewport,
    /// The screen must be painted.
    pub dirty: bool,
    /// A request to create as soon as the edit before it is done, and whose changes it takes.
    pub after_edit: Option<(ItemPath, Edit)>,
    /// Recovered requests that wait for the scratch request's place.
    pub orphans: Vec<Request>,
    /// The user wants to leave as soon as what is being saved is saved.
    pub leaving: bool,
    /// Set when the program shall end: its exit code.
    pub quit: Option<u8>,
}

/// With what a screen starts.
pub struct Start {
    /// Read from disk.
    pub workspace: Workspace,
    /// Chosen environment.
    pub environment: Option<String>,
    /// Settings.
    pub settings: Settings,
    /// Complaints about settings and the like, shown as a message.
    pub complaints: Vec<String>,
    /// Which store keeps secrets.
    pub vault: &'static str,
    /// Shared with the session.
    pub redactor: Arc<Redactor>,
    /// The demo's credentials file.
    pub credentials: Option<String>,
    /// Recent exchanges.
    pub history: Vec<HistoryEntry>,
    /// Unsaved requests of a screen whose terminal went away.
    pub recovered: Vec<Unsaved>,
}

impl State {
    /// The first state.
    pub fn new(start: Start, size: (u16, u16)) -> State {
        let (keymap, mut complaints) = Keymap::new(&start.settings.keys);
        complaints.splice(0..0, start.complaints);
        let mut state = State {
            workspace: Arc::new(start.workspace),
            environment: start.environment,
            focus: PaneId::Collections,
            main: PaneId::Request,
            zoomed: false,
            size,
            environments: EnvironmentsPane::default(),
            collections: CollectionsPane::default(),
            request: RequestPane::default(),
            token: TokenPane::default(),
            jwt: JwtPane::default(),
            response: ResponsePane::default(),
            flow: FlowStrip::new(start.credentials),
            overlays: Vec::new(),
            toast: None,
            jobs: Jobs::default(),
            logins: Logins::default(),
            undo: Vec::new(),
            redo: Vec::new(),
            captured: IndexMap::new(),
            history: start.history,
            vault: start.vault,
            complaints: Vec::new(),
            marked: None,
            last_sent: None,
            chord: None,
            settings: start.settings,
            keymap,
            redactor: start.redactor,
            view: Viewport::default(),
            dirty: true,
            after_edit: None,
            orphans: Vec::new(),
            leaving: false,
            quit: None,
        };
        if let Some(first) = complaints.first() {
            let more = if complaints.len() > 1 {
                format!(" (and {} more: !)", complaints.len() - 1)
            } else {
                String::new()
            };
            state.toast = Some(Toast::error(format!("{first}{more}")));
        }
        if let (None, Some(first)) = (&state.toast, state.workspace.problems.first().cloned()) {
            // On a narrow screen the tree with its mark is not in view.
            state.complain(&Problem { next: format!("{} (! lists all)", first.next), ..first });
        }
        state.complaints = complaints;
        state.workspace_changed();
        // What one came for is on screen at once: the flow's request, else the first there is.
        let first = super::update::first_request(&state.workspace);
        if let Some(name) = state.environment.clone() {
            let workspace = Arc::clone(&state.workspace);
            state.environments.select(&name, &workspace);
        }
        if state.is_narrow() && first.is_some() {
            state.focus = PaneId::Request;
        }
        if let Some(path) = first {
            let workspace = Arc::clone(&state.workspace);
            state.collections.reveal(&path, &workspace);
            state.show_selected();
        }
        if state.flow.credentials.is_none() && state.has_registration() {
            state.flow.set(super::flow_strip::Step::Register, StepState::Done("ok".into()));
        }
        state.recover(start.recovered);
        if state.workspace.collections.is_empty() && state.workspace.problems.is_empty() {
            state.overlays.push(Overlay::Welcome { cursor: Default::default() });
        }
        state
    }

    /// Takes up drafts that were not saved when the terminal went away.
    fn recover(&mut self, drafts: Vec<Unsaved>) {
        let count = drafts.len();
        for Unsaved { path, base, request } in drafts {
            let workspace = Arc::clone(&self.workspace);
            // The base of before, not what the file says now: saving must notice another's change.
            let base = base.or_else(|| workspace.item(&path).map(|(_, item)| item.request.clone()));
            let base = base.unwrap_or_default();
            // Whose file is gone becomes the scratch request: W saves it under a new name.
            let place = if workspace.item(&path).is_some() { path } else { ItemPath::default() };
            if place.as_str().is_empty() && self.request.drafts.contains_key(&place) {
                self.orphans.push(request);
                continue;
            }
            let mut draft = Draft::new(base);
            draft.request = request;
            self.request.drafts.insert(place.clone(), draft);
            if place.as_str().is_empty() {
                self.request.path = Some(place);
            } else {
                self.collections.reveal(&place, &workspace);
                self.show_selected();
            }
        }
        if count > 0 {
            let what = if count == 1 {
                "an unsaved request".to_owned()
            } else {
                format!("{count} unsaved requests")
            };
            self.toast = Some(Toast::error(format!("recovered {what}: the terminal went away; w saves")));
        }
    }

    /// Every request with unsaved changes, for keeping them.
    pub fn unsaved(&self) -> Vec<Unsaved> {
        let changed = self.request.drafts.iter().filter(|(_, d)| d.is_changed());
        let kept = changed.map(|(path, draft)| Unsaved {
            path: path.clone(),
            base: Some(draft.base.clone()),
            request: draft.request.clone(),
        });
        let orphans = self.orphans.iter().map(|request| Unsaved {
            path: ItemPath::default(),
            base: None,
            request: request.clone(),
        });
        kept.chain(orphans).collect()
    }

    /// The scratch request is saved or given up: the next recovered one takes its place.
    pub fn scratch_done(&mut self) {
        let scratch = ItemPath::default();
        self.request.drafts.shift_remove(&scratch);
        if self.request.path.as_ref() == Some(&scratch) {
            self.request.path = None;
            self.show_selected();
        }
        if let Some(request) = self.orphans.pop() {
            let mut draft = Draft::new(Request::default());
            draft.request = request;
            self.request.drafts.insert(scratch.clone(), draft);
            self.request.path = Some(scratch);
        }
    }

    /// NAV or EDIT.
    pub fn mode(&self) -> Mode {
        if self.request.editing.is_some() { Mode::Edit } else { Mode::Nav }
    }

    /// True when the panes of the left column are drawn over the others, one at a time.
    pub fn is_narrow(&self) -> bool {
        self.size.0 < 100
    }

    /// Moves the focus; the drawer of small screens follows.
    pub fn focus_on(&mut self, pane: PaneId) {
        self.focus = pane;
        if !pane.is_side() {
            self.main = pane;
        }
    }

    /// The chosen environment.
    pub fn active(&self) -> Option<&Environment> {
        self.workspace.environment(self.environment.as_deref()?)
    }

    /// Its name; empty without one.
    pub fn environment_name(&self) -> &str {
        self.environment.as_deref().unwrap_or("")
    }

    /// After the workspace was read again: everything that depends on it.
    pub fn workspace_changed(&mut self) {
        let gone = self.environment.as_ref().is_some_and(|e| self.workspace.environment(e).is_none());
        if gone || self.environment.is_none() {
            self.environment = self
                .workspace
                .default_environment
                .clone()
                .filter(|e| self.workspace.environment(e).is_some())
                .or_else(|| self.workspace.environments.first().map(|e| e.name.clone()));
        }
        let workspace = Arc::clone(&self.workspace);
        self.collections.rebuild(&workspace);
        let rows = self.environments.rows(&workspace).len();
        self.environments.cursor.settle(rows, rows.max(1));
        self.request.drafts.retain(|path, draft| {
            path.as_str().is_empty() || draft.is_changed() || workspace.item(path).is_some()
        });
        if self.request.path.as_ref().is_some_and(|p| !p.as_str().is_empty() && workspace.item(p).is_none()) {
            self.request.path = None;
            self.request.editing = None;
        }
        self.show_selected();
    }

    /// Shows the selected request in the request pane.
    pub fn show_selected(&mut self) {
        let Some(path) = self.collections.selected.clone() else { return };
        let workspace = Arc::clone(&self.workspace);
        if let Some((_, item)) = workspace.item(&path) {
            self.request.show(path, &item.request);
        }
    }

    /// The answer of the request shown.
    pub fn view_shown(&self) -> Option<&ResponseView> {
        self.response.views.get(self.request.path.as_ref()?)
    }

    /// The same, to move in it.
    pub fn view_shown_mut(&mut self) -> Option<&mut ResponseView> {
        self.response.views.get_mut(self.request.path.as_ref()?)
    }

    /// Layers that win over a request's own: captured values. They are a server's words: taken
    /// literally, or an answer with `{{client_secret}}` in it would be sent the secret.
    fn nearest_layers(&self) -> Vec<Layer> {
        let values = self.captured.get(self.environment_name());
        let variables: IndexMap<String, Value> =
            values.into_iter().flatten().map(|(k, v)| (k.clone(), Value::literal(v))).collect();
        vec![Layer { origin: "captured".into(), variables }]
    }

    /// What would be sent for a request, its draft included.
    pub fn plan(&self, path: &ItemPath) -> Option<Plan> {
        if path.as_str().is_empty() {
            let request = self.request.drafts.get(path)?.request.clone();
            return Some(Plan::ad_hoc(Some(&self.workspace), request, self.active(), self.nearest_layers()));
        }
        let (above, saved) = self.workspace.item(path)?;
        let item = match self.request.drafts.get(path) {
            Some(draft) => Item { path: path.clone(), request: draft.request.clone() },
            None => saved.clone(),
        };
        Some(Plan::new(&self.workspace, &above, &item, self.active(), self.nearest_layers()))
    }

    /// The profile that counts now: that of the request shown, else of the flow, else the first.
    pub fn profile_name(&self) -> Option<String> {
        let shown = self.request.path.as_ref().and_then(|p| {
            let (above, item) = self.workspace.item(p)?;
            let own = self.request.drafts.get(p).map_or(&item.request.auth, |d| &d.request.auth);
            inherited_auth(&above, own).profile().map(str::to_owned)
        });
        shown
            .filter(|name| self.workspace.profile(name).is_some())
            .or_else(|| self.workspace.profiles.first().map(|p| p.name.clone()))
    }

    /// The profile the token pane works with: the chosen one, else that of the token shown, else the
    /// one that counts for the request shown.
    pub fn token_profile(&self) -> Option<String> {
        let chosen = self.token.profile.clone();
        let of_token = || self.token.token().map(|t| t.key.profile.clone());
        let there = |name: &String| self.workspace.profile(name).is_some();
        chosen.filter(there).or_else(|| of_token().filter(there)).or_else(|| self.profile_name())
    }

    /// Where a token of a profile would be asked for.
    pub fn token_plan(&self, profile: &str) -> Option<TokenPlan> {
        self.token_plan_in(profile, self.active())
    }

    /// The same in another environment.
    pub fn token_plan_in(&self, profile: &str, environment: Option<&Environment>) -> Option<TokenPlan> {
        let profile = self.workspace.profile(profile)?.clone();
        let environment = environment.cloned().unwrap_or_default();
        let mut layers = self.nearest_layers();
        layers.push(Layer {
            origin: format!("environment {}", environment.name),
            variables: environment.variables.clone(),
        });
        if let Some((above, _)) = self.request.path.as_ref().and_then(|p| self.workspace.item(p)) {
            for folder in above.iter().rev() {
                layers.push(Layer {
                    origin: format!("folder {}", folder.path.stem()),
                    variables: folder.variables.clone(),
                });
            }
        }
        layers.retain(|l| !l.variables.is_empty());
        Some(TokenPlan { profile, environment, layers, root: self.workspace.root.clone() })
    }

    /// True when the chosen environment holds what a registration gives.
    pub fn has_registration(&self) -> bool {
        let filled = |e: &Environment, name: &str| e.variables.get(name).is_some_and(|v| !v.is_empty());
        self.active().is_some_and(|e| filled(e, "client_id") && filled(e, "token_url"))
    }

    /// Says something.
    pub fn say(&mut self, text: impl Into<String>, cx: &Cx) {
        self.toast = Some(Toast::info(text, cx.now));
    }

    /// Says that something failed, and the next step.
    pub fn complain(&mut self, problem: &Problem) {
        let mut text = problem.what.clone();
        for part in [&problem.why, &problem.next] {
            if !part.is_empty() {
                text.push_str(" — ");
                text.push_str(part);
            }
        }
        if let Some(place) = problem.place() {
            text = format!("{place}: {text}");
        }
        self.toast = Some(Toast::error(text));
    }

    /// When the screen must change without anything happening; `None`: never.
    pub fn next_deadline(&self, cx: &Cx) -> Option<Instant> {
        let toast = self.toast.as_ref().and_then(|t| t.until);
        let menu = self.overlays.iter().find_map(|o| match o {
            Overlay::Goto { since } => Some(*since + Duration::from_millis(250)).filter(|t| *t > cx.now),
            _ => None,
        });
        let running = (self.jobs.visible().next().is_some()).then(|| cx.now + Duration::from_millis(100));
        [toast, menu, running, self.countdown_deadline(cx), self.login_deadline(cx)]
            .into_iter()
            .flatten()
            .min()
    }

    /// The next second of a login that is shown.
    fn login_deadline(&self, cx: &Cx) -> Option<Instant> {
        let shown = matches!(self.overlays.last(), Some(Overlay::Login)) && !self.logins.all.is_empty();
        let part = u64::try_from(cx.wall.subsec_nanosecond()).unwrap_or(0);
        shown.then(|| cx.now + Duration::from_nanos(1_000_000_000_u64.saturating_sub(part).max(1_000_000)))
    }

    /// The next moment a countdown on screen changes: whole seconds of the shown token's life.
    fn countdown_deadline(&self, cx: &Cx) -> Option<Instant> {
        let left = self.token.token()?.remaining(cx.now)?;
        if left.is_negative() || left.is_zero() {
            return None;
        }
        let part = u64::try_from(left.subsec_nanos()).unwrap_or(0);
        Some(cx.now + Duration::from_nanos(part.max(1_000_000)))
    }
}
