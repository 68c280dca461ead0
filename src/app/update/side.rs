//! The left column's lists: environments with their variables, and the tree of requests.

use super::command::{confirm, prompt, prompt_secret};
use crate::app::effect::{Effect, Target};
use crate::app::event::Cx;
use crate::app::focus::PaneId;
use crate::app::overlay::{ConfirmAction, Overlay, Pick, PickItem, Picker, Purpose};
use crate::app::pane::environments::{EnvRow, shown};
use crate::app::state::State;
use crate::model::edit::Edit;
use crate::model::id::ItemPath;
use crate::model::value::Value;
use crate::template::placeholders;
use std::sync::Arc;

/// Switches to an environment; tokens of another one are never used.
pub fn choose(state: &mut State, name: &str, cx: &Cx, fx: &mut Vec<Effect>) {
    if state.environment.as_deref() == Some(name) {
        return;
    }
    state.environment = Some(name.to_owned());
    let workspace = Arc::clone(&state.workspace);
    state.environments.select(name, &workspace);
    fx.push(Effect::ChooseEnvironment(name.to_owned()));
    let tokens = std::mem::take(&mut state.token.tokens);
    state.token.failure = None;
    state.token.replace(tokens, name, None);
    super::flow::environment_changed(state);
    super::flow::show_token(state, cx, fx);
    let protected = state.active().is_some_and(|e| e.protected);
    let word = if protected { ", protected: every send asks" } else { "" };
    state.say(format!("environment {name}{word}"), cx);
}

/// `e`: a choice of environments.
pub fn pick_environment(state: &mut State, _cx: &Cx) {
    let at = state.workspace.environments.iter().position(|e| Some(&e.name) == state.environment.as_ref());
    let items = state
        .workspace
        .environments
        .iter()
        .map(|e| PickItem {
            label: e.name.clone(),
            detail: format!(
                "{} variables{}",
                e.variables.len(),
                if e.protected { ", protected" } else { "" }
            ),
            pick: Pick::Environment(e.name.clone()),
        })
        .collect();
    state.overlays.push(Overlay::Picker(Picker::new("Environment", items, at.unwrap_or(0))));
}

/// Space in pane 1.
pub fn activate(state: &mut State, cx: &Cx, fx: &mut Vec<Effect>) {
    if let Some(name) = state.environments.environment(&Arc::clone(&state.workspace)) {
        choose(state, &name, cx, fx);
    }
}

/// Opens or closes the environment under the cursor; `None` toggles.
pub fn open_environment(state: &mut State, open: Option<bool>) {
    let workspace = Arc::clone(&state.workspace);
    let Some(name) = state.environments.environment(&workspace) else { return };
    let is_open = state.environments.open.as_ref() == Some(&name);
    state.environments.open = if open.unwrap_or(!is_open) { Some(name.clone()) } else { None };
    if state.environments.open.is_none() || !is_open {
        state.environments.select(&name, &workspace);
    }
}

/// Enter in pane 1.
pub fn open_environment_row(state: &mut State) {
    let workspace = Arc::clone(&state.workspace);
    match state.environments.row(&workspace) {
        Some(EnvRow::Environment(_)) => open_environment(state, None),
        Some(EnvRow::Variable(environment, name)) => {
            match workspace.environment(&environment).and_then(|e| e.variables.get(&name)) {
                Some(Value::Secret(_)) => ask_secret_of(state, environment, name),
                Some(value @ Value::Text(_)) => {
                    let title = format!("{name} in {environment}");
                    let purpose = Purpose::Variable(environment, Some(name));
                    prompt(
                        state,
                        &title,
                        "may hold {{variables}}; S makes it a secret",
                        &shown(value),
                        purpose,
                    );
                }
                None => {}
            }
        }
        None => prompt(state, "New environment", "its name: dev, staging …", "", Purpose::NewEnvironment),
    }
}

/// `a` in pane 1: a variable in the open environment, else an environment.
pub fn add_environment_or_variable(state: &mut State) {
    match state.environments.open.clone() {
        Some(environment) => {
            let title = format!("New variable in {environment}");
            prompt(state, &title, "base_url = https://…", "", Purpose::Variable(environment, None));
        }
        None => prompt(state, "New environment", "its name: dev, staging …", "", Purpose::NewEnvironment),
    }
}

/// `x` in pane 1.
pub fn remove_environment_or_variable(state: &mut State, cx: &Cx, fx: &mut Vec<Effect>) {
    let workspace = Arc::clone(&state.workspace);
    match state.environments.row(&workspace) {
        Some(EnvRow::Environment(name)) => {
            let text = format!("Delete the environment `{name}`? u brings it back");
            confirm(state, text, ConfirmAction::DeleteEnvironment(name), cx);
        }
        Some(EnvRow::Variable(environment, name)) => {
            edit(state, Edit::SetVariable { environment, name, value: None }, cx, fx);
        }
        None => super::hint(state, "nothing to remove here", cx),
    }
}

/// `S` in pane 1: the value of a secret.
pub fn ask_secret(state: &mut State, cx: &Cx) {
    let workspace = Arc::clone(&state.workspace);
    match state.environments.row(&workspace) {
        Some(EnvRow::Variable(environment, name)) => ask_secret_of(state, environment, name),
        Some(EnvRow::Environment(name)) => {
            let mut secrets: Vec<PickItem> = workspace
                .environment(&name)
                .into_iter()
                .flat_map(|e| e.variables.iter())
                .filter(|(_, v)| matches!(v, Value::Secret(_)))
                .map(|(n, v)| PickItem { label: n.clone(), detail: shown(v), pick: Pick::Secret(n.clone()) })
                .collect();
            // Those of the profile at hand first: what was just refused is likely to be one of them.
            let profile = state.profile_name().and_then(|profile| workspace.profile(&profile).cloned());
            let used: Vec<String> = profile
                .iter()
                .flat_map(|p| [&p.client_secret, &p.password, &p.key, &p.assertion.key])
                .filter_map(Value::as_text)
                .flat_map(placeholders)
                .map(|found| found.name)
                .collect();
            secrets.sort_by_key(|item| !used.contains(&item.label));
            if secrets.is_empty() {
                super::hint(
                    state,
                    "no variable here is a secret; Enter opens, S on a variable makes it one",
                    cx,
                );
            } else if let [only] = secrets.as_slice() {
                let secret = only.label.clone();
                ask_secret_of(state, name, secret);
            } else {
                state.environments.open = Some(name.clone());
                state.environments.select(&name, &workspace);
                state.overlays.push(Overlay::Picker(Picker::new(format!("Secrets of {name}"), secrets, 0)));
            }
        }
        None => super::hint(state, "there is no environment; a adds one", cx),
    }
}

/// Asks for the value of one secret.
pub fn ask_secret_of(state: &mut State, environment: String, name: String) {
    let title = format!("Secret {name} in {environment}");
    let hint = format!("kept in the vault ({}); never in a workspace file", state.vault);
    prompt_secret(state, &title, &hint, Purpose::Secret(environment, name));
}

/// Search in pane 1.
pub fn find_environment(state: &mut State, by: isize, include_here: bool) -> bool {
    let rows = state.environments.rows(&state.workspace);
    let needle = state.environments.needle.to_lowercase();
    if needle.is_empty() || rows.is_empty() {
        return false;
    }
    let len = rows.len() as isize;
    let skip = isize::from(!include_here);
    for step in skip..=len {
        let at = (state.environments.cursor.at as isize + step * by).rem_euclid(len) as usize;
        let name = match &rows[at] {
            EnvRow::Environment(name) | EnvRow::Variable(_, name) => name,
        };
        if name.to_lowercase().contains(&needle) {
            state.environments.cursor.at = at;
            return true;
        }
    }
    false
}

/// Asks the disk for a change.
pub fn edit(state: &mut State, edit: Edit, cx: &Cx, fx: &mut Vec<Effect>) {
    let job = state.jobs.start(Target::Workspace, cx.now);
    fx.push(Effect::Edit(job, Box::new(edit)));
}

/// The folder new things go into: the selected one, or that of the selected request.
fn folder_here(state: &State) -> Option<ItemPath> {
    let row = state.collections.row()?;
    if row.method.is_none() { Some(row.path.clone()) } else { row.path.parent() }
}

/// `a` in pane 2.
pub fn add_request(state: &mut State) {
    match folder_here(state) {
        Some(folder) => {
            let hint = format!("its name; it goes into {folder}");
            prompt(state, "New request", &hint, "", Purpose::NewRequest(folder));
        }
        None => prompt(
            state,
            "New collection",
            "its name; requests stand in collections",
            "",
            Purpose::NewFolder(None),
        ),
    }
}

/// `A` in pane 2.
pub fn add_folder(state: &mut State) {
    let parent = folder_here(state);
    let hint = match &parent {
        Some(folder) => format!("its name; it goes into {folder}"),
        None => "its name".to_owned(),
    };
    prompt(
        state,
        if parent.is_some() { "New folder" } else { "New collection" },
        &hint,
        "",
        Purpose::NewFolder(parent),
    );
}

/// `r` in pane 2.
pub fn rename(state: &mut State) {
    if let Some(row) = state.collections.row().cloned() {
        prompt(state, "Rename", "the file's name follows", &row.name, Purpose::Rename(row.path));
    }
}

/// `D` in pane 2.
pub fn duplicate(state: &mut State, cx: &Cx, fx: &mut Vec<Effect>) {
    if let Some(path) = state.collections.row().map(|r| r.path.clone()) {
        edit(state, Edit::Duplicate { path }, cx, fx);
    }
}

/// `x` in pane 2.
pub fn remove_item(state: &mut State, cx: &Cx) {
    let Some(row) = state.collections.row().cloned() else {
        super::hint(state, "nothing to remove here", cx);
        return;
    };
    let what = if row.method.is_some() { "request" } else { "folder and everything in it" };
    confirm(
        state,
        format!("Delete `{}` ({what})? u brings it back", row.name),
        ConfirmAction::Delete(row.path),
        cx,
    );
}

/// `J` and `K` in pane 2: among its siblings.
pub fn move_item(state: &mut State, by: isize, cx: &Cx, fx: &mut Vec<Effect>) {
    let Some(path) = state.collections.row().map(|r| r.path.clone()) else { return };
    let Some(parent) = path.parent() else {
        super::hint(state, "collections stand in the order of their names", cx);
        return;
    };
    let Some(folder) = state.workspace.folder(&parent) else { return };
    let Some(at) = folder.children.iter().position(|c| c.path() == &path) else { return };
    let index = at.saturating_add_signed(by).min(folder.children.len().saturating_sub(1));
    if index != at {
        edit(state, Edit::Move { path, parent, index }, cx, fx);
    }
}

/// `M` in pane 2: to another folder.
pub fn move_to(state: &mut State) {
    let Some(path) = state.collections.row().map(|r| r.path.clone()) else { return };
    let items: Vec<PickItem> = state
        .workspace
        .folders()
        .into_iter()
        .filter(|(_, f)| !path.contains(&f.path) && path.parent().as_ref() != Some(&f.path))
        .map(|(_, f)| PickItem {
            label: f.path.to_string(),
            detail: f.name.clone(),
            pick: Pick::MoveTo(f.path.clone()),
        })
        .collect();
    state.overlays.push(Overlay::Picker(Picker::new(format!("Move `{path}` to"), items, 0)));
}

/// Folds or unfolds the folder under the cursor; on what is folded already, goes up.
pub fn fold(state: &mut State, folded: bool) {
    let workspace = Arc::clone(&state.workspace);
    let Some(row) = state.collections.row().cloned() else { return };
    match (row.method.is_none(), folded) {
        (true, true) if !row.folded => state.collections.fold(&row.path, Some(true), &workspace),
        (true, false) if row.folded => state.collections.fold(&row.path, Some(false), &workspace),
        (_, true) => {
            if let Some(parent) = row.path.parent() {
                state.collections.selected = Some(parent);
            }
        }
        (true, false) => state.collections.step(1),
        (false, false) => state.focus_on(PaneId::Request),
    }
    state.show_selected();
}

/// Space or Enter on a folder.
pub fn toggle_fold(state: &mut State) {
    let workspace = Arc::clone(&state.workspace);
    if let Some(row) = state.collections.row().cloned() {
        let folder = if row.method.is_none() { Some(row.path) } else { row.path.parent() };
        if let Some(folder) = folder {
            state.collections.fold(&folder, None, &workspace);
        }
    }
}
