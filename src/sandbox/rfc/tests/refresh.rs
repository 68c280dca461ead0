//! Refresh tokens: rotation, reuse, narrowing, binding.

use super::*;

async fn renew(at: &Sandbox, token_: &str, more: &[(&str, &str)]) -> Got {
    let mut params =
        vec![("grant_type", "refresh_token"), ("client_id", "rfc-public"), ("refresh_token", token_)];
    params.extend_from_slice(more);
    token(at, &params).await
}

#[tokio::test]
async fn each_refresh_brings_a_new_token_and_the_old_one_used_again_ends_the_login() {
    let at = sandbox(&[]).await;
    let first = logged_in(&at, &[]).await;
    let second = ok(&renew(&at, text(&first, "refresh_token"), &[]).await);
    assert_ne!(text(&first, "refresh_token"), text(&second, "refresh_token"));
    let id = claims(text(&second, "id_token"));
    assert_eq!(
        id["auth_time"],
        claims(text(&first, "id_token"))["auth_time"],
        "renewed, not logged in again"
    );
    assert!(id.get("nonce").is_none());
    let third = ok(&renew(&at, text(&second, "refresh_token"), &[]).await);
    assert_eq!(call_api(&at, "orders", text(&third, "access_token")).await.status, 200);

    let reused = renew(&at, text(&first, "refresh_token"), &[]).await;
    assert_eq!(refusal(&reused), (400, "invalid_grant".into()));
    assert!(reused.text().contains("used before"));
    assert_eq!(refusal(&renew(&at, text(&third, "refresh_token"), &[]).await).1, "invalid_grant");
    assert_eq!(call_api(&at, "orders", text(&third, "access_token")).await.status, 401);
}

#[tokio::test]
async fn a_refresh_may_narrow_the_scope_but_neither_widen_it_nor_lose_it() {
    let at = sandbox(&[]).await;
    let login = logged_in(&at, &[("scope", "openid offline_access orders.read orders.write")]).await;
    let narrow = ok(&renew(&at, text(&login, "refresh_token"), &[("scope", "orders.read")]).await);
    assert_eq!(text(&narrow, "scope"), "orders.read");
    let whole = ok(&renew(&at, text(&narrow, "refresh_token"), &[]).await);
    assert_eq!(text(&whole, "scope"), "openid offline_access orders.read orders.write");
    let more = renew(&at, text(&whole, "refresh_token"), &[("scope", "email")]).await;
    assert_eq!(refusal(&more), (400, "invalid_scope".into()));
    let elsewhere = format!("{}/rfc/reports", at.base_url());
    let target = renew(&at, text(&whole, "refresh_token"), &[("resource", &elsewhere)]).await;
    assert_eq!(refusal(&target), (400, "invalid_target".into()));
    assert_eq!(
        renew(&at, text(&whole, "refresh_token"), &[]).await.status,
        200,
        "a refused request uses nothing up"
    );
}

#[tokio::test]
async fn without_offline_access_there_is_none_and_another_client_cannot_use_one() {
    let at = sandbox(&[]).await;
    assert!(logged_in(&at, &[("scope", "openid")]).await.get("refresh_token").is_none());
    let login = logged_in(&at, &[]).await;
    let token_ = text(&login, "refresh_token");
    let stolen = basic_token(&at, &[("grant_type", "refresh_token"), ("refresh_token", token_)]).await;
    assert_eq!(refusal(&stolen), (400, "invalid_grant".into()));
    assert_eq!(post(&at, "revoke", &[], &[("client_id", "rfc-public"), ("token", token_)]).await.status, 200);
    assert_eq!(refusal(&renew(&at, token_, &[]).await).1, "invalid_grant");
    assert_eq!(
        call_api(&at, "orders", text(&login, "access_token")).await.status,
        401,
        "its access tokens go too"
    );
}

#[tokio::test]
async fn of_many_renewals_at_once_no_more_than_one_wins_and_nothing_outlives_the_reuse() {
    let at = std::sync::Arc::new(sandbox(&[]).await);
    let login = logged_in(&at, &[]).await;
    let token_ = text(&login, "refresh_token").to_owned();
    let mut all = tokio::task::JoinSet::new();
    for _ in 0..8 {
        let (at, token_) = (at.clone(), token_.clone());
        all.spawn(async move { renew(&at, &token_, &[]).await });
    }
    let answers = all.join_all().await;
    let won: Vec<Json> = answers.iter().filter(|got| got.status == 200).map(Got::json).collect();
    assert!(won.len() <= 1, "{answers:?}");
    for answer in won {
        assert_eq!(refusal(&renew(&at, text(&answer, "refresh_token"), &[]).await).1, "invalid_grant");
        assert_eq!(call_api(&at, "orders", text(&answer, "access_token")).await.status, 401);
    }
}

#[tokio::test]
async fn a_public_clients_refresh_token_is_bound_to_its_dpop_key() {
    let at = sandbox(&[]).await;
    let (key, thief) = (Key::new(), Key::new());
    let code = log_in(&at, &query(&authorization(&[]))).await.remove("code").unwrap();
    let answer = ok(&redeem(&at, &code, &[("DPoP", &key.proof(&at, "POST", "/rfc/token", |_, _| {}))]).await);
    let params = [
        ("grant_type", "refresh_token"),
        ("client_id", "rfc-public"),
        ("refresh_token", text(&answer, "refresh_token")),
    ];
    assert_eq!(refusal(&token(&at, &params).await).1, "invalid_grant", "no proof");
    let proof = thief.proof(&at, "POST", "/rfc/token", |_, _| {});
    assert_eq!(
        refusal(&post(&at, "token", &[("DPoP", &proof)], &params).await).1,
        "invalid_grant",
        "another key"
    );
    let proof = key.proof(&at, "POST", "/rfc/token", |_, _| {});
    assert_eq!(ok(&post(&at, "token", &[("DPoP", &proof)], &params).await)["token_type"], "DPoP");
}
