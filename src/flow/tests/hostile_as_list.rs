//! The forty misbehaviours of an authorization server, or of whoever plays one at the listener, and the test of each.

use std::path::Path;

const ENDPOINTS: &str = "flow/tests/hostile_as_endpoints.rs";
const TOKEN: &str = "flow/tests/hostile_as.rs";
const LOGIN: &str = "flow/tests/hostile_as_login.rs";
const LISTENER: &str = "flow/login/listener/tests.rs";
const LIFE: &str = "flow/tests/life.rs";
const ROADS: &str = "flow/tests/login.rs";

/// What is done, where it is tested, by which test.
const MISBEHAVIOURS: [(&str, &str, &str); 40] = [
    ("callback with a wrong state", LISTENER, "no_forged_callback_ends_the_wait_or_is_believed"),
    (
        "callback without a state",
        LOGIN,
        "forged_and_stray_callbacks_are_answered_400_noted_and_the_login_goes_on",
    ),
    (
        "state twice",
        "oauth/authorization_tests.rs",
        "a_wrong_missing_or_doubled_state_is_stray_whatever_else_it_says",
    ),
    ("state of an earlier login", LOGIN, "a_state_is_used_once"),
    (
        "callback of another issuer",
        LOGIN,
        "an_answer_of_another_issuer_is_stray_and_so_is_one_without_its_name",
    ),
    (
        "promised iss left out",
        "oauth/authorization_tests.rs",
        "an_answer_of_another_issuer_is_stray_and_so_is_one_that_hides_it",
    ),
    ("replayed code", LOGIN, "a_code_that_the_server_refuses_ends_the_login_with_its_reason"),
    (
        "the right callback many times at once",
        ENDPOINTS,
        "the_right_callback_sent_twice_at_once_is_redeemed_once",
    ),
    (
        "a second callback afterwards",
        LISTENER,
        "after_the_answer_nothing_listens_and_a_second_callback_finds_nobody",
    ),
    (
        "callback with Origin; HEAD, POST, favicon; a Host that is not the literal",
        LISTENER,
        "what_a_browser_would_not_send_after_a_redirect_is_turned_away",
    ),
    (
        "OPTIONS, broken heads, Host twice",
        "flow/login/head.rs",
        "other_methods_origins_and_broken_heads_have_their_own_answers",
    ),
    (
        "flood of callbacks around the right one",
        LISTENER,
        "a_flood_is_answered_and_the_right_callback_in_the_midst_of_it_is_found",
    ),
    (
        "flood of connections that say nothing",
        LISTENER,
        "connections_that_say_nothing_do_not_keep_the_browser_out",
    ),
    ("flood that would fill the screen with notes", LOGIN, "a_flood_of_strays_is_no_flood_of_notes"),
    ("a megabyte of query", LISTENER, "a_megabyte_of_query_is_not_read"),
    (
        "error before success: one without our state aborts nothing",
        LISTENER,
        "no_forged_callback_ends_the_wait_or_is_believed",
    ),
    ("metadata of another issuer", TOKEN, "metadata_of_another_issuer_gives_no_endpoint"),
    (
        "issuer over http, or that says it is another scheme",
        ENDPOINTS,
        "an_issuer_without_tls_is_told_and_one_that_says_it_is_another_scheme_is_not_believed",
    ),
    (
        "https issuer with http endpoints",
        "flow/endpoints.rs",
        "an_https_issuer_that_sends_its_clients_to_http_is_not_believed",
    ),
    (
        "endpoints of other schemes, with credentials or invisible characters",
        "oauth/metadata_tests.rs",
        "a_hostile_document_gives_nothing_that_a_request_should_not_go_to",
    ),
    ("token_type=mac", TOKEN, "a_foreign_token_type_goes_out_by_its_own_name_never_as_bearer"),
    ("expires_in 0, -1, \"3600\", 1e99, absent", TOKEN, "any_lifetime_is_survived"),
    ("fewer scopes than asked for", TOKEN, "fewer_scopes_than_asked_for_are_written_down"),
    (
        "refresh tokens that work once, many who refresh",
        LIFE,
        "many_processes_with_one_rotating_refresh_token_renew_it_once",
    ),
    (
        "slow_down without end",
        "flow/login/device.rs",
        "slow_down_adds_five_seconds_for_good_and_hiccups_double_the_pause_until_one_poll_gets_through",
    ),
    ("interval absent, 0, huge", "oauth/device.rs", "what_is_left_out_or_absurd_gets_a_bearable_value"),
    (
        "pending for ever",
        ENDPOINTS,
        "a_device_code_that_nobody_uses_ends_by_itself_however_long_the_server_says_pending",
    ),
    ("expired or refused device code", ROADS, "a_device_code_that_is_refused_or_ends_says_which"),
    (
        "verification page that is javascript: or paints the terminal",
        "oauth/device.rs",
        "a_page_that_is_no_web_page_is_never_shown",
    ),
    (
        "redirect at the token endpoint",
        TOKEN,
        "a_redirect_of_any_kind_is_not_followed_and_no_secret_goes_along",
    ),
    (
        "redirect at PAR, device, revocation, introspection, userinfo, metadata",
        ENDPOINTS,
        "no_endpoint_is_followed_to_another_origin_whatever_the_redirect",
    ),
    ("a page with status 200", TOKEN, "a_page_with_status_200_is_no_token"),
    ("gzip bomb", ENDPOINTS, "a_gzip_bomb_with_a_token_at_its_end_is_given_up"),
    ("answer that drips", TOKEN, "an_answer_that_drips_ends_with_the_time_allowed"),
    ("token with control characters", TOKEN, "a_token_that_would_break_a_header_is_refused"),
    ("token of ten megabytes", ENDPOINTS, "a_token_of_ten_megabytes_is_no_token"),
    (
        "ID token unsigned, by another key, of another nonce, issuer or client",
        ROADS,
        "an_id_token_of_this_login_is_taken_and_any_other_refused",
    ),
    (
        "code#state where iss was promised",
        "oauth/authorization_tests.rs",
        "a_pasted_code_and_state_do_not_say_who_answered_so_a_server_that_promised_iss_needs_the_address",
    ),
    ("address another login ended at, pasted", ENDPOINTS, "the_address_another_login_ended_at_is_stray_here"),
    (
        "somebody who reads the browser's page, address or argv",
        ENDPOINTS,
        "the_address_a_browser_gets_holds_no_secret_and_nothing_of_it_comes_twice",
    ),
];

/// What holds whoever is at the other end.
const ALWAYS: [(&str, &str); 3] = [
    (LISTENER, "only_loopback_is_listened_on_and_only_for_http"),
    (ROADS, "cancelling_a_login_closes_the_listener_at_once"),
    (ROADS, "a_login_that_nobody_makes_ends_in_time_and_its_listener_with_it"),
];

#[test]
fn each_misbehaviour_has_its_test() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let named = MISBEHAVIOURS.iter().map(|(_, file, test)| (*file, *test)).chain(ALWAYS);
    for (file, test) in named {
        let text = std::fs::read_to_string(src.join(file)).unwrap_or_default();
        assert!(text.contains(&format!("fn {test}()")), "no test `{test}` in {file}");
    }
}
