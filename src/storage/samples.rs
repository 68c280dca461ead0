//! The sample collections embedded in the binary (`collections/` of the repository).
//! Environments and profiles that go with one lie in its `.workspace` directory.

/// One sample.
#[derive(Debug, Clone, Copy)]
pub struct Sample {
    /// `pega-cases`.
    pub name: &'static str,
    /// One sentence.
    pub text: &'static str,
    /// Paths relative to the workspace, and contents.
    pub files: &'static [(&'static str, &'static str)],
}

macro_rules! below {
    ($sample:literal, $file:literal) => {
        (
            concat!("collections/", $sample, "/", $file),
            include_str!(concat!("../../collections/", $sample, "/", $file)),
        )
    };
}

macro_rules! beside {
    ($sample:literal, $file:literal) => {
        ($file, include_str!(concat!("../../collections/", $sample, "/.workspace/", $file)))
    };
}

static SAMPLES: [Sample; 2] = [
    Sample {
        name: "pega-cases",
        text: "Pega: list case types, create a case, read it back, open its assignment (DX API v2, and v1)",
        files: &[
            below!("pega-cases", "collection.toml"),
            below!("pega-cases", "list-case-types.toml"),
            below!("pega-cases", "create-case.toml"),
            below!("pega-cases", "get-case.toml"),
            below!("pega-cases", "open-assignment.toml"),
            below!("pega-cases", "v1/folder.toml"),
            below!("pega-cases", "v1/create-case.toml"),
            below!("pega-cases", "v1/get-case.toml"),
            beside!("pega-cases", "auth/pega.toml"),
            beside!("pega-cases", "environments/dev.toml"),
        ],
    },
    Sample {
        name: "generic-oauth",
        text: "any JSON API behind any OAuth 2.0 server: list, create, read back, userinfo",
        files: &[
            below!("generic-oauth", "collection.toml"),
            below!("generic-oauth", "list.toml"),
            below!("generic-oauth", "create.toml"),
            below!("generic-oauth", "get.toml"),
            below!("generic-oauth", "userinfo.toml"),
            beside!("generic-oauth", "auth/generic.toml"),
            beside!("generic-oauth", "environments/generic.toml"),
        ],
    },
];

/// All samples.
pub fn samples() -> &'static [Sample] {
    &SAMPLES
}
