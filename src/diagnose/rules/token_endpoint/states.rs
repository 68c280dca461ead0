//! Answers that tell how far a login is: device codes and logins that need a person (rows T-21, T-22).

use super::sent::{Asked, asked};
use super::{any_in, error_said, is_oauth, says_any};
use crate::diagnose::facts::{Facts, Purpose};
use crate::diagnose::finding::{Finding, Findings, Likelihood};
use crate::diagnose::probe::Remedy;
use Likelihood::{Certain, Likely};

/// T-21: RFC 8628 section 3.5. States, not faults.
pub(super) fn device(facts: &Facts, found: &mut Findings) {
    let asked = asked(facts);
    let device = asked == Asked::Device;
    if !is_oauth(facts) || found.has("rate.limited") {
        return;
    }
    // These two codes belong to device codes alone; `access_denied` and `slow_down` do not.
    let finding = if facts.says_error("authorization_pending") {
        Finding::new("device.pending", Certain)
            .summary("the person has not confirmed the code yet")
            .evidence(error_said(facts, "authorization_pending"))
    } else if device && facts.says_error("slow_down") {
        Finding::new("device.pending", Certain)
            .summary("the device asks too often; five seconds more between two requests")
            .evidence(error_said(facts, "slow_down"))
    } else if facts.says_error("expired_token") && (device || asked == Asked::Unknown) {
        Finding::new("device.expired", Certain)
            .summary("the device code was not confirmed in time")
            .evidence(error_said(facts, "expired_token"))
            .remedy(Remedy::Login)
    } else if device && facts.says_error("invalid_grant") {
        Finding::new("device.expired", Likely)
            .summary("the device code has been used, has ended, or belongs to another client")
            .evidence(error_said(facts, "invalid_grant"))
            .remedy(Remedy::Login)
    } else if device && says_any(facts, &["access_denied", "authorization_declined"]) {
        let code = if facts.says_error("access_denied") { "access_denied" } else { "authorization_declined" };
        Finding::new("device.denied", Certain)
            .summary("the person, or a policy of the server, refused the device")
            .evidence(error_said(facts, code))
            .remedy(Remedy::Login)
    } else {
        return;
    };
    found.add(finding);
}

/// T-22: a person has to log in, consent or show a second factor.
pub(super) fn login(facts: &Facts, found: &mut Findings) {
    if !is_oauth(facts) {
        return;
    }
    let codes = [
        ("login_required", "nobody is logged in at the server, and the request forbids to ask"),
        ("account_selection_required", "somebody has to choose an account, and the request forbids to ask"),
        ("consent_required", "a person or an administrator has to consent first"),
        ("interaction_required", "the server wants to ask a person something first"),
        ("mfa_required", "the server wants a second factor"),
    ];
    if let Some((code, summary)) = codes.iter().find(|(code, _)| facts.says_error(code)) {
        let finding = Finding::new("login.required", Certain)
            .summary(*summary)
            .evidence(error_said(facts, code))
            .remedy(Remedy::Login);
        found.add(match *code {
            "consent_required" => finding.fix("log in in the browser once and consent, or let an administrator consent for all"),
            "interaction_required" | "mfa_required" => {
                finding.fix("log in in the browser (`authorization_code`): there the server can ask for the second factor")
            }
            _ => finding,
        });
        return;
    }
    let words = facts.words();
    if facts.says_error("invalid_grant")
        && any_in(&words, &["multi-factor", "multifactor", "mfa", "interaction required"])
    {
        found.add(
            Finding::new("login.required", Likely)
                .summary("the server wants a second factor, which this grant cannot show")
                .fix("log in in the browser (`authorization_code`)")
                .evidence(error_said(facts, "invalid_grant"))
                .remedy(Remedy::Login),
        );
        return;
    }
    let refused = facts.purpose == Purpose::Login
        && facts.login_error.as_ref().is_some_and(|(code, _)| code.eq_ignore_ascii_case("access_denied"));
    if refused {
        found.add(
            Finding::new("login.required", Likely)
                .summary("the login was refused: by the person, or by a policy of the server")
                .cause("The browser came back with access_denied: somebody said no, or the server's policy does not let this user or client through.")
                .fix("log in again and allow it; if nobody refused, ask the server's owner which policy did")
                .evidence(error_said(facts, "access_denied"))
                .remedy(Remedy::Login),
        );
    }
}
