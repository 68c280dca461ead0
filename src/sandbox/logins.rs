//! What a login leaves behind: the request that waits for a password, the browser's session, the
//! code, the refresh token. Every table forgets its oldest entries, so none grows without bound.

use super::clients::{Client, RefreshMode};
use super::state::random;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use indexmap::IndexMap;
use jiff::{SignedDuration, Timestamp};

/// Entries of each table.
const MOST: usize = 4096;
/// A code has to be redeemed within this time.
const CODE_LIFE: SignedDuration = SignedDuration::from_secs(60);
/// A login page may be left open so long.
const PAGE_LIFE: SignedDuration = SignedDuration::from_mins(30);
/// A browser's session.
const SESSION_LIFE: SignedDuration = SignedDuration::from_hours(8);

/// An authorization request that was found in order.
#[derive(Debug, Clone, Default)]
pub(super) struct Asked {
    pub(super) client: String,
    pub(super) redirect_uri: String,
    /// True when the request named the redirect URI; then the token request must, too.
    pub(super) named_redirect: bool,
    pub(super) state: Option<String>,
    pub(super) scope: String,
    /// S256 of the verifier.
    pub(super) challenge: Option<String>,
    pub(super) nonce: Option<String>,
    /// `enable_psyncId=true`: the token answer gets a `session_index`.
    pub(super) psync: bool,
    /// `cookies=none`: no session is left in the browser.
    pub(super) no_cookie: bool,
}

/// A login page that was shown.
#[derive(Debug, Clone)]
pub(super) struct Pending {
    pub(super) asked: Asked,
    /// Proves that the form came from the page.
    pub(super) csrf: String,
    until: Timestamp,
}

/// Somebody who logged in.
#[derive(Debug, Clone)]
pub(super) struct Session {
    pub(super) operator: String,
    pub(super) index: String,
    pub(super) since: Timestamp,
}

/// An authorization code.
#[derive(Debug, Clone)]
pub(super) struct Code {
    pub(super) asked: Asked,
    pub(super) operator: String,
    pub(super) session_index: String,
    pub(super) login_at: Timestamp,
    /// The tokens that come of it share this name.
    pub(super) family: String,
    until: Timestamp,
    used: bool,
}

/// A refresh token.
#[derive(Debug, Clone)]
pub(super) struct Refresh {
    pub(super) client: String,
    pub(super) operator: String,
    pub(super) family: String,
    pub(super) scope: String,
    pub(super) issued: Timestamp,
    pub(super) expires: Timestamp,
    /// Another one took its place; seen again, it was stolen or kept too long.
    pub(super) replaced: bool,
}

/// Why a code or a refresh token is not taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Dead {
    /// Unknown, of another client, or expired: the words for `error_description`.
    Gone(&'static str),
    /// Used before; every token of this family is to be revoked.
    Reused(String),
}

/// All of them.
#[derive(Debug, Default)]
pub(super) struct Logins {
    pending: IndexMap<String, Pending>,
    sessions: IndexMap<String, Session>,
    codes: IndexMap<String, Code>,
    refresh: IndexMap<String, Refresh>,
    /// `session_index` values given out, with the operator.
    indexes: IndexMap<String, String>,
}

/// 256 random bits, base64url.
pub(super) fn random_text() -> String {
    URL_SAFE_NO_PAD.encode(random::<32>())
}

fn put<V>(table: &mut IndexMap<String, V>, key: String, value: V) {
    if table.len() >= MOST {
        // In one piece: taking them one by one would move the table for each.
        table.drain(..MOST / 4);
    }
    table.insert(key, value);
}

impl Logins {
    /// Waits for a password. Gives the page's name and its CSRF token.
    pub(super) fn wait(&mut self, asked: Asked, now: Timestamp) -> (String, String) {
        let (id, csrf) = (random_text(), random_text());
        put(&mut self.pending, id.clone(), Pending { asked, csrf: csrf.clone(), until: now + PAGE_LIFE });
        (id, csrf)
    }

    /// The page that is waited for, if its form is the one that was shown.
    pub(super) fn pending(&self, id: &str, csrf: &str, now: Timestamp) -> Option<&Pending> {
        let same = |p: &Pending| {
            aws_lc_rs::constant_time::verify_slices_are_equal(p.csrf.as_bytes(), csrf.as_bytes())
        };
        self.pending.get(id).filter(|p| p.until > now && same(p).is_ok())
    }

    /// The page is done with.
    pub(super) fn settle(&mut self, id: &str) {
        self.pending.shift_remove(id);
    }

    /// Opens a session; gives the cookie's value.
    pub(super) fn log_in(&mut self, operator: &str, now: Timestamp) -> (String, Session) {
        let session = Session { operator: operator.to_owned(), index: self.new_index(operator), since: now };
        let cookie = random_text();
        put(&mut self.sessions, cookie.clone(), session.clone());
        (cookie, session)
    }

    /// The session of a cookie.
    pub(super) fn session(&self, cookie: &str, now: Timestamp) -> Option<&Session> {
        self.sessions.get(cookie).filter(|s| s.since + SESSION_LIFE > now)
    }

    /// A fresh `session_index`.
    pub(super) fn new_index(&mut self, operator: &str) -> String {
        let index = super::state::random_hex();
        put(&mut self.indexes, index.clone(), operator.to_owned());
        index
    }

    /// The operator a `session_index` was given out for.
    pub(super) fn index_of(&self, index: &str) -> Option<&str> {
        self.indexes.get(index).map(String::as_str)
    }

    /// Makes a code.
    pub(super) fn code(&mut self, asked: Asked, session: &Session, now: Timestamp) -> String {
        let code = random_text();
        let made = Code {
            asked,
            operator: session.operator.clone(),
            session_index: session.index.clone(),
            login_at: session.since,
            family: super::state::random_hex(),
            until: now + CODE_LIFE,
            used: false,
        };
        put(&mut self.codes, code.clone(), made);
        code
    }

    /// Takes a code; it is worth nothing afterwards, whatever else is wrong with the request.
    pub(super) fn redeem(&mut self, code: &str, client: &str, now: Timestamp) -> Result<Code, Dead> {
        let found = self.codes.get_mut(code).filter(|c| c.asked.client == client);
        let Some(found) = found else { return Err(Dead::Gone("The authorization code is not valid.")) };
        if found.used {
            return Err(Dead::Reused(found.family.clone()));
        }
        found.used = true;
        if found.until <= now {
            return Err(Dead::Gone("The authorization code has expired."));
        }
        Ok(found.clone())
    }

    /// A first refresh token, if the client's box is ticked.
    pub(super) fn first_refresh(
        &mut self,
        client: &Client,
        operator: &str,
        family: &str,
        scope: &str,
        now: Timestamp,
    ) -> Option<String> {
        client.refresh?;
        let token = random_text();
        let record = Refresh {
            client: client.id.clone(),
            operator: operator.to_owned(),
            family: family.to_owned(),
            scope: scope.to_owned(),
            issued: now,
            expires: now + SignedDuration::from_secs(client.refresh_lifetime_s),
            replaced: false,
        };
        put(&mut self.refresh, token.clone(), record);
        Some(token)
    }

    /// Uses a refresh token: what it stands for, and the one to use next.
    pub(super) fn renew(
        &mut self,
        token: &str,
        client: &Client,
        now: Timestamp,
    ) -> Result<(String, Refresh), Dead> {
        const DEAD: Dead = Dead::Gone("The refresh token is not valid.");
        let found = self.refresh.get_mut(token).filter(|r| r.client == client.id).ok_or(DEAD)?;
        if found.replaced {
            return Err(Dead::Reused(found.family.clone()));
        }
        if found.expires <= now {
            return Err(Dead::Gone("The refresh token has expired."));
        }
        let mode = client.refresh.ok_or(DEAD)?;
        if mode == RefreshMode::Keep {
            return Ok((token.to_owned(), found.clone()));
        }
        found.replaced = true;
        let mut next = Refresh { issued: now, replaced: false, ..found.clone() };
        if mode == RefreshMode::RotateAndExtend {
            next.expires = now + SignedDuration::from_secs(client.refresh_lifetime_s);
        }
        let text = random_text();
        put(&mut self.refresh, text.clone(), next.clone());
        Ok((text, next))
    }

    /// A refresh token that could be used now.
    pub(super) fn refresh(&self, token: &str, now: Timestamp) -> Option<&Refresh> {
        self.refresh.get(token).filter(|r| !r.replaced && r.expires > now)
    }

    /// The family of a refresh token of this client, used up or not.
    pub(super) fn family_of(&self, token: &str, client: &str) -> Option<String> {
        self.refresh.get(token).filter(|r| r.client == client).map(|r| r.family.clone())
    }

    /// Forgets the refresh tokens of a family.
    pub(super) fn forget_family(&mut self, family: &str) {
        self.refresh.retain(|_, r| r.family != family);
    }

    /// Forgets all that was made for a client; sessions are the browser's and stay.
    pub(super) fn forget_client(&mut self, client: &str) {
        self.refresh.retain(|_, r| r.client != client);
        self.codes.retain(|_, c| c.asked.client != client);
    }
}

#[cfg(test)]
mod tests {
    use super::super::clients::Wish;
    use super::*;
    use crate::model::secret::Secret;
    use serde_json::json;

    fn client(mode: i64) -> Client {
        let wish = Wish::of_json(json!({ "refresh_mode": mode, "refresh_lifetime": 100 })).unwrap();
        wish.client("1".into(), Secret::new("S")).unwrap()
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn expires_in(logins: &Logins, token: &str) -> i64 {
        logins.refresh[token].expires.as_second()
    }

    #[test]
    fn the_three_refresh_modes_differ_in_token_and_expiry() {
        for (mode, same, expires) in [(1, true, 100), (2, false, 100), (3, false, 150)] {
            let (client, mut logins) = (client(mode), Logins::default());
            let first = logins.first_refresh(&client, "o", "f", "", at(0)).unwrap();
            let (second, _) = logins.renew(&first, &client, at(50)).unwrap();
            assert_eq!((first == second, expires_in(&logins, &second)), (same, expires), "mode {mode}");
        }
        assert!(Logins::default().first_refresh(&client(0), "o", "f", "", at(0)).is_none());
    }

    #[test]
    fn a_replaced_refresh_token_betrays_its_family_and_an_expired_one_is_only_dead() {
        let (client, mut logins) = (client(2), Logins::default());
        let first = logins.first_refresh(&client, "o", "f", "", at(0)).unwrap();
        let (second, _) = logins.renew(&first, &client, at(1)).unwrap();
        assert_eq!(logins.renew(&first, &client, at(2)).unwrap_err(), Dead::Reused("f".into()));
        assert!(matches!(logins.renew(&second, &client, at(100)), Err(Dead::Gone(_))));
        let other = Client { id: "2".into(), ..client };
        assert!(matches!(logins.renew(&second, &other, at(3)), Err(Dead::Gone(_))));
    }

    #[test]
    fn a_code_lives_a_minute_and_works_once_for_its_client() {
        let mut logins = Logins::default();
        let (_, session) = logins.log_in("o", at(0));
        let asked = Asked { client: "1".into(), ..Asked::default() };
        let code = logins.code(asked.clone(), &session, at(0));
        assert!(matches!(logins.redeem(&code, "2", at(1)), Err(Dead::Gone(_))), "another client");
        let redeemed = logins.redeem(&code, "1", at(59)).unwrap();
        assert_eq!(logins.redeem(&code, "1", at(59)).unwrap_err(), Dead::Reused(redeemed.family));
        let late = logins.code(asked, &session, at(0));
        assert!(matches!(logins.redeem(&late, "1", at(60)), Err(Dead::Gone(_))));
    }

    #[test]
    fn a_form_needs_the_token_of_its_own_page() {
        let mut logins = Logins::default();
        let (id, csrf) = logins.wait(Asked::default(), at(0));
        let (other, _) = logins.wait(Asked::default(), at(0));
        assert!(logins.pending(&id, &csrf, at(1)).is_some());
        assert!(logins.pending(&other, &csrf, at(1)).is_none());
        assert!(logins.pending(&id, "", at(1)).is_none());
        assert!(logins.pending(&id, &csrf, at(3600)).is_none(), "the page is too old");
        logins.settle(&id);
        assert!(logins.pending(&id, &csrf, at(1)).is_none());
    }

    #[test]
    fn no_table_grows_without_bound() {
        let mut logins = Logins::default();
        for _ in 0..MOST + 10 {
            logins.wait(Asked::default(), at(0));
        }
        assert!(logins.pending.len() <= MOST);
    }
}
