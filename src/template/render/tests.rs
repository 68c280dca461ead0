use crate::model::plan::Layer;
use crate::model::secret::{MASK, Secret};
use crate::model::value::{SecretRef, Value};
use crate::template::{Dynamics, Place, Rendered, Unresolved, render, render_with, why_unresolved};
use jiff::Timestamp;

fn layer(origin: &str, variables: &[(&str, &str)]) -> Layer {
    let variables = variables.iter().map(|(k, v)| ((*k).to_owned(), Value::from(*v))).collect();
    Layer { origin: origin.into(), variables }
}

fn with(text: &str, place: Place, variables: &[(&str, &str)]) -> Rendered {
    render(text, place, &[layer("environment dev", variables)], &|_, _| None)
}

fn plain(text: &str, variables: &[(&str, &str)]) -> String {
    with(text, Place::Verbatim, variables).text
}

#[test]
fn the_nearest_layer_wins_and_is_named() {
    let layers = [layer("--set", &[("a", "near")]), layer("environment dev", &[("a", "far"), ("b", "2")])];
    let r = render("{{a}}{{ b }}{{a}}", Place::Verbatim, &layers, &|_, _| None);
    assert_eq!(r.text, "near2near");
    let used: Vec<_> = r.used.iter().map(|u| (u.name.as_str(), u.origin.as_str())).collect();
    assert_eq!(used, [("a", "--set"), ("b", "environment dev")]);
}

#[test]
fn values_may_hold_variables_and_filters_chain_left_to_right() {
    let variables = [("host", "h"), ("base", "https://{{host}}/"), ("u", "a:b")];
    assert_eq!(plain("{{base}}x", &variables), "https://h/x");
    assert_eq!(plain("Basic {{u | base64}}", &variables), "Basic YTpi");
    assert_eq!(plain("{{u | base64 | urlencode}}", &[("u", "?>?")]), "Pz4%2F");
}

#[test]
fn a_cycle_is_unresolved_and_stays_as_it_stands() {
    let r = with("x{{a}}y", Place::Verbatim, &[("a", "{{b}}"), ("b", "{{a}}")]);
    assert_eq!((r.text.as_str(), r.unresolved.as_slice()), ("x{{a}}y", &["a".to_owned()][..]));
    let layers = [layer("e", &[("a", "{{a}}")])];
    assert_eq!(why_unresolved("a", &layers), Unresolved::Cycle);
}

#[test]
fn a_chain_that_doubles_at_each_step_ends() {
    let names: Vec<String> = (0..40).map(|i| format!("v{i}")).collect();
    let mut variables: Vec<(&str, String)> = (0..39)
        .map(|i| (names[i].as_str(), format!("{{{{v{0}}}}}{{{{v{0}}}}}{{{{v{0}}}}}", i + 1)))
        .collect();
    variables.push(("v39", "x".into()));
    let pairs: Vec<(&str, &str)> = variables.iter().map(|(k, v)| (*k, v.as_str())).collect();
    assert!(!with("{{v0}}", Place::Verbatim, &pairs).unresolved.is_empty());
}

#[test]
fn unresolved_names_are_listed_once_with_the_nearest_spelling() {
    let r = with("{{base_ulr}}/{{base_ulr}}", Place::Url, &[("base_url", "x")]);
    assert_eq!(r.text, "{{base_ulr}}/{{base_ulr}}");
    assert_eq!(r.unresolved, ["base_ulr"]);
    let layers = [layer("e", &[("base_url", "x"), ("token", "y")])];
    assert_eq!(why_unresolved("base_ulr", &layers), Unresolved::Unknown(vec!["base_url".into()]));
}

#[test]
fn a_filter_that_does_not_exist_is_named() {
    let r = with("{{a | base46}}", Place::Verbatim, &[("a", "1")]);
    assert_eq!(r.unresolved, ["a | base46"]);
    assert!(matches!(why_unresolved(&r.unresolved[0], &[]), Unresolved::Filter(f, _) if f == "base46"));
}

#[test]
fn in_a_url_the_opening_variable_is_verbatim_and_later_ones_are_encoded() {
    let variables = [("base", "https://h:8443/prweb"), ("id", "ACME-WORK APP/1"), ("q", "a b&c=1+1")];
    let r = with("{{base}}/cases/{{id}}?x=a b&q={{q}}", Place::Url, &variables);
    assert_eq!(r.text, "https://h:8443/prweb/cases/ACME-WORK%20APP%2F1?x=a b&q=a%20b%26c%3D1%2B1");
}

#[test]
fn a_host_variable_keeps_its_port_and_a_whole_path_its_slashes() {
    assert_eq!(with("https://{{h}}/x", Place::Url, &[("h", "a.test:8443")]).text, "https://a.test:8443/x");
    let variables = [("base", "https://h/prweb"), ("path", "/api/v1")];
    assert_eq!(with("{{base}}{{path}}", Place::Url, &variables).text, "https://h/prweb/api/v1");
}

#[test]
fn urlencode_in_a_url_is_not_encoded_twice() {
    let v = [("v", "a b")];
    assert_eq!(
        with("http://h/{{v | urlencode}}?q={{v|urlencode}}", Place::Url, &v).text,
        "http://h/a%20b?q=a%20b"
    );
    assert_eq!(with("{{v | urlencode}}", Place::Param, &v).text, "a%20b");
}

#[test]
fn a_parameter_row_is_encoded_once_typed_text_included() {
    assert_eq!(with("x&{{v}}", Place::Param, &[("v", "a b")]).text, "x%26a%20b");
}

#[test]
fn a_secret_marks_the_text_is_masked_in_used_and_known_in_each_form() {
    let mut variables = layer("environment dev", &[("pair", "me:{{pw}}")]);
    variables.variables.insert("pw".into(), Value::Secret(SecretRef::Vault));
    let lookup = |name: &str, _: &SecretRef| (name == "pw").then(|| Secret::new("hunter2"));
    let r = render("Basic {{pair | base64}}", Place::Verbatim, std::slice::from_ref(&variables), &lookup);
    assert_eq!(r.text, "Basic bWU6aHVudGVyMg==");
    assert!(r.secret && r.used.iter().all(|u| u.secret && u.value == MASK));
    assert_eq!(r.secrets, [Secret::new("hunter2"), Secret::new("bWU6aHVudGVyMg==")]);
    let r = render("{{pw}}", Place::Verbatim, &[variables.clone()], &|_, _| None);
    assert_eq!(r.unresolved, ["pw"]);
    assert_eq!(why_unresolved("pw", &[variables]), Unresolved::Secret("vault".into()));
}

#[test]
fn a_secret_that_looks_like_a_template_is_not_rendered() {
    let mut variables = layer("e", &[("a", "1")]);
    variables.variables.insert("pw".into(), Value::Secret(SecretRef::Vault));
    let r = render("{{pw}}", Place::Verbatim, &[variables], &|_, _| Some(Secret::new("x{{a}}")));
    assert_eq!(r.text, "x{{a}}");
}

#[test]
fn dynamic_variables_wait_for_the_sender() {
    let r = with("{{$guid}} {{$nonsense}}", Place::Verbatim, &[]);
    assert_eq!(r.text, "{{$guid}} {{$nonsense}}");
    assert_eq!(r.unresolved, ["$nonsense"]);
    let d = Dynamics::new(Timestamp::from_second(1_700_000_000).unwrap(), 7);
    let r = render_with("{{$timestamp}} {{$guid}} {{$guid}}", Place::Verbatim, &[], &|_, _| None, &d);
    let words: Vec<&str> = r.text.split(' ').collect();
    assert_eq!(words[0], "1700000000");
    assert_ne!(words[1], words[2], "each use makes a new one");
    assert_eq!(r.used.iter().map(|u| u.origin.as_str()).collect::<Vec<_>>(), ["dynamic", "dynamic"]);
}

#[test]
fn a_variable_of_the_user_wins_over_a_dynamic_one() {
    assert_eq!(plain("{{$guid}}", &[("$guid", "mine")]).as_str(), "mine");
}
