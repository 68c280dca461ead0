//! The request pane: fields, rows, bodies, drafts and saving.

use super::command::{confirm, prompt};
use crate::app::effect::{EditorField, Effect, Target};
use crate::app::event::Cx;
use crate::app::focus::PaneId;
use crate::app::line_edit::LineEdit;
use crate::app::list::Cursor;
use crate::app::overlay::{ConfirmAction, Overlay, Pick, PickItem, Picker, Purpose};
use crate::app::pane::check_text::{capture_line, check_line};
use crate::app::pane::request::{Draft, Editing, RequestTab, auth_fields, set_body_text};
use crate::app::state::State;
use crate::app::text_input::TextInput;
use crate::model::edit::Edit;
use crate::model::id::ItemPath;
use crate::model::problem::Problem;
use crate::model::request::{Body, Row};

/// Methods offered; any other can be typed in the file.
const METHODS: [&str; 8] = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "TRACE"];

/// Opens the URL line for typing.
pub fn edit_url(state: &mut State) {
    let Some(url) = state.request.request().map(|r| r.url.clone()) else { return };
    state.focus_on(PaneId::Request);
    state.request.on_url = true;
    remember(state);
    state.request.editing = Some(Editing::Url(LineEdit::new(url)));
}

fn remember(state: &mut State) {
    if let Some(draft) = state.request.draft_mut() {
        draft.remember();
    }
}

/// Goes to a tab and its pane.
pub fn go_tab(state: &mut State, tab: RequestTab) {
    if state.request.request().is_none() {
        return;
    }
    state.focus_on(PaneId::Request);
    go_tab_in_place(state, tab);
}

/// Goes to a tab.
pub fn go_tab_in_place(state: &mut State, tab: RequestTab) {
    state.request.editing = None;
    state.request.tab = tab;
    state.request.on_url = false;
    state.request.cursor = Cursor::default();
}

/// Moves the cursor; above the first row is the URL line.
pub fn step(state: &mut State, by: isize) {
    let len = state.request.len();
    if state.request.on_url {
        if by > 0 {
            state.request.on_url = false;
        }
    } else if by == -1 && state.request.cursor.at == 0 {
        state.request.on_url = true;
    } else {
        state.request.cursor.step(by, len);
    }
}

/// Enter: edits what the cursor is on.
pub fn open(state: &mut State, cx: &Cx, fx: &mut Vec<Effect>) {
    let Some(request) = state.request.request().cloned() else {
        super::hint(state, "no request is open; choose one in 2 Collections", cx);
        return;
    };
    if state.request.on_url {
        edit_url(state);
        return;
    }
    let at = state.request.cursor.at;
    match state.request.tab {
        RequestTab::Params | RequestTab::Headers => edit_cell(state, at, 1, cx, fx),
        RequestTab::Auth if at == 0 => pick_auth(state),
        RequestTab::Auth => {
            if let Some((label, text, secret)) = auth_fields(&request.auth).into_iter().nth(at - 1) {
                let hint = if secret {
                    "a {{variable}} that holds a secret; S in 1 Environments sets its value"
                } else {
                    "may hold {{variables}}"
                };
                prompt(state, label, hint, &text, Purpose::AuthField(at - 1));
            }
        }
        RequestTab::Body => match &request.body {
            Body::None => pick_body_kind(state),
            Body::Form(_) => edit_cell(state, at, 1, cx, fx),
            Body::Multipart(_) => super::hint(state, "parts are edited in the file; E opens it as text", cx),
            body => {
                let mut input = TextInput::new(body.text().unwrap_or(""));
                input.go(at, usize::from(u16::MAX));
                remember(state);
                state.request.editing = Some(Editing::Body(input));
            }
        },
        RequestTab::Checks => edit_check(state, at),
        RequestTab::Docs => {
            let mut input = TextInput::new(&request.docs);
            input.go(at, usize::from(u16::MAX));
            remember(state);
            state.request.editing = Some(Editing::Docs(input));
        }
    }
}

fn edit_check(state: &mut State, at: usize) {
    let Some(request) = state.request.request() else { return };
    let captures = request.captures.len();
    let (title, hint, text, purpose) = if at < captures {
        let line = capture_line(&request.captures[at]);
        (
            "Capture",
            "name = json $.path    name = header etag    name = text",
            line,
            Purpose::Capture(Some(at)),
        )
    } else if let Some(check) = request.checks.get(at - captures) {
        let purpose = Purpose::Check(Some(at - captures));
        ("Check", "status equals 201    json $.name exists    duration less 500", check_line(check), purpose)
    } else {
        (
            "Check",
            "status equals 201    json $.name exists    duration less 500",
            String::new(),
            Purpose::Check(None),
        )
    };
    prompt(state, title, hint, &text, purpose);
}

/// Opens a cell of the tab's table for typing: 0 the name, 1 the value.
pub fn edit_cell(state: &mut State, row: usize, column: usize, cx: &Cx, fx: &mut Vec<Effect>) {
    let Some(rows) = state.request.rows() else { return };
    let Some(cell) = rows.get(row) else {
        add(state, cx, fx);
        return;
    };
    let text = if column == 0 { cell.name.clone() } else { cell.value.clone() };
    remember(state);
    state.request.cursor.at = row;
    state.request.editing = Some(Editing::Cell { row, column, edit: LineEdit::new(text) });
}

/// `a`: a new row, check or body.
pub fn add(state: &mut State, cx: &Cx, fx: &mut Vec<Effect>) {
    if state.request.request().is_none() {
        super::hint(state, "no request is open; a in 2 Collections adds one", cx);
        return;
    }
    match state.request.tab {
        RequestTab::Checks => {
            let items = [
                ("check", "an assertion: status equals 201", Purpose::Check(None)),
                ("capture", "a value into a variable: case_key = json $.ID", Purpose::Capture(None)),
            ];
            let [check, capture] = items;
            let on_capture =
                state.request.cursor.at < state.request.request().map_or(0, |r| r.captures.len());
            let (title, hint, purpose) = if on_capture { capture } else { check };
            prompt(state, title, hint, "", purpose);
        }
        RequestTab::Auth => pick_auth(state),
        RequestTab::Docs => open(state, cx, fx),
        RequestTab::Body if state.request.rows().is_none() => pick_body_kind(state),
        _ => {
            remember(state);
            let Some(rows) = state.request.rows_mut() else { return };
            rows.push(Row::on("", ""));
            let row = rows.len() - 1;
            state.request.on_url = false;
            state.request.cursor.at = row;
            state.request.editing = Some(Editing::Cell { row, column: 0, edit: LineEdit::default() });
        }
    }
}

/// `x`: removes the row under the cursor; `u` brings it back.
pub fn remove(state: &mut State, cx: &Cx) {
    let at = state.request.cursor.at;
    let tab = state.request.tab;
    remember(state);
    let removed = if let Some(rows) = state.request.rows_mut() {
        (at < rows.len()).then(|| rows.remove(at)).is_some()
    } else if let Some(draft) = state.request.draft_mut() {
        let request = &mut draft.request;
        match tab {
            RequestTab::Checks if at < request.captures.len() => {
                request.captures.remove(at);
                true
            }
            RequestTab::Checks if at - request.captures.len() < request.checks.len() => {
                let at = at - request.captures.len();
                request.checks.remove(at);
                true
            }
            RequestTab::Body if request.body != Body::None => {
                request.body = Body::None;
                true
            }
            _ => false,
        }
    } else {
        false
    };
    if removed {
        super::hint(state, "removed; u brings it back", cx);
    } else {
        super::hint(state, "nothing to remove here", cx);
    }
}

/// Space: switches a row, or opens the choice a tab has.
pub fn toggle(state: &mut State) {
    if state.request.on_url {
        pick_method(state);
        return;
    }
    let at = state.request.cursor.at;
    match state.request.tab {
        RequestTab::Auth => pick_auth(state),
        RequestTab::Body if state.request.rows().is_none() => pick_body_kind(state),
        _ => {
            remember(state);
            if let Some(row) = state.request.rows_mut().and_then(|r| r.get_mut(at)) {
                row.enabled = !row.enabled;
            }
        }
    }
}

/// J and K: moves a row.
pub fn move_row(state: &mut State, by: isize) {
    let at = state.request.cursor.at;
    let to = at.saturating_add_signed(by);
    remember(state);
    if let Some(rows) = state.request.rows_mut()
        && at < rows.len()
        && to < rows.len()
    {
        rows.swap(at, to);
        state.request.cursor.at = to;
    }
}

/// A choice of methods.
pub fn pick_method(state: &mut State) {
    let Some(now) = state.request.request().map(|r| r.method.clone()) else { return };
    let at = METHODS.iter().position(|m| *m == now).unwrap_or(0);
    let items = METHODS
        .iter()
        .map(|m| PickItem {
            label: (*m).to_owned(),
            detail: String::new(),
            pick: Pick::Method((*m).to_owned()),
        })
        .collect();
    state.overlays.push(Overlay::Picker(Picker::new("Method", items, at)));
}

/// A choice of body kinds.
pub fn pick_body_kind(state: &mut State) {
    const KINDS: [(&str, &str); 8] = [
        ("none", "no body"),
        ("json", "application/json"),
        ("form", "application/x-www-form-urlencoded, as rows"),
        ("text", "text/plain"),
        ("xml", "application/xml"),
        ("graphql", "a query, sent as JSON"),
        ("file", "a file as it is"),
        ("multipart", "multipart/form-data"),
    ];
    let Some(now) = state.request.request().map(|r| r.body.kind()) else { return };
    let at = KINDS.iter().position(|k| k.0 == now).unwrap_or(0);
    let items = KINDS
        .iter()
        .map(|(kind, text)| PickItem {
            label: (*kind).to_owned(),
            detail: (*text).to_owned(),
            pick: Pick::BodyKind(kind),
        })
        .collect();
    state.overlays.push(Overlay::Picker(Picker::new("Body", items, at)));
}

/// A choice of credentials.
pub fn pick_auth(state: &mut State) {
    let Some(now) = state.request.request().map(|r| r.auth.clone()) else { return };
    let mut items = vec![item("inherit", "as the folder says"), item("none", "send no credentials")];
    for profile in &state.workspace.profiles {
        let text = format!("OAuth 2.0, {}", profile.grant.words());
        items.push(PickItem {
            label: profile.name.clone(),
            detail: text,
            pick: Pick::Auth(format!("profile {}", profile.name)),
        });
    }
    items.extend([
        item("basic", "user name and password"),
        item("bearer", "a ready-made token"),
        item("api_key", "a key in a header or the query"),
    ]);
    let at = items
        .iter()
        .position(|i| match now.profile() {
            Some(name) => i.label == name,
            None => i.label == now.kind(),
        })
        .unwrap_or(0);
    state.overlays.push(Overlay::Picker(Picker::new("Auth", items, at)));
}

fn item(kind: &str, text: &str) -> PickItem {
    PickItem { label: kind.to_owned(), detail: text.to_owned(), pick: Pick::Auth(kind.to_owned()) }
}

/// `w`: writes every changed request; only what changed is touched.
pub fn save(state: &mut State, cx: &Cx, fx: &mut Vec<Effect>) {
    if state.request.editing.is_some() {
        super::typing::take(state);
    }
    if state.request.path.as_ref().is_some_and(|p| p.as_str().is_empty()) {
        save_as(state);
        return;
    }
    let changed: Vec<(ItemPath, Draft)> = state
        .request
        .drafts
        .iter()
        .filter(|(path, draft)| draft.is_changed() && !path.as_str().is_empty())
        .map(|(path, draft)| (path.clone(), draft.clone()))
        .collect();
    if changed.is_empty() {
        super::hint(state, "nothing to save", cx);
    }
    for (path, draft) in changed {
        let job = state.jobs.start(Target::Save(path.clone()), cx.now);
        let edit = Edit::SaveRequest { path, base: Box::new(draft.base), request: Box::new(draft.request) };
        fx.push(Effect::Edit(job, Box::new(edit)));
    }
}

/// `W`: writes the draft as a new request beside the old one.
pub fn save_as(state: &mut State) {
    let Some(request) = state.request.request() else { return };
    let name = request.name.clone();
    let here = state.request.path.as_ref().and_then(ItemPath::parent);
    let parent = here
        .or_else(|| state.workspace.collections.first().map(|c| c.path.clone()))
        .unwrap_or_else(|| ItemPath::new("requests"));
    let hint = format!("its name; it goes into {parent}");
    prompt(state, "Save as a new request", &hint, &name, Purpose::SaveAs(parent));
}

/// `R`: gives up the draft, after a question.
pub fn revert(state: &mut State, cx: &Cx) {
    match (state.request.path.clone(), state.request.draft().is_some_and(Draft::is_changed)) {
        (Some(path), true) => {
            let text = format!("Give up what is not saved in `{path}`?");
            confirm(state, text, ConfirmAction::Revert(path), cx);
        }
        _ => super::hint(state, "nothing to give up: this request is as its file says", cx),
    }
}

/// `E`: the body (or the notes) in the user's editor.
pub fn external_editor(state: &mut State, fx: &mut Vec<Effect>) {
    let Some((path, request)) = state.request.path.clone().zip(state.request.request().cloned()) else {
        return;
    };
    state.request.editing = None;
    if state.request.tab == RequestTab::Docs {
        fx.push(Effect::Editor { path, field: EditorField::Docs, text: request.docs, suffix: ".md" });
        return;
    }
    let suffix = match &request.body {
        Body::Json(_) => ".json",
        Body::Xml(_) => ".xml",
        Body::Graphql { .. } => ".graphql",
        _ => ".txt",
    };
    let text = request.body.text().unwrap_or("").to_owned();
    fx.push(Effect::Editor { path, field: EditorField::Body, text, suffix });
}

/// The editor is done.
pub fn edited(
    state: &mut State,
    path: &ItemPath,
    field: EditorField,
    text: Result<Option<String>, Problem>,
    cx: &Cx,
) {
    if field == EditorField::Jwt {
        super::jwt::edited(state, text, cx);
        return;
    }
    match text {
        Ok(Some(text)) => {
            if let Some(draft) = state.request.drafts.get_mut(path) {
                draft.remember();
                match field {
                    EditorField::Body => set_body_text(&mut draft.request.body, text),
                    EditorField::Docs => draft.request.docs = text,
                    EditorField::Jwt => {}
                }
            }
            state.say("taken over from the editor; w saves", cx);
        }
        Ok(None) => state.say("nothing was changed in the editor", cx),
        Err(problem) => state.complain(&problem),
    }
}
