//! Host names that differ by the stage they name: `pega-dev.example` and `pega-prod.example`.

/// Words for a stage of deployment, digits behind them left out.
const STAGES: [&str; 32] = [
    "dev",
    "devel",
    "development",
    "test",
    "tst",
    "testing",
    "qa",
    "uat",
    "sit",
    "int",
    "integration",
    "acc",
    "acceptance",
    "accept",
    "stg",
    "stag",
    "stage",
    "staging",
    "pre",
    "preprod",
    "preview",
    "prod",
    "prd",
    "production",
    "live",
    "sandbox",
    "sbx",
    "demo",
    "train",
    "training",
    "dr",
    "perf",
];

/// The words of a host without the stages among them, and the stages.
fn split(host: &str) -> (Vec<&str>, Vec<&str>) {
    host.split(['.', '-', '_']).filter(|w| !w.is_empty()).partition(|word| {
        let plain = word.trim_end_matches(|c: char| c.is_ascii_digit());
        !STAGES.contains(&plain)
    })
}

fn is_address(host: &str) -> bool {
    !matches!(url::Host::parse(host), Ok(url::Host::Domain(_)))
}

/// True when two hosts are alike but for a word that names a stage.
pub(super) fn differ_by_stage(one: &str, other: &str) -> bool {
    let (one, other) = (one.to_ascii_lowercase(), other.to_ascii_lowercase());
    if one == other || is_address(&one) || is_address(&other) {
        return false;
    }
    let ((rest, stages), (other_rest, other_stages)) = (split(&one), split(&other));
    rest.len() >= 2 && rest == other_rest && stages != other_stages
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_alike_but_for_the_stage_are_variants() {
        for (one, other) in [
            ("pega-dev.acme.example", "pega-prod.acme.example"),
            ("acme-dt1.example", "acme-dt1-stg.example"),
            ("api.acme.example", "api.test.acme.example"),
            ("login.uat2.acme.example", "login.acme.example"),
        ] {
            assert!(differ_by_stage(one, other), "{one} {other}");
            assert!(differ_by_stage(other, one), "{one} {other}");
        }
    }

    #[test]
    fn an_identity_provider_on_a_host_of_its_own_is_no_variant() {
        for (one, other) in [
            ("login.acme.example", "api.acme.example"),
            ("acme.eu.auth0.example", "api.acme.example"),
            ("api.acme.example", "api.acme.example"),
            ("10.0.0.1", "10.0.0.2"),
            ("dev.example", "prod.example"),
            ("latest.acme.example", "acme.example"),
        ] {
            assert!(!differ_by_stage(one, other), "{one} {other}");
        }
    }
}
