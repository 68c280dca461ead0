//! Commands: what each one does in the focused pane.

use super::{
    copy, diagnosis, flow, jwt, login, past, presets, profile, remedy, request, response, side, tokens,
    typing,
};
use crate::app::command::Command;
use crate::app::effect::{Effect, Manage, Target};
use crate::app::event::Cx;
use crate::app::focus::PaneId;
use crate::app::key::{Key, KeyPress};
use crate::app::line_edit::LineEdit;
use crate::app::list::Cursor;
use crate::app::overlay::{Confirm, ConfirmAction, Overlay, Prompt, Purpose, TextView};
use crate::app::pane::request::RequestTab;
use crate::app::state::State;
use crate::content::visible::visible;
use crate::model::id::ItemPath;

/// Runs a command. Total: a command that means nothing here says so.
pub fn run(state: &mut State, command: Command, cx: &Cx, fx: &mut Vec<Effect>) {
    if let Some(why) = why_disabled(state, command) {
        super::hint(state, why, cx);
        return;
    }
    match command {
        Command::Send => flow::send_shown(state, cx, fx),
        Command::SendAgain => flow::send_again(state, cx, fx),
        Command::Cancel => flow::cancel(state, cx, fx),
        Command::Flow => state.overlays.push(Overlay::Text(flow::explain(state))),
        Command::FlowNext => flow::next_step(state, cx, fx),
        Command::Focus(pane) => focus(state, pane, cx, fx),
        Command::NextPane => focus(state, state.focus.step(1), cx, fx),
        Command::PreviousPane => focus(state, state.focus.step(-1), cx, fx),
        Command::Jump => state.overlays.push(Overlay::Jump),
        Command::Zoom => state.zoomed = !state.zoomed,
        Command::NextTab | Command::PreviousTab => {
            tab(state, if command == Command::NextTab { 1 } else { -1 }, cx, fx)
        }
        Command::Up => step(state, -1, cx, fx),
        Command::Down => step(state, 1, cx, fx),
        Command::PageUp => step(state, -page(state), cx, fx),
        Command::PageDown => step(state, page(state), cx, fx),
        Command::Top => step(state, isize::MIN / 2, cx, fx),
        Command::Bottom => step(state, isize::MAX / 2, cx, fx),
        Command::Left | Command::Right => sideways(state, command == Command::Right, cx, fx),
        Command::Open => open(state, cx, fx),
        Command::Toggle => toggle(state, cx, fx),
        Command::FoldAll | Command::UnfoldAll => fold_all(state, command == Command::FoldAll),
        Command::Search => prompt(state, "Search", "", "", Purpose::Search),
        Command::SearchNext => search_step(state, 1, cx),
        Command::SearchPrevious => search_step(state, -1, cx),
        Command::Filter => prompt(
            state,
            "Filter with JSONPath",
            "$.data.caseInfo  or  $..businessID; empty shows all",
            "$",
            Purpose::Filter,
        ),
        Command::Add => match state.focus {
            PaneId::Environments => side::add_environment_or_variable(state),
            PaneId::Request => request::add(state, cx, fx),
            PaneId::Token => presets::begin(state),
            _ => side::add_request(state),
        },
        Command::AddFolder => side::add_folder(state),
        Command::AddCollection => prompt(state, "New collection", "its name", "", Purpose::NewFolder(None)),
        Command::Remove => match state.focus {
            PaneId::Request => request::remove(state, cx),
            PaneId::Environments => side::remove_environment_or_variable(state, cx, fx),
            PaneId::Collections => side::remove_item(state, cx),
            _ => super::hint(state, "nothing to remove here", cx),
        },
        Command::Rename => side::rename(state),
        Command::Duplicate => side::duplicate(state, cx, fx),
        Command::MoveUp | Command::MoveDown => {
            let by = if command == Command::MoveDown { 1 } else { -1 };
            if state.focus == PaneId::Request {
                request::move_row(state, by)
            } else {
                side::move_item(state, by, cx, fx)
            }
        }
        Command::MoveTo => side::move_to(state),
        Command::Goto => {
            state.chord = KeyPress::parse("g").ok();
            state.overlays.push(Overlay::Goto { since: cx.now });
        }
        Command::GotoUrl => request::edit_url(state),
        Command::GotoParams => request::go_tab(state, RequestTab::Params),
        Command::GotoHeaders => request::go_tab(state, RequestTab::Headers),
        Command::GotoAuth => request::go_tab(state, RequestTab::Auth),
        Command::GotoBody => request::go_tab(state, RequestTab::Body),
        Command::GotoChecks => request::go_tab(state, RequestTab::Checks),
        Command::GotoDocs => request::go_tab(state, RequestTab::Docs),
        Command::Method => request::pick_method(state),
        Command::BodyKind => request::pick_body_kind(state),
        Command::AuthKind => request::pick_auth(state),
        Command::Save => request::save(state, cx, fx),
        Command::SaveAs => request::save_as(state),
        Command::Revert => request::revert(state, cx),
        Command::Undo => past::undo(state, cx, fx),
        Command::Redo => past::redo(state, cx, fx),
        Command::CopyMenu if diagnosis::copy(state, fx) => {}
        Command::CopyMenu => copy::menu(state, cx),
        Command::SaveBody => response::ask_file(state),
        Command::Editor => request::external_editor(state, fx),
        Command::Pager => response::pager(state, fx),
        Command::WireLog => response::wire(state, cx),
        Command::History => past::history(state, cx, fx),
        Command::JwtMenu => jwt::menu(state, cx),
        Command::JwtVerify => jwt::ask_verify(state, cx),
        Command::JwtEdit => jwt::edit(state, cx, fx),
        Command::JwtCompare => jwt::compare(state, cx),
        Command::Mark => response::mark(state, cx),
        Command::Compare if diagnosis::toggle_compare(state) => {}
        Command::Compare => response::compare(state, cx),
        Command::Diagnosis => diagnosis::open(state, cx),
        Command::Confirm => remedy::ask_probe(state, cx, fx),
        Command::Fix => remedy::ask_fix(state, cx, fx),
        Command::SwitchEnvironment => side::pick_environment(state, cx),
        Command::RenewToken => flow::renew(state, cx, fx),
        Command::ForgetToken => flow::forget(state, cx, fx),
        Command::TokenExchange => flow::token_exchange(state, cx),
        Command::Login => login::show(state, cx),
        Command::RevokeToken => tokens::ask_revoke(state, cx),
        Command::Introspect => tokens::manage(state, Manage::Introspect, cx, fx),
        Command::Userinfo => tokens::manage(state, Manage::Userinfo, cx, fx),
        Command::TokenLog => {
            let job = state.jobs.start(Target::Other("token log"), cx.now);
            fx.push(Effect::TokenLog(job));
        }
        Command::PickProfile => tokens::pick_profile(state),
        Command::EditProfile => profile::edit_form(state),
        Command::NewProfile => presets::begin(state),
        Command::Discover => profile::ask_issuer(state),
        Command::Grants => super::grants::menu(state),
        Command::ImportCredentials => flow::ask_credentials(state),
        Command::SetSecret => side::ask_secret(state, cx),
        Command::VaultPassphrase => {
            let hint = "secrets are then kept encrypted on this machine; empty cancels";
            prompt_secret(state, "Passphrase of the vault file", hint, Purpose::Passphrase);
        }
        Command::Problems => problems(state, cx),
        Command::Reload => {
            let job = state.jobs.start(crate::app::effect::Target::Workspace, cx.now);
            fx.push(Effect::Reload(job));
        }
        Command::Repaint => fx.push(Effect::Repaint),
        Command::Palette => {
            state.overlays.push(Overlay::Palette { filter: LineEdit::default(), cursor: Cursor::default() });
        }
        Command::Help => {
            state.overlays.push(Overlay::Help { filter: LineEdit::default(), cursor: Cursor::default() });
        }
        Command::Suspend => fx.push(Effect::Suspend),
        Command::Quit => quit(state, cx),
    }
}

/// Why a command cannot run now; `None`: it can.
pub fn why_disabled(state: &State, command: Command) -> Option<String> {
    let has_request = state.request.request().is_some();
    let read_only = state.workspace.read_only;
    let answer = state.view_shown();
    let text = match command {
        Command::Send | Command::Method | Command::BodyKind | Command::AuthKind | Command::GotoUrl
            if !has_request =>
        {
            "no request is open; choose one in 2 Collections, or a adds one"
        }
        Command::Add
        | Command::AddFolder
        | Command::AddCollection
        | Command::Rename
        | Command::Duplicate
        | Command::Save
        | Command::MoveTo
        | Command::NewProfile
            if read_only =>
        {
            "this workspace has a newer format: it is open read-only"
        }
        Command::SaveBody | Command::Pager | Command::Filter | Command::Mark | Command::Compare
            if answer.is_none() =>
        {
            "there is no response yet; s sends the request"
        }
        Command::TokenExchange | Command::ForgetToken
            if state.token.token().is_none() && state.token.failure.is_none() =>
        {
            "there is no token yet; r gets one"
        }
        Command::RevokeToken | Command::Introspect | Command::Userinfo if state.token.token().is_none() => {
            "there is no token yet; r gets one"
        }
        Command::Diagnosis if answer.is_none() && !state.token_is_diagnosed() => {
            "nothing was sent yet; s sends the request"
        }
        Command::Confirm | Command::Fix if state.finding_at_hand().is_none() => "nothing was refused here",
        Command::Login if state.logins.all.is_empty() => "no login waits",
        Command::RenewToken | Command::PickProfile | Command::EditProfile | Command::Discover
            if state.workspace.profiles.is_empty() =>
        {
            "there is no OAuth profile; A in 4 Token makes one, I imports a credentials file"
        }
        Command::SwitchEnvironment if state.workspace.environments.is_empty() => {
            "there is no environment; a in 1 Environments adds one"
        }
        Command::Problems if state.workspace.problems.is_empty() && state.complaints.is_empty() => {
            "every file could be read"
        }
        _ => return None,
    };
    Some(text.to_owned())
}

/// The three to six commands that matter now, for the hint bar.
pub fn hints(state: &State) -> Vec<Command> {
    use Command as C;
    let mut hints: Vec<Command> = Vec::new();
    if state.jobs.visible().next().is_some() {
        hints.push(C::Cancel);
    }
    match state.focus {
        PaneId::Environments => hints.extend([C::SwitchEnvironment, C::Open, C::Add, C::SetSecret]),
        PaneId::Collections => hints.extend([C::Open, C::Send, C::Add, C::Rename, C::Remove, C::Search]),
        PaneId::Request => {
            hints.extend([C::Send, C::Open]);
            if !state.request.unsaved().is_empty() {
                hints.push(C::Save);
            }
            hints.extend([C::NextTab, C::Add, C::Goto]);
        }
        PaneId::Token => {
            hints.push(C::RenewToken);
            if state.token.token().is_some() {
                hints.extend([C::RevokeToken, C::Introspect, C::ForgetToken]);
            }
            if state.token.token().is_some() || state.token.failure.is_some() {
                hints.push(C::TokenExchange);
            }
            hints.extend([C::PickProfile, C::EditProfile, C::NewProfile, C::Discover]);
        }
        PaneId::Jwt => {
            hints.extend([C::Open, C::JwtMenu, C::JwtVerify, C::JwtEdit, C::JwtCompare, C::CopyMenu])
        }
        PaneId::Response if state.in_diagnosis() => diagnosis::hints(state, &mut hints),
        PaneId::Response if super::profile::resource_metadata(state).is_some() => {
            hints.extend([C::Discover, C::Send, C::CopyMenu, C::NextTab]);
        }
        PaneId::Response => hints.extend([C::Send, C::Toggle, C::Search, C::Filter, C::CopyMenu, C::NextTab]),
    }
    if !(state.in_diagnosis() && state.focus == PaneId::Response) && state.finding_at_hand().is_some() {
        if state.fix_at_hand() {
            hints.insert(0, C::Fix);
        }
        hints.insert(0, C::Diagnosis);
    }
    if !state.logins.all.is_empty() {
        hints.insert(0, C::Login);
    }
    if state.flow.next().is_some() && !(state.in_diagnosis() && state.focus == PaneId::Response) {
        hints.insert(0, C::FlowNext);
    }
    hints
}

/// The word of a command in the hint bar: what it does here.
pub fn hint_word(state: &State, command: Command) -> &'static str {
    let findings = state.in_diagnosis() && state.focus == PaneId::Response;
    match command {
        // There is nothing to renew where there is none.
        Command::RenewToken if state.token.token().is_none() => "get token",
        Command::Compare if findings && state.is_comparing() => "findings",
        Command::Compare if findings => "before/after",
        Command::Open if findings => "evidence",
        command => command.info().hint,
    }
}

fn focus(state: &mut State, pane: PaneId, cx: &Cx, fx: &mut Vec<Effect>) {
    if state.request.editing.is_some() {
        typing::stop_editing(state, cx, fx);
    }
    state.focus_on(pane);
    if matches!(pane, PaneId::Token) && state.token.tokens.is_empty() {
        let job = state.jobs.start(crate::app::effect::Target::Other("tokens"), cx.now);
        fx.push(Effect::ListTokens(job));
    }
}

fn tab(state: &mut State, by: isize, cx: &Cx, fx: &mut Vec<Effect>) {
    match state.focus {
        PaneId::Response => {
            state.response.tab = state.response.tab.step(by);
            state.response.token_of = None;
        }
        PaneId::Token => {
            let len = state.token.tokens.len();
            if len > 0 {
                let at = if state.token.at < len { state.token.at as isize + by } else { 0 };
                state.token.at = at.rem_euclid(len as isize) as usize;
                flow::show_token(state, cx, fx);
            }
        }
        _ => {
            let tab = state.request.tab.step(by);
            request::go_tab_in_place(state, tab);
        }
    }
}

fn page(state: &State) -> isize {
    isize::try_from(state.view.height(state.focus).saturating_sub(1).max(1)).unwrap_or(1)
}

fn step(state: &mut State, by: isize, cx: &Cx, fx: &mut Vec<Effect>) {
    match state.focus {
        PaneId::Environments => {
            let rows = state.environments.rows(&state.workspace).len();
            state.environments.cursor.step(by, rows);
        }
        PaneId::Collections => {
            state.collections.step(by);
            state.show_selected();
        }
        PaneId::Request => request::step(state, by),
        PaneId::Token => {
            let before = state.token.at;
            state.token.step(by);
            if state.token.at != before {
                flow::show_token(state, cx, fx);
            }
        }
        PaneId::Jwt => state.jwt.top = state.jwt.top.saturating_add_signed(by).min(400),
        PaneId::Response if state.in_diagnosis() => diagnosis::step(state, by),
        PaneId::Response => response::step(state, by),
    }
}

fn sideways(state: &mut State, right: bool, cx: &Cx, fx: &mut Vec<Effect>) {
    match state.focus {
        PaneId::Collections => side::fold(state, !right),
        PaneId::Environments => side::open_environment(state, Some(right)),
        PaneId::Response if state.in_diagnosis() => diagnosis::sideways(state, right),
        PaneId::Response => response::sideways(state, right),
        PaneId::Request => tab(state, if right { 1 } else { -1 }, cx, fx),
        PaneId::Token | PaneId::Jwt => step(state, if right { 1 } else { -1 }, cx, fx),
    }
}

fn open(state: &mut State, cx: &Cx, fx: &mut Vec<Effect>) {
    match state.focus {
        PaneId::Environments => side::open_environment_row(state),
        PaneId::Collections => match state.collections.row().map(|r| r.method.is_some()) {
            Some(true) => state.focus_on(PaneId::Request),
            Some(false) => side::toggle_fold(state),
            None => super::hint(state, "no requests yet; a adds one, I imports a credentials file", cx),
        },
        PaneId::Request => request::open(state, cx, fx),
        PaneId::Token => {
            flow::show_token(state, cx, fx);
            state.focus_on(PaneId::Jwt);
        }
        PaneId::Jwt => state.zoomed = !state.zoomed,
        PaneId::Response if state.in_diagnosis() => diagnosis::enter(state, cx, fx),
        PaneId::Response => response::toggle(state),
    }
}

fn toggle(state: &mut State, cx: &Cx, fx: &mut Vec<Effect>) {
    match state.focus {
        PaneId::Environments => side::activate(state, cx, fx),
        PaneId::Collections => side::toggle_fold(state),
        PaneId::Request => request::toggle(state),
        PaneId::Token | PaneId::Jwt => open(state, cx, fx),
        PaneId::Response if state.in_diagnosis() => diagnosis::enter(state, cx, fx),
        PaneId::Response => response::toggle(state),
    }
}

fn fold_all(state: &mut State, folded: bool) {
    match state.focus {
        PaneId::Collections => {
            let workspace = std::sync::Arc::clone(&state.workspace);
            state.collections.fold_all(folded, &workspace);
        }
        _ => response::fold_all(state, folded),
    }
}

/// Opens a prompt.
pub fn prompt(state: &mut State, title: &str, hint: &str, text: &str, purpose: Purpose) {
    state.overlays.push(Overlay::Prompt(Prompt {
        title: title.to_owned(),
        hint: hint.to_owned(),
        edit: LineEdit::new(text),
        secret: false,
        purpose,
        error: None,
    }));
}

/// Opens a prompt whose answer is shown as dots.
pub fn prompt_secret(state: &mut State, title: &str, hint: &str, purpose: Purpose) {
    prompt(state, title, hint, "", purpose);
    if let Some(Overlay::Prompt(prompt)) = state.overlays.last_mut() {
        prompt.secret = true;
    }
}

/// Asks for `y`.
pub fn confirm(state: &mut State, text: impl Into<String>, action: ConfirmAction, cx: &Cx) {
    state.overlays.push(Overlay::Confirm(Confirm { text: text.into(), action, since: cx.now }));
}

fn search_step(state: &mut State, by: isize, cx: &Cx) {
    let tab = state.response.tab;
    let found = match state.focus {
        PaneId::Collections => {
            let found = state.collections.find(by, false);
            state.show_selected();
            found
        }
        PaneId::Environments => side::find_environment(state, by, false),
        _ => match state.view_shown_mut().filter(|v| v.search.is_some()) {
            Some(view) => {
                view.next_hit(by, tab);
                true
            }
            None => false,
        },
    };
    if !found {
        super::hint(state, "nothing found; / searches", cx);
    }
}

fn problems(state: &mut State, _cx: &Cx) {
    let lines = state
        .workspace
        .problems
        .iter()
        .map(|p| p.to_string())
        .chain(state.complaints.iter().cloned())
        .flat_map(|p| p.lines().map(|l| visible(l).into_owned()).collect::<Vec<_>>())
        .collect();
    state.overlays.push(Overlay::Text(TextView::new("Files that could not be read", lines)));
}

fn quit(state: &mut State, cx: &Cx) {
    let unsaved = state.request.unsaved();
    let saving = |path: &ItemPath| state.jobs.of(&Target::Save(path.clone())).is_some();
    if !unsaved.is_empty() && unsaved.iter().all(|path| saving(path)) {
        state.leaving = true;
        state.say("saving, then leaving", cx);
        return;
    }
    let scratch = state.request.drafts.get(&ItemPath::default()).is_some_and(|d| d.is_changed());
    match unsaved.as_slice() {
        [] if scratch => {
            let key = state.keymap.label(Command::SaveAs);
            let text =
                format!("The scratch request stands in no file (n, then {key} saves it). Leave without it?");
            confirm(state, text, ConfirmAction::Quit, cx);
        }
        [] => state.quit = Some(0),
        [one] => {
            let text = format!("`{one}` is not saved (n, then w saves it). Leave without saving?");
            confirm(state, text, ConfirmAction::Quit, cx);
        }
        more => {
            let text = format!(
                "{} requests are not saved (n, then w saves them). Leave without saving?",
                more.len()
            );
            confirm(state, text, ConfirmAction::Quit, cx);
        }
    }
}

/// The key that leaves every overlay.
pub fn is_escape(press: KeyPress) -> bool {
    press.key == Key::Esc
}
