//! The device grant (RFC 8628): the codes, the page where a person decides, and the polling.

use super::client_auth::authenticate;
use super::clients;
use super::kept::{Authentication, Decision, Device, random_text};
use super::params::Params;
use super::token::Ask;
use super::{error, grants, now, pages};
use crate::sandbox::answer::{self, Answer, With};
use crate::sandbox::call::Call;
use crate::sandbox::clock;
use crate::sandbox::faults::Fault;
use crate::sandbox::state::{Shared, random};
use serde_json::json;

/// The grant's name on the wire.
pub(super) const GRANT: &str = "urn:ietf:params:oauth:grant-type:device_code";

/// Seconds the codes live, and between two polls.
const CODES_S: i64 = 600;
pub(super) const INTERVAL_S: i64 = 2;
/// Consonants without look-alikes, RFC 8628 section 6.1.
const LETTERS: &[u8] = b"BCDFGHJKLMNPQRSTVWXZ";

/// `WDJB-MJHT`.
fn user_code() -> String {
    let letters: String = random::<8>()
        .iter()
        .filter_map(|b| LETTERS.get(usize::from(*b) % LETTERS.len()))
        .map(|b| char::from(*b))
        .collect();
    match letters.split_at_checked(4) {
        Some((a, b)) => format!("{a}-{b}"),
        None => letters,
    }
}

/// As people type it: case, spaces and hyphens do not matter.
fn normal(code: &str) -> String {
    code.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_uppercase()).collect()
}

/// The answer to `POST /rfc/device_authorization`.
pub(super) fn begin(shared: &Shared, call: &Call) -> Answer {
    match begun(shared, call) {
        Ok(answer) | Err(answer) => answer,
    }
}

fn begun(shared: &Shared, call: &Call) -> Result<Answer, Answer> {
    let now = now(shared);
    let form = Params::form(call)?;
    let client = authenticate(shared, call, &form, now)?;
    let scope = grants::scope(&form, true).map_err(|text| error(400, "invalid_scope", &text))?;
    let resource = grants::resources(shared, &form).map_err(|text| error(400, "invalid_target", text))?;
    let (device_code, user_code) = (random_text(), user_code());
    let kept = Device {
        client: client.id,
        user_code: user_code.clone(),
        scope,
        resource,
        decision: Decision::Waiting,
        polled_ms: 0,
        interval_s: INTERVAL_S,
        ends: now + CODES_S,
    };
    shared.rfc.lock().devices.put(device_code.clone(), kept, now);
    let page = shared.rfc.url("device");
    let body = json!({
        "device_code": device_code,
        "user_code": user_code,
        "verification_uri": page,
        "verification_uri_complete": format!("{page}?user_code={user_code}"),
        "expires_in": CODES_S,
        "interval": INTERVAL_S,
    });
    Ok(answer::json(200, &body).set("cache-control", "no-store"))
}

/// The answer to `GET /rfc/device`, the code filled in when the address has it.
pub(super) fn page(call: &Call) -> Answer {
    pages::device(&call.param("user_code").unwrap_or_default(), None)
}

/// The answer to `POST /rfc/device`: code, user name, password, and `decision=allow` or anything else.
pub(super) fn decide(shared: &Shared, call: &Call) -> Answer {
    let form = Params::parse(&call.body);
    let now = now(shared);
    let given = |name| form.get(name).unwrap_or_default();
    let code = given("user_code");
    let Some(user) = clients::log_in(given("username"), given("password")) else {
        return pages::device(code, Some("User name or password is wrong."));
    };
    let wanted = normal(code);
    let mut state = shared.rfc.lock();
    let waiting = state
        .devices
        .values_mut()
        .find(|d| d.ends > now && d.decision == Decision::Waiting && normal(&d.user_code) == wanted);
    let Some(device) = waiting else {
        drop(state);
        return pages::device(code, Some("There is no device that waits with this code."));
    };
    let allowed = form.get("decision") == Some("allow");
    device.decision = match allowed {
        true => Decision::Allowed(user.name, Authentication { time: now, strong: false }),
        false => Decision::Denied,
    };
    pages::device_done(device.client, allowed)
}

/// A poll of the token endpoint (RFC 8628 section 3.4 and 3.5).
pub(super) async fn redeem(ask: &Ask<'_>) -> Result<Answer, Answer> {
    let (code, now) = (ask.need("device_code")?, ask.now);
    let refuse = |code: &str, text: &str| Err(error(400, code, text));
    let faults = ask.shared.faults();
    let now_ms = clock::now(&faults).as_millisecond();
    let device = {
        let mut state = ask.shared.rfc.lock();
        let Some(device) = state.devices.change(code, now) else {
            // What has ended is swept away at some time: both look the same to a client that comes late.
            return refuse("expired_token", "The device code is unknown or has expired.");
        };
        if device.client != ask.client.id {
            return refuse("invalid_grant", "The device code was issued to another client.");
        }
        if faults.has(Fault::DeviceExpired) {
            return refuse("expired_token", "The device code has expired.");
        }
        if faults.has(Fault::DeviceDenied) {
            return refuse("access_denied", "The user said no.");
        }
        let waited = now_ms.saturating_sub(device.polled_ms);
        let early = device.polled_ms != 0 && waited < device.interval_s * 1000;
        device.polled_ms = now_ms;
        if early {
            device.interval_s += 5;
            return refuse("slow_down", "The device polls too often; the interval grows by five seconds.");
        }
        if faults.has(Fault::DevicePending) || device.decision == Decision::Waiting {
            return refuse("authorization_pending", "The user has not decided yet.");
        }
        if device.decision == Decision::Denied {
            return refuse("access_denied", "The user said no.");
        }
        state.devices.take(code, now)
    };
    let Some(Device { scope, resource, decision: Decision::Allowed(user, authentication), .. }) = device
    else {
        return refuse("expired_token", "The device code is unknown or has expired.");
    };
    ask.issue(&ask.granted(user, scope, resource, Some(authentication))).await
}
