use crate::app::effect::Effect;
use crate::app::fixture::{Screen, sent, workspace};
use crate::app::job::Output;
use crate::app::overlay::{Overlay, Pick};
use crate::flow::manage::Discovered;
use crate::model::edit::Edit;
use crate::model::exchange::Header;
use crate::model::profile::{ClientAuth, Grant};
use crate::model::value::{SecretRef, Value};
use crate::oauth::metadata::{Filled, Metadata};
use std::sync::Arc;
use std::time::Duration;

fn screen() -> Screen {
    let mut screen = Screen::new(120, 40);
    screen.press("4");
    screen.take();
    screen
}

/// Puts the form's cursor on a key.
fn at(screen: &mut Screen, key: &str) {
    let fields = crate::app::update::form_fields(&screen.state.workspace, "pega");
    let row = fields.iter().position(|f| f.key == key).unwrap_or_else(|| panic!("no line {key}"));
    match screen.state.overlays.last_mut() {
        Some(Overlay::Profile { cursor, .. }) => cursor.at = row,
        other => panic!("no form: {other:?}"),
    }
}

fn one_edit(screen: &mut Screen) -> Edit {
    match screen.take().as_slice() {
        [Effect::Edit(_, edit)] => (**edit).clone(),
        other => panic!("one edit was expected: {other:?}"),
    }
}

#[test]
fn the_form_edits_one_key_at_a_time() {
    let mut screen = screen();
    screen.press("E");
    at(&mut screen, "scope");
    screen.press("enter").type_text("orders.read orders.write").press("enter");
    let Edit::SaveProfile(profile) = one_edit(&mut screen) else { panic!("another edit") };
    assert_eq!(profile.scope, ["orders.read", "orders.write"]);
    let mut same = workspace().profiles[0].clone();
    same.scope = profile.scope.clone();
    assert_eq!(*profile, same, "nothing else changed");
    assert!(matches!(screen.state.overlays.last(), Some(Overlay::Profile { .. })), "the form stays");
}

#[test]
fn a_flag_is_switched_and_words_are_chosen() {
    let mut screen = screen();
    screen.press("E");
    at(&mut screen, "dpop");
    screen.press("space");
    assert!(matches!(one_edit(&mut screen), Edit::SaveProfile(p) if p.dpop));
    at(&mut screen, "grant");
    screen.press("enter");
    match screen.state.overlays.last() {
        Some(Overlay::Picker(picker)) => {
            assert_eq!(picker.items.len(), Grant::ALL.len());
            assert!(
                matches!(&picker.items[1].pick, Pick::ProfileWord { word, .. } if word == "authorization_code")
            );
        }
        other => panic!("{other:?}"),
    }
    screen.type_text("device").press("enter");
    assert!(matches!(one_edit(&mut screen), Edit::SaveProfile(p) if p.grant == Grant::DeviceCode));
    at(&mut screen, "client_auth");
    screen.press("enter").type_text("private").press("enter");
    assert!(
        matches!(one_edit(&mut screen), Edit::SaveProfile(p) if p.client_auth == ClientAuth::PrivateKeyJwt)
    );
}

#[test]
fn a_text_that_did_not_change_writes_nothing() {
    let mut screen = screen();
    screen.press("E");
    at(&mut screen, "token_url");
    screen.press("enter enter");
    assert!(screen.take().is_empty());
}

#[test]
fn what_cannot_be_taken_is_asked_again_with_why() {
    let mut screen = screen();
    screen.press("E");
    at(&mut screen, "extra.token");
    screen.press("enter").type_text("novalue").press("enter");
    assert!(matches!(screen.state.overlays.last(), Some(Overlay::Prompt(p)) if p.error.is_some()));
    assert!(screen.take().is_empty());
}

#[test]
fn a_secret_goes_into_the_vault_and_only_a_reference_into_the_files() {
    let mut screen = screen();
    screen.press("E");
    at(&mut screen, "client_secret");
    screen.press("enter").type_text("hunter2").press("enter");
    let effects = screen.take();
    let [Effect::SetSecret { environment, name, secret, .. }, Effect::Edit(_, edit)] = effects.as_slice()
    else {
        panic!("{effects:?}")
    };
    assert_eq!(
        (environment.as_str(), name.as_str(), secret.expose()),
        ("sandbox", "client_secret", "hunter2")
    );
    // The environment says so already; the profile had nothing.
    let Edit::SaveProfile(profile) = &**edit else { panic!("{edit:?}") };
    assert_eq!(profile.client_secret, Value::from("{{client_secret}}"));
    assert!(!format!("{effects:?}").contains("hunter2"));
}

#[test]
fn a_secret_of_a_new_name_writes_profile_and_environment_as_one_change() {
    let mut screen = screen();
    let mut workspace = workspace();
    workspace.profiles[0].grant = Grant::Password;
    screen.state.workspace = Arc::new(workspace);
    screen.press("E");
    at(&mut screen, "password");
    screen.press("enter").type_text("pw").press("enter");
    let effects = screen.take();
    let [Effect::SetSecret { name, .. }, Effect::Edit(_, edit)] = effects.as_slice() else {
        panic!("{effects:?}")
    };
    assert_eq!(name, "password");
    let Edit::Several { edits, .. } = &**edit else { panic!("{edit:?}") };
    assert!(matches!(&edits[0], Edit::SetVariable { value: Some(Value::Secret(SecretRef::Vault)), .. }));
    assert!(matches!(&edits[1], Edit::SaveProfile(p) if p.password == Value::from("{{password}}")));
}

#[test]
fn a_secret_may_be_a_reference_of_another_kind() {
    let mut screen = screen();
    screen.press("E");
    at(&mut screen, "client_secret");
    screen.press("enter").type_text("$ACME_SECRET").press("enter");
    let Edit::SaveProfile(profile) = one_edit(&mut screen) else { panic!("another edit") };
    assert_eq!(profile.client_secret, Value::Secret(SecretRef::Env("ACME_SECRET".into())));
}

fn found(screen: &Screen) -> Discovered {
    let mut profile = screen.state.workspace.profiles[0].clone();
    profile.jwks_url = "https://id.example/jwks".into();
    Discovered {
        metadata: Metadata { issuer: "https://id.example".into(), ..Metadata::default() },
        filled: vec![Filled {
            key: "jwks_url",
            before: String::new(),
            value: "https://id.example/jwks".into(),
        }],
        notes: vec!["the server wants PAR".into()],
        profile,
        resource: None,
        exchanges: sent(200, "{}").exchange.into_iter().collect(),
    }
}

#[test]
fn discovery_shows_what_it_would_fill_and_y_writes_it() {
    let mut screen = screen();
    screen.press("D").type_text("https://id.example").press("enter");
    let job = match screen.take().as_slice() {
        [Effect::Discover { job, issuer, from_resource: false, .. }] if issuer == "https://id.example" => {
            *job
        }
        other => panic!("{other:?}"),
    };
    let found = found(&screen);
    screen.done(job, Output::Discovered(Box::new(found)));
    match screen.state.overlays.last() {
        Some(Overlay::Text(text)) => {
            let all = text.lines.join("\n");
            assert!(
                all.contains("+ jwks_url  https://id.example/jwks") && all.contains("! the server wants PAR")
            );
        }
        other => panic!("{other:?}"),
    }
    screen.type_text("y");
    assert!(screen.take().is_empty(), "typed ahead");
    screen.later(Duration::from_secs(1)).type_text("y");
    assert!(matches!(one_edit(&mut screen), Edit::SaveProfile(p) if p.jwks_url == "https://id.example/jwks"));
    assert!(screen.state.overlays.is_empty());
}

#[test]
fn escape_writes_nothing_of_what_was_discovered() {
    let mut screen = screen();
    screen.press("D").type_text("https://id.example").press("enter");
    let Some(Effect::Discover { job, .. }) = screen.take().pop() else { panic!("not asked") };
    let found = found(&screen);
    screen.done(job, Output::Discovered(Box::new(found)));
    screen.press("o esc esc");
    assert!(screen.take().is_empty() && screen.state.overlays.is_empty());
}

#[test]
fn what_is_no_issuer_is_not_asked() {
    let mut screen = screen();
    screen.press("D").type_text("id.example").press("enter");
    assert!(matches!(screen.state.overlays.last(), Some(Overlay::Prompt(p)) if p.error.is_some()));
    assert!(screen.take().is_empty());
}

#[test]
fn a_401_that_names_its_metadata_offers_to_read_it() {
    let mut screen = Screen::new(120, 40);
    screen.press("s");
    let Some(Effect::Send(job, _)) = screen.take().pop() else { panic!("nothing was sent") };
    let mut answer = sent(401, "{}");
    let mut exchange = (*answer.exchange.clone().unwrap()).clone();
    let url = "https://api.example/.well-known/oauth-protected-resource";
    let challenge = format!("Bearer error=\"invalid_token\", resource_metadata=\"{url}\"");
    exchange.response.as_mut().unwrap().headers.push(Header::new("www-authenticate", challenge));
    answer.exchange = Some(Arc::new(exchange));
    screen.done(job, Output::Sent(answer, None));
    screen.take();
    screen.press("6 D enter");
    match screen.take().as_slice() {
        [Effect::Discover { issuer, from_resource: true, .. }] => assert_eq!(issuer, url),
        other => panic!("{other:?}"),
    }
}

fn secrets_and_edit(effects: &[Effect]) -> (Vec<(&str, &str)>, &Edit) {
    let secrets = effects.iter().filter_map(|e| match e {
        Effect::SetSecret { name, secret, .. } => Some((name.as_str(), secret.expose())),
        _ => None,
    });
    let edit = effects.iter().find_map(|e| match e {
        Effect::Edit(_, edit) => Some(&**edit),
        _ => None,
    });
    (secrets.collect(), edit.unwrap())
}

#[test]
fn a_new_profile_is_asked_for_step_by_step_and_written_as_one_change() {
    let mut screen = screen();
    screen.press("A").type_text("keycloak").press("enter");
    screen.type_text("client credentials").press("enter");
    match screen.state.overlays.last() {
        Some(Overlay::Prompt(p)) => assert_eq!(p.edit.text(), "keycloak", "the name that is offered"),
        other => panic!("{other:?}"),
    }
    screen.press("enter");
    let answers = [
        ("base_url", "https://id.example"),
        ("realm", "acme"),
        ("client_id", "shop"),
        ("client_secret", "hunter2"),
    ];
    for (name, answer) in answers {
        match screen.state.overlays.last() {
            Some(Overlay::Prompt(p)) => {
                assert!(p.title.contains(&format!(": {name} (")), "{} for {name}", p.title);
                assert_eq!(p.secret, name == "client_secret");
            }
            other => panic!("{other:?}"),
        }
        screen.press("ctrl-u").type_text(answer);
        assert!(screen.take().is_empty(), "nothing is written before the last answer");
        screen.press("enter");
    }
    let effects = screen.take();
    let (secrets, edit) = secrets_and_edit(&effects);
    // The environment has a client secret already: it is not overwritten.
    assert_eq!(secrets, [("keycloak_client_secret", "hunter2")]);
    let Edit::Several { words, edits } = edit else { panic!("{edit:?}") };
    assert_eq!(words, "new profile keycloak from Keycloak");
    let Edit::NewProfile { name, text } = &edits[0] else { panic!("{edits:?}") };
    assert_eq!(name, "keycloak");
    assert!(text.contains("{{keycloak_base_url}}/realms/{{realm}}"), "{text}");
    assert!(!format!("{effects:?}").contains("hunter2"));
    assert_eq!(screen.state.token.profile.as_deref(), Some("keycloak"));
}

#[test]
fn a_new_profile_given_up_half_way_writes_nothing() {
    let mut screen = screen();
    screen
        .press("A")
        .type_text("generic")
        .press("enter enter enter")
        .type_text("https://id")
        .press("enter esc");
    assert!(screen.take().is_empty() && screen.state.overlays.is_empty());
    assert_eq!(screen.state.token.profile, None);
}

#[test]
fn a_name_that_is_taken_or_no_name_is_asked_again() {
    let mut screen = screen();
    screen.press("A").type_text("generic").press("enter enter ctrl-u").type_text("pega").press("enter");
    assert!(matches!(screen.state.overlays.last(), Some(Overlay::Prompt(p)) if p.error.is_some()));
    screen.press("ctrl-u").type_text("../x").press("enter");
    assert!(matches!(screen.state.overlays.last(), Some(Overlay::Prompt(p)) if p.error.is_some()));
}

#[test]
fn the_grants_are_explained_page_by_page() {
    let mut screen = screen();
    screen.press("g o");
    let Some(Overlay::Picker(picker)) = screen.state.overlays.last() else { panic!("no pages") };
    assert!(picker.items.len() > 1);
    screen.press("down enter");
    assert!(matches!(screen.state.overlays.last(), Some(Overlay::Text(_))));
}

#[test]
fn of_several_secrets_those_of_the_profile_at_hand_come_first() {
    let mut workspace = crate::app::fixture::workspace();
    let environment = workspace.environments.iter_mut().find(|e| e.name == "sandbox").unwrap();
    environment.variables.shift_insert(0, "another".to_owned(), Value::Secret(SecretRef::Vault));
    workspace.profiles[0].client_secret = Value::from("{{ client_secret }}");
    let mut screen = Screen::with(crate::app::fixture::start(workspace), 80, 24);
    screen.press("1 G S");
    let Some(Overlay::Picker(picker)) = screen.state.overlays.last() else { panic!("no list") };
    let names: Vec<&str> = picker.items.iter().map(|item| item.label.as_str()).collect();
    assert_eq!(names, ["client_secret", "another"]);
}
