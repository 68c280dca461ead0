mod broken;
mod jwt;
mod login;
mod profile;
mod tokens;

use crate::app::effect::Effect;
use crate::app::fixture::{Screen, sent, start, workspace};
use crate::app::flow_strip::{Step, StepState};
use crate::app::focus::PaneId;
use crate::app::job::Output;
use crate::app::key::{Button, MouseEvent, MouseKind};
use crate::app::overlay::Overlay;
use crate::app::pane::request::RequestTab;
use crate::model::edit::{Edit, Unsaved};
use crate::model::id::{ItemPath, JobId};
use crate::model::request::Body;
use crate::model::tree::Node;
use crate::model::workspace::Workspace;
use std::time::Duration;

fn screen() -> Screen {
    // It opens on the flow's request: create-case.
    Screen::new(120, 40)
}

fn sending(screen: &mut Screen) -> JobId {
    match screen.take().as_slice() {
        [Effect::Send(id, _)] => *id,
        other => panic!("one send was expected: {other:?}"),
    }
}

#[test]
fn s_sends_the_request_that_is_shown_with_its_draft() {
    let mut screen = screen();
    screen.press("g u ctrl-u").type_text("http://h/x");
    screen.press("esc s");
    match screen.take().as_slice() {
        [Effect::Send(_, plan)] => {
            assert_eq!(plan.request.url, "http://h/x");
            assert_eq!(plan.request.auth.profile(), Some("pega"), "inherited from the collection");
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn letters_typed_into_the_url_are_text_and_ctrl_r_sends_from_there() {
    let mut screen = screen();
    screen.press("g u").type_text("sqx");
    assert!(screen.take().is_empty());
    assert!(screen.state.request.request().unwrap().url.ends_with("casessqx"));
    screen.press("ctrl-r");
    assert!(matches!(screen.take().as_slice(), [Effect::Send(..)]));
}

#[test]
fn the_same_request_is_not_sent_twice_at_once() {
    let mut screen = screen();
    screen.press("s s");
    assert_eq!(screen.take().len(), 1);
    assert!(screen.message().contains("running"));
}

#[test]
fn an_answer_is_filed_under_its_request_even_when_another_is_shown() {
    let mut screen = screen();
    screen.press("s");
    let id = sending(&mut screen);
    screen.press("j"); // get-case
    screen.done(id, Output::Sent(sent(201, "{}"), None));
    assert!(screen.state.view_shown().is_none(), "get-case has no answer");
    assert!(screen.state.response.views.contains_key(&ItemPath::new("pega-cases/create-case")));
}

#[test]
fn doubled_and_unknown_news_change_nothing() {
    let mut screen = screen();
    screen.press("s");
    let id = sending(&mut screen);
    screen.done(id, Output::Sent(sent(201, "{}"), None));
    screen.take();
    let generation = screen.state.view_shown().unwrap().generation;
    screen.done(id, Output::Sent(sent(500, "{}"), None));
    screen.done(JobId(999), Output::Sent(sent(500, "{}"), None));
    assert_eq!(screen.state.view_shown().unwrap().generation, generation);
}

#[test]
fn captured_values_go_into_the_next_request_of_the_same_environment_only() {
    let mut screen = screen();
    screen.press("s");
    let id = sending(&mut screen);
    screen.done(id, Output::Sent(sent(201, "{}"), None));
    let path = ItemPath::new("pega-cases/get-case");
    let layer = screen.state.plan(&path).unwrap().layers[0].clone();
    assert_eq!((layer.origin.as_str(), layer.variables.len()), ("captured", 1));
    screen.state.environment = Some("acme-prod".into());
    assert!(screen.state.plan(&path).unwrap().layers.iter().all(|l| l.origin != "captured"));
}

#[test]
fn ctrl_c_cancels_what_runs_and_never_quits() {
    let mut screen = screen();
    screen.press("ctrl-c");
    assert!(screen.message().contains("q quits"));
    screen.press("s");
    let id = sending(&mut screen);
    screen.press("ctrl-c");
    assert!(matches!(screen.take().as_slice(), [Effect::CancelJob(c)] if *c == id));
    assert_eq!(screen.state.quit, None);
}

#[test]
fn a_protected_environment_asks_for_its_name_before_anything_is_sent() {
    let mut screen = screen();
    screen.state.environment = Some("acme-prod".into());
    screen.press("s enter");
    assert!(screen.take().is_empty());
    screen.type_text("acme-prod").press("enter");
    assert!(matches!(screen.take().as_slice(), [Effect::Send(..)]));
}

#[test]
fn saving_writes_only_what_changed_and_from_the_base_that_was_read() {
    let mut screen = screen();
    screen.press("w");
    assert!(screen.take().is_empty(), "nothing is changed yet");
    screen.press("g u").type_text("?x=1").press("esc w");
    match screen.take().as_slice() {
        [Effect::Edit(_, edit)] => match &**edit {
            Edit::SaveRequest { path, base, request } => {
                assert_eq!(path.as_str(), "pega-cases/create-case");
                assert!(!base.url.contains('?') && request.url.ends_with("?x=1"));
            }
            other => panic!("{other:?}"),
        },
        other => panic!("{other:?}"),
    }
}

#[test]
fn drafts_survive_looking_at_another_request() {
    let mut screen = screen();
    screen.press("g u").type_text("/mine").press("esc 2 j k");
    assert!(screen.state.request.request().unwrap().url.ends_with("/mine"));
    assert_eq!(screen.state.request.unsaved().len(), 1);
}

#[test]
fn quitting_with_unsaved_changes_asks_and_keys_typed_ahead_do_not_answer() {
    let mut screen = screen();
    screen.press("g u").type_text("x").press("esc q");
    assert!(matches!(screen.state.overlays.last(), Some(Overlay::Confirm(_))));
    screen.type_text("y"); // at once: before it could be read
    assert_eq!(screen.state.quit, None);
    screen.press("n");
    assert!(screen.state.overlays.is_empty());
    screen.press("q y");
    assert_eq!(screen.state.quit, Some(0));
}

#[test]
fn undo_in_the_request_pane_goes_back_one_edit_and_redo_forth() {
    let mut screen = screen();
    screen.press("g u").type_text("/a").press("esc u");
    assert!(!screen.state.request.draft().unwrap().is_changed());
    screen.press("U");
    assert!(screen.state.request.request().unwrap().url.ends_with("/a"));
}

#[test]
fn a_header_is_added_typed_switched_off_and_removed_by_keys() {
    let mut screen = screen();
    screen.press("g h a").type_text("X-Debug").press("enter").type_text("1").press("enter");
    let headers = |s: &Screen| s.state.request.request().unwrap().headers.clone();
    assert_eq!(headers(&screen)[1].name, "X-Debug");
    assert_eq!(headers(&screen)[1].value, "1");
    screen.press("space");
    assert!(!headers(&screen)[1].enabled);
    screen.press("x");
    assert_eq!(headers(&screen).len(), 1);
    screen.press("u");
    assert_eq!(headers(&screen).len(), 2);
}

#[test]
fn a_row_left_empty_is_not_kept() {
    let mut screen = screen();
    screen.press("g p a esc");
    assert!(screen.state.request.request().unwrap().params.is_empty());
    assert!(!screen.state.request.draft().unwrap().is_changed());
}

#[test]
fn the_body_is_edited_in_place() {
    let mut screen = screen();
    screen.press("g b enter").press("end").type_text(",").press("enter").type_text("\"a\": 1").press("esc");
    let Body::Json(text) = &screen.state.request.request().unwrap().body else { panic!("no JSON body") };
    assert!(text.contains(",\n") && text.contains("\"a\": 1"), "{text}");
    assert_eq!(screen.state.request.tab, RequestTab::Body);
}

#[test]
fn a_pasted_curl_line_becomes_the_request_and_undo_takes_it_back() {
    let mut screen = screen();
    screen.paste(
        "curl -X PUT https://h.example/a -H 'X-A: 1' -d '{\"b\":2}' -H 'content-type: application/json'",
    );
    let request = screen.state.request.request().unwrap().clone();
    assert_eq!((request.method.as_str(), request.url.as_str()), ("PUT", "https://h.example/a"));
    assert_eq!(request.name, "Create case", "the name stays");
    assert!(screen.take().is_empty(), "a paste sends nothing");
    screen.press("u");
    assert_eq!(screen.state.request.request().unwrap().method, "POST");
}

#[test]
fn a_curl_line_typed_into_the_url_becomes_the_request() {
    let mut screen = screen();
    screen.press("g u ctrl-u").type_text("curl -u me:{{pw}} https://h.example/").press("enter");
    assert_eq!(screen.state.request.request().unwrap().auth.kind(), "basic");
}

#[test]
fn checks_and_captures_are_edited_as_text_and_a_wrong_one_is_asked_again() {
    let mut screen = screen();
    screen.press("g c a").type_text("status is 3").press("enter");
    assert!(matches!(screen.state.overlays.last(), Some(Overlay::Prompt(p)) if p.error.is_some()));
    screen.press("ctrl-u").type_text("status equals 201").press("enter");
    assert_eq!(screen.state.request.request().unwrap().checks.len(), 1);
}

#[test]
fn escape_takes_one_layer_at_a_time_and_never_quits() {
    let mut screen = screen();
    screen.press("z :").press("esc");
    assert!(screen.state.overlays.is_empty() && screen.state.zoomed);
    screen.press("esc");
    assert!(!screen.state.zoomed);
    screen.press("esc esc esc");
    assert_eq!(screen.state.quit, None);
}

#[test]
fn the_palette_runs_what_it_finds() {
    let mut screen = screen();
    screen.press(":").type_text("zoom").press("enter");
    assert!(screen.state.zoomed);
}

#[test]
fn every_command_of_the_table_can_be_run_in_every_pane_without_a_panic() {
    for pane in PaneId::ALL {
        for row in crate::app::command::COMMANDS {
            for mut screen in [screen(), Screen::with(start(Workspace::default()), 80, 24)] {
                screen.state.overlays.clear();
                screen.state.focus_on(pane);
                let mut fx = Vec::new();
                super::command::run(&mut screen.state, row.command, &screen.cx, &mut fx);
                screen.press("j k enter esc esc");
            }
        }
    }
}

#[test]
fn the_flow_runs_step_by_step_with_one_key_each() {
    let mut screen = Screen::new(120, 40);
    screen.press(">");
    let job = match screen.take().as_slice() {
        [Effect::ImportCredentials { job, file, environment, profile }] => {
            assert_eq!(
                (file.as_str(), environment.as_str(), profile.as_str()),
                ("/tmp/credentials.txt", "sandbox", "pega")
            );
            *job
        }
        other => panic!("{other:?}"),
    };
    let imported = Output::Imported {
        words: "client 1 is registered".into(),
        environment: "sandbox".into(),
        profile: "pega".into(),
        change: crate::model::edit::Change::default(),
        warnings: Vec::new(),
        workspace: std::sync::Arc::new(workspace()),
    };
    screen.done(job, imported);
    assert_eq!(screen.state.flow.state(Step::Register), &StepState::Done("ok".into()));
    screen.take();
    screen.press(">");
    assert!(matches!(screen.take().as_slice(), [Effect::Token { .. }]));
}

#[test]
fn a_failed_step_says_why_and_is_the_next_one_again() {
    let mut screen = Screen::new(120, 40);
    screen.press(">");
    let Some(Effect::ImportCredentials { job, .. }) = screen.take().pop() else { panic!("no import") };
    let problem = crate::model::problem::Problem::new(
        crate::model::problem::ProblemKind::File,
        "cannot read the credentials file",
        "no such file",
        "type its path again",
    );
    let event = crate::app::job::JobEvent { id: job, news: crate::app::job::News::Failed(problem) };
    super::update(&mut screen.state, crate::app::event::Event::Job(event), &screen.cx);
    assert_eq!(screen.state.flow.next(), Some(Step::Register));
    assert!(screen.message().contains("no such file") && screen.message().contains("type its path again"));
}

#[test]
fn switching_the_environment_starts_the_flow_anew_and_remembers_the_choice() {
    let mut screen = screen();
    screen.press("e").type_text("prod").press("enter");
    assert_eq!(screen.state.environment.as_deref(), Some("acme-prod"));
    assert!(matches!(screen.take().as_slice(), [Effect::ChooseEnvironment(name)] if name == "acme-prod"));
    assert_eq!(screen.state.flow.next(), Some(Step::Register));
}

#[test]
fn deleting_asks_and_wants_y_not_enter() {
    let mut screen = screen();
    screen.press("x enter enter");
    assert!(screen.take().is_empty());
    screen.press("y");
    assert!(matches!(screen.take().as_slice(), [Effect::Edit(_, e)] if matches!(&**e, Edit::Delete { .. })));
}

#[test]
fn a_secret_is_copied_only_after_a_question() {
    let mut screen = screen();
    let key = crate::model::token::TokenKey {
        environment: "sandbox".into(),
        profile: "pega".into(),
        ..Default::default()
    };
    screen.state.token.tokens = vec![crate::model::token::Token {
        key,
        origin: None,
        access_token: "tok".into(),
        token_type: "bearer".into(),
        refresh_token: None,
        id_token: None,
        dpop_key: None,
        use_id_token: false,
        session_index: None,
        scope: None,
        expires_in: Some(Duration::from_secs(3600)),
        obtained_at: screen.cx.wall,
        obtained: screen.cx.now,
        clock_offset_ms: None,
        grant: "client credentials".into(),
        client_auth: "Basic".into(),
        notes: Vec::new(),
        exchange: None,
    }];
    screen.press("4 y enter");
    assert!(matches!(screen.state.overlays.last(), Some(Overlay::Confirm(_))));
    assert!(!screen.take().iter().any(|e| matches!(e, Effect::Copy { .. })));
    screen.press("y");
    assert!(screen.take().iter().any(|e| matches!(e, Effect::Copy { .. })));
}

#[test]
fn a_countdown_wakes_the_screen_once_a_second_and_nothing_else_does() {
    let mut screen = screen();
    screen.state.toast = None;
    assert_eq!(screen.state.next_deadline(&screen.cx), None);
}

#[test]
fn a_click_on_a_row_selects_it_and_a_second_one_opens_it() {
    let mut screen = screen();
    let hit = |target| crate::app::view::Hit { x: 2, y: 3, width: 10, height: 1, target };
    screen.state.view.hits = vec![hit(crate::app::view::HitTarget::Row(PaneId::Collections, 3))];
    let click = |screen: &mut Screen| {
        let mouse = MouseEvent {
            kind: MouseKind::Down(Button::Left),
            column: 4,
            row: 3,
            ctrl: false,
            alt: false,
            shift: false,
        };
        super::update(&mut screen.state, crate::app::event::Event::Mouse(mouse), &screen.cx);
    };
    click(&mut screen);
    assert_eq!(screen.state.request.path, Some(ItemPath::new("pega-cases/get-case")));
    click(&mut screen);
    assert_eq!(screen.state.focus, PaneId::Request);
}

#[test]
fn random_keys_never_panic_and_never_quit_without_asking_when_something_is_unsaved() {
    let keys = "b R i M T p E A D j k h l enter esc tab space a x w u U y e t g p : / s . > r o 1 2 3 4 5 6 z [ ] , c ctrl-c ctrl-r backspace ? f1 n";
    let keys: Vec<&str> = keys.split(' ').collect();
    let mut random = fastrand::Rng::with_seed(7);
    for _ in 0..200 {
        let mut screen = screen();
        screen.press("g u").type_text("x").press("esc");
        for _ in 0..60 {
            let key = keys[random.usize(..keys.len())];
            screen.press(key);
        }
        for _ in 0..12 {
            screen.press("esc");
        }
        assert!(screen.state.overlays.is_empty());
        assert_eq!(screen.state.quit, None);
    }
}

#[test]
fn a_captured_value_cannot_ask_for_the_users_variables() {
    let mut screen = screen();
    screen.press("s");
    let id = sending(&mut screen);
    let mut answer = sent(201, "{}");
    answer.captures = vec![("case_key".into(), "{{client_secret}}".into())];
    screen.done(id, Output::Sent(answer, None));
    let plan = screen.state.plan(&ItemPath::new("pega-cases/get-case")).unwrap();
    let secrets =
        |_: &str, _: &crate::model::value::SecretRef| Some(crate::model::secret::Secret::new("hunter2"));
    let url = crate::template::render(&plan.request.url, crate::template::Place::Url, &plan.layers, &secrets);
    assert!(!url.text.contains("hunter2"), "{}", url.text);
}

fn past(path: Option<&str>, authorization: &str) -> crate::model::history::HistoryEntry {
    crate::model::history::HistoryEntry {
        id: "1".into(),
        at: jiff::Timestamp::UNIX_EPOCH,
        path: path.map(ItemPath::new),
        environment: "sandbox".into(),
        name: "old".into(),
        method: "PUT".into(),
        url: "http://h/old".into(),
        status: Some(200),
        duration_ms: None,
        size: None,
        failure: None,
        detail: Some(serde_json::json!({"request": {
            "headers": [{"name": "Host", "value": "h"}, {"name": "X-Key", "value": authorization}],
            "body": "{\"a\":1}"
        }})),
    }
}

#[test]
fn a_past_exchange_is_sent_again_from_its_saved_request_else_from_a_copy() {
    let mut screen = screen();
    let mut fx = Vec::new();
    super::flow::resend(&mut screen.state, &past(Some("pega-cases/get-case"), "x"), &screen.cx, &mut fx);
    assert!(matches!(fx.as_slice(), [Effect::Send(_, plan)] if plan.request.method == "GET"));
    fx.clear();
    super::flow::resend(&mut screen.state, &past(Some("gone"), "x"), &screen.cx, &mut fx);
    match fx.as_slice() {
        [Effect::Send(_, plan)] => {
            assert_eq!((plan.request.method.as_str(), plan.request.headers.len()), ("PUT", 1));
            assert_eq!(plan.request.body, Body::Json("{\"a\":1}".into()));
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_past_exchange_with_masked_secrets_is_shown_and_not_sent() {
    let mut screen = screen();
    let mut fx = Vec::new();
    super::flow::resend(&mut screen.state, &past(None, "•••"), &screen.cx, &mut fx);
    assert!(fx.is_empty());
    assert!(screen.message().contains("masked"));
}

#[test]
fn giving_up_a_draft_reads_the_file_again_which_may_say_something_else_by_now() {
    let mut screen = screen();
    screen.press("g u").type_text("x").press("esc R");
    screen.take();
    screen.press("y");
    let effects = screen.take();
    let [Effect::Reload(job)] = effects.as_slice() else { panic!("{effects:?}") };
    let mut theirs = workspace();
    let Node::Request(item) = &mut theirs.collections[0].children[1] else { panic!("no request") };
    item.request.url = "http://h/theirs".into();
    screen.done(*job, Output::Workspace(None, std::sync::Arc::new(theirs)));
    assert_eq!(screen.state.request.request().unwrap().url, "http://h/theirs");
    assert!(screen.state.unsaved().is_empty());
}

#[test]
fn a_response_is_compared_with_the_marked_one() {
    let mut screen = screen();
    for status in [201, 401] {
        screen.press("s");
        let id = sending(&mut screen);
        screen.done(id, Output::Sent(sent(status, "{}"), None));
        screen.take();
        screen.press(if status == 201 { "m" } else { "=" });
    }
    let Some(Overlay::Text(text)) = screen.state.overlays.last() else { panic!("no comparison") };
    assert!(text.lines.contains(&"- 201 Created".to_owned()), "{:?}", text.lines);
    assert!(text.lines.contains(&"+ 401 Unauthorized".to_owned()), "{:?}", text.lines);
}

#[test]
fn drafts_of_a_lost_terminal_are_taken_up_again() {
    let mut request = crate::model::request::Request::new("Get case", "GET", "http://h/edited");
    request.docs = "mine".into();
    let gone = crate::model::request::Request::new("Gone", "PUT", "http://h/gone");
    let mut start = start(workspace());
    let base = crate::model::request::Request::new("Get case", "GET", "http://h/as-it-was-read");
    let unsaved = |path: &str, base, request| Unsaved { path: ItemPath::new(path), base, request };
    start.recovered =
        vec![unsaved("pega-cases/get-case", Some(base.clone()), request), unsaved("no/such", None, gone)];
    let screen = Screen::with(start, 120, 40);
    assert_eq!(screen.state.unsaved().len(), 2);
    // Saving it must notice that the file says something else by now.
    let kept = screen.state.unsaved().into_iter().find(|u| u.path.as_str() == "pega-cases/get-case");
    assert_eq!(kept.unwrap().base, Some(base));
    assert_eq!(screen.state.request.request().unwrap().url, "http://h/gone");
    assert!(screen.message().contains("recovered 2 unsaved requests"));
}

#[test]
fn a_new_request_may_be_typed_as_a_method_and_a_url() {
    let mut screen = screen();
    screen.press("2 a").type_text("POST https://h.example/v1/orders?x=1").press("enter");
    match screen.take().as_slice() {
        [Effect::Edit(_, edit)] => match &**edit {
            Edit::CreateRequest { request, after, .. } => {
                assert_eq!((request.name.as_str(), request.method.as_str()), ("orders", "POST"));
                assert_eq!(after.as_deref(), Some("create-case"));
            }
            other => panic!("{other:?}"),
        },
        other => panic!("{other:?}"),
    }
}

#[test]
fn escape_and_a_letter_in_one_packet_are_both_taken() {
    let mut screen = screen();
    screen.press("z :").press("alt-6");
    assert!(screen.state.overlays.is_empty());
    assert_eq!(screen.state.focus, PaneId::Response);
    screen.press("g u").type_text("x y").press("alt-s");
    assert!(matches!(screen.take().as_slice(), [Effect::Send(..)]));
}

#[test]
fn quitting_while_a_save_runs_waits_for_it_and_asks_nothing() {
    let mut screen = screen();
    screen.press("g u").type_text("/x").press("esc w q");
    assert!(screen.state.overlays.is_empty());
    assert_eq!(screen.state.quit, None);
    let Some(Effect::Edit(job, _)) = screen.take().pop() else { panic!("nothing is saved") };
    let mut saved = workspace();
    if let crate::model::tree::Node::Request(item) = &mut saved.collections[0].children[1] {
        item.request.url.push_str("/x");
    }
    screen.done(job, Output::Workspace(None, std::sync::Arc::new(saved)));
    assert_eq!(screen.state.quit, Some(0));
}

#[test]
fn a_scratch_request_is_not_lost_when_saving_it_is_refused() {
    let mut screen = screen();
    screen.state.request.path = None;
    screen.state.collections.selected = None;
    screen.paste("curl https://h.example/a -H 'Authorization: Bearer literal'");
    screen.press("W").type_text("A").press("enter");
    let Some(Effect::Edit(job, _)) = screen.take().pop() else { panic!("nothing is saved") };
    let problem = crate::model::problem::Problem::new(
        crate::model::problem::ProblemKind::File,
        "nothing was written",
        "a literal secret",
        "use a variable",
    );
    let event = crate::app::job::JobEvent { id: job, news: crate::app::job::News::Failed(problem) };
    super::update(&mut screen.state, crate::app::event::Event::Job(event), &screen.cx);
    assert_eq!(screen.state.request.request().unwrap().url, "https://h.example/a");
    screen.press("q");
    assert!(matches!(screen.state.overlays.last(), Some(Overlay::Confirm(_))), "leaving asks");
}

#[test]
fn every_recovered_request_without_a_file_gets_its_turn_as_the_scratch_request() {
    let request = |url: &str| crate::model::request::Request::new("Gone", "PUT", url);
    let unsaved = |path: &str, url: &str| crate::model::edit::Unsaved {
        path: ItemPath::new(path),
        base: None,
        request: request(url),
    };
    let mut start = start(workspace());
    start.recovered = vec![unsaved("no/one", "http://h/1"), unsaved("no/two", "http://h/2")];
    let mut screen = Screen::with(start, 120, 40);
    assert_eq!(screen.state.unsaved().len(), 2);
    screen.state.scratch_done();
    assert_eq!(screen.state.request.request().unwrap().url, "http://h/2");
    assert_eq!(screen.state.unsaved().len(), 1);
}
