//! What a remedy means for a workspace.

use super::*;
use crate::diagnose::Remedy;
use crate::flow::remedy::{Mend, mend, trimmed};
use crate::model::edit::Edit;
use crate::model::value::SecretRef;

fn with(profile: OauthProfile, url: &str, variables: &[(&str, Value)]) -> Plan {
    let variables: indexmap::IndexMap<String, Value> =
        variables.iter().map(|(n, v)| ((*n).to_owned(), v.clone())).collect();
    let environment = Environment { name: "dev".into(), variables, ..Environment::default() };
    let request =
        Request { url: url.into(), auth: Auth::Profile(profile.name.clone()), ..Request::default() };
    let mut plan = Plan::ad_hoc(None, request, Some(&environment), Vec::new());
    plan.profiles = vec![profile];
    plan
}

fn pega() -> OauthProfile {
    OauthProfile { name: "pega".into(), client_secret: "{{cs}}".into(), ..OauthProfile::default() }
}

#[test]
fn a_secret_is_trimmed_where_it_is_kept() {
    let trim = |value: Value| {
        mend(&Remedy::Trim { variable: "client_secret".into() }, &with(pega(), "", &[("cs", value)]))
    };
    let vault = Mend::TrimSecret { environment: "dev".into(), name: "cs".into() };
    assert_eq!(trim(Value::Secret(SecretRef::Vault)), vault);
    let text = Edit::SetVariable { environment: "dev".into(), name: "cs".into(), value: Some("ab".into()) };
    assert_eq!(trim(" ab\n".into()), Mend::Edit(text));
    let Mend::ByHand(words) = trim(Value::Secret(SecretRef::File("k.txt".into()))) else {
        panic!("something is done")
    };
    assert_eq!(words, "correct the file k.txt");
}

#[test]
fn stray_characters_are_blanks_line_ends_invisible_ones_and_a_pair_of_quotes() {
    for text in ["ab", " ab\r\n", "\u{feff}ab\u{200b}", "\"ab\"", " 'ab' ", "\u{a0}ab"] {
        assert_eq!(trimmed(text), "ab", "{text:?}");
    }
    assert_eq!(trimmed("\"ab"), "\"ab");
}

#[test]
fn a_profile_is_changed_in_the_one_key_and_a_scope_is_not_asked_for_twice() {
    let plan = with(OauthProfile { scope: vec!["a b".into()], ..pega() }, "", &[]);
    let Mend::Edit(Edit::SaveProfile(new)) = mend(&Remedy::ClientAuth(ClientAuth::Body), &plan) else {
        panic!()
    };
    assert_eq!(*new, OauthProfile { client_auth: ClientAuth::Body, ..plan.profiles[0].clone() });
    let scopes = Remedy::AddScope(vec!["b".into(), "c".into()]);
    let Mend::Edit(Edit::SaveProfile(new)) = mend(&scopes, &plan) else { panic!() };
    assert_eq!(new.scope, ["a b", "c"]);
}

#[test]
fn an_alias_goes_into_the_request_and_another_scheme_into_the_variable() {
    let plan = with(pega(), "{{base}}/api/v1/cases", &[("base", "http://h/prweb".into())]);
    let url = |from: &str, to: &str| mend(&Remedy::UseUrl { from: from.into(), to: to.into() }, &plan);
    assert_eq!(
        url("http://h/prweb/api", "http://h/prweb/app/acme/api"),
        Mend::RequestUrl("{{base}}/app/acme/api/v1/cases".into())
    );
    let set = |text: &str| {
        let value = Some(text.into());
        Mend::Edit(Edit::SetVariable { environment: "dev".into(), name: "base".into(), value })
    };
    assert_eq!(url("http://h", "https://h"), set("https://h/prweb"));
    assert_eq!(url("http://h/prweb/api", "https://h/prweb/api"), set("https://h/prweb"));
    assert!(matches!(url("http://other", "https://other"), Mend::ByHand(_)));
}
