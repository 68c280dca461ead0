//! OAuth profiles to begin with, one file per kind of server (`assets/presets`), embedded in the binary.
//!
//! What a preset writes stands in dotted keys (`extra.token.x = "…"`), so that a commented setting can be switched on by
//! deleting its `#`, wherever it stands.

use super::read_profile;
use super::source::Source;
use crate::model::problem::Problem;
use crate::model::profile::{Grant, OauthProfile};
use std::path::Path;
use std::sync::OnceLock;
use toml_edit::{DocumentMut, Item, Table, TableLike};

/// Files below `assets/presets`, in the order they are offered.
static FILES: [(&str, &str); 9] = [
    ("pega", include_str!("../../assets/presets/pega.toml")),
    ("pega-launchpad", include_str!("../../assets/presets/pega-launchpad.toml")),
    ("keycloak", include_str!("../../assets/presets/keycloak.toml")),
    ("entra", include_str!("../../assets/presets/entra.toml")),
    ("okta", include_str!("../../assets/presets/okta.toml")),
    ("auth0", include_str!("../../assets/presets/auth0.toml")),
    ("cognito", include_str!("../../assets/presets/cognito.toml")),
    ("google", include_str!("../../assets/presets/google.toml")),
    ("generic", include_str!("../../assets/presets/generic.toml")),
];

/// A kind of server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Preset {
    /// `pega`.
    pub name: &'static str,
    /// `Pega Infinity`.
    pub title: String,
    /// Grants that make sense there, the usual one first.
    pub grants: Vec<Grant>,
    /// What a person should know, a sentence or two each.
    pub notes: Vec<String>,
    variables: Vec<Variable>,
    settings: Vec<Setting>,
    common: Vec<Line>,
    by_grant: Vec<(Grant, Vec<Line>)>,
}

/// A variable that the profile names, to be given a value in an environment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Variable {
    /// `client_id`.
    pub name: String,
    /// What it is.
    pub text: String,
    /// How it looks; may be empty.
    pub example: String,
    /// True: it belongs into the vault.
    pub secret: bool,
}

/// Something that may be added to the profile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting {
    /// `extra.token.enable_psyncId`.
    pub key: String,
    /// As TOML: `"true"`.
    pub value: String,
    /// What it does.
    pub text: String,
    /// Grants it goes with; empty: all.
    grants: Vec<Grant>,
}

/// A key, dotted, and its value as TOML.
type Line = (String, String);

/// All presets.
pub fn list() -> &'static [Preset] {
    static PRESETS: OnceLock<Vec<Preset>> = OnceLock::new();
    // A file that cannot be read is a mistake made here; a test finds it.
    PRESETS.get_or_init(|| FILES.iter().filter_map(|(name, text)| read(name, text)).collect())
}

/// One by its name.
pub fn get(name: &str) -> Option<&'static Preset> {
    list().iter().find(|preset| preset.name == name)
}

impl Preset {
    /// The text of `auth/NAME.toml`: the profile with the chosen settings, the others as comments.
    pub fn text(&self, grant: Grant, chosen: &[&Setting]) -> String {
        let mut out = format!("# {}: {}\n", self.title, grant.words());
        for (key, value) in self.lines(grant, chosen) {
            out.push_str(&format!("{key} = {value}\n"));
        }
        let left: Vec<&Setting> = self.settings(grant).filter(|s| !chosen.contains(s)).collect();
        if !left.is_empty() {
            out.push_str(
                "\n# Further settings: delete the `#` of one, and the line above that has the same key.\n",
            );
        }
        for setting in left {
            out.push_str(&format!("# {} = {}  # {}\n", setting.key, setting.value, setting.text));
        }
        out
    }

    /// The profile of that text.
    ///
    /// # Errors
    /// Never for what is embedded; a test reads them all.
    pub fn profile(&self, name: &str, grant: Grant, chosen: &[&Setting]) -> Result<OauthProfile, Problem> {
        let path = Path::new("auth").join(format!("{name}.toml"));
        let source = Source::decode(&path, self.text(grant, chosen).as_bytes())?;
        read_profile::profile(&source, name)
    }

    /// The settings that go with a grant.
    pub fn settings(&self, grant: Grant) -> impl Iterator<Item = &Setting> {
        self.settings.iter().filter(move |s| s.grants.is_empty() || s.grants.contains(&grant))
    }

    /// The variables that the profile of a grant names, in the order they are best asked for.
    pub fn variables(&self, grant: Grant, chosen: &[&Setting]) -> Vec<&Variable> {
        let lines = self.lines(grant, chosen);
        let named = |v: &&Variable| {
            let reference = format!("{{{{{}}}}}", v.name);
            lines.iter().any(|(_, value)| value.contains(&reference))
        };
        self.variables.iter().filter(named).collect()
    }

    /// The lines of the profile: common ones, the grant's over them, the chosen over these. An empty text removes.
    fn lines(&self, grant: Grant, chosen: &[&Setting]) -> Vec<Line> {
        let mut lines = vec![("grant".to_owned(), format!("\"{}\"", grant.key()))];
        let own = self.by_grant.iter().filter(|(g, _)| *g == grant).flat_map(|(_, lines)| lines.clone());
        let chosen = chosen.iter().map(|s| (s.key.clone(), s.value.clone()));
        for (key, value) in self.common.iter().cloned().chain(own).chain(chosen) {
            match lines.iter_mut().find(|(known, _)| *known == key) {
                Some(line) => line.1 = value,
                None => lines.push((key, value)),
            }
        }
        lines.retain(|(_, value)| value != "\"\"");
        lines
    }
}

fn read(name: &'static str, text: &str) -> Option<Preset> {
    let document: DocumentMut = text.parse().ok()?;
    let table = |key: &str| document.get(key).and_then(Item::as_table);
    let mut by_grant = Vec::new();
    for (key, item) in table("grant").into_iter().flat_map(Table::iter) {
        by_grant.push((Grant::from_key(key)?, lines(item.as_table_like()?)));
    }
    Some(Preset {
        name,
        title: string(document.get("title"))?,
        grants: grants(document.get("grants"))?,
        notes: strings(document.get("notes")),
        variables: tables(&document, "variable").map(variable).collect::<Option<_>>()?,
        settings: tables(&document, "setting").map(setting).collect::<Option<_>>()?,
        common: lines(table("profile")?),
        by_grant,
    })
}

fn tables<'a>(document: &'a DocumentMut, key: &str) -> impl Iterator<Item = &'a Table> {
    document.get(key).and_then(Item::as_array_of_tables).into_iter().flat_map(|tables| tables.iter())
}

fn variable(table: &Table) -> Option<Variable> {
    Some(Variable {
        name: string(table.get("name"))?,
        text: string(table.get("text"))?,
        example: string(table.get("example")).unwrap_or_default(),
        secret: table.get("secret").and_then(Item::as_bool).unwrap_or(false),
    })
}

fn setting(table: &Table) -> Option<Setting> {
    Some(Setting {
        key: string(table.get("key"))?,
        value: table.get("value")?.as_value().map(literal)?,
        text: string(table.get("text"))?,
        grants: if table.contains_key("grants") { grants(table.get("grants"))? } else { Vec::new() },
    })
}

fn string(item: Option<&Item>) -> Option<String> {
    item?.as_str().map(str::to_owned)
}

fn strings(item: Option<&Item>) -> Vec<String> {
    let list = item.and_then(Item::as_array);
    list.into_iter().flatten().filter_map(|value| value.as_str().map(str::to_owned)).collect()
}

fn grants(item: Option<&Item>) -> Option<Vec<Grant>> {
    strings(item).iter().map(|key| Grant::from_key(key)).collect()
}

/// The values of a table under dotted keys.
fn lines(table: &dyn TableLike) -> Vec<Line> {
    let mut out = Vec::new();
    for (name, item) in table.iter() {
        let name = toml_edit::Key::new(name).to_string();
        match (item.as_value(), item.as_table_like()) {
            (Some(value), _) => out.push((name, literal(value))),
            (None, Some(inner)) => {
                out.extend(lines(inner).into_iter().map(|(key, value)| (format!("{name}.{key}"), value)));
            }
            (None, None) => {}
        }
    }
    out
}

fn literal(value: &toml_edit::Value) -> String {
    let mut value = value.clone();
    value.decor_mut().clear();
    value.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    /// The keys of a profile, or what they begin with.
    const KEYS: [&str; 37] = [
        "grant",
        "issuer",
        "token_url",
        "authorization_url",
        "device_authorization_url",
        "par_url",
        "revocation_url",
        "introspection_url",
        "userinfo_url",
        "jwks_url",
        "client_id",
        "client_secret",
        "client_auth",
        "key",
        "key_id",
        "algorithm",
        "assertion_audience",
        "certificate",
        "tls_key",
        "dpop",
        "par",
        "jar",
        "use_id_token",
        "redirect_uri",
        "scope",
        "audience",
        "resource",
        "identity",
        "username",
        "password",
        "grant_type",
        "token_in",
        "assertion.",
        "exchange.",
        "extra.authorization.",
        "extra.token.",
        "extra.refresh.",
    ];

    fn known(key: &str) -> bool {
        KEYS.iter().any(|k| *k == key || k.ends_with('.') && key.starts_with(k))
    }

    #[test]
    fn every_preset_is_read_and_every_grant_of_it_is_a_profile() {
        assert_eq!(list().len(), FILES.len());
        for preset in list() {
            assert!(!preset.grants.is_empty() && !preset.notes.is_empty(), "{}", preset.name);
            assert!(
                preset.by_grant.iter().all(|(grant, _)| preset.grants.contains(grant)),
                "{}",
                preset.name
            );
            for grant in &preset.grants {
                let profile = preset.profile("p", *grant, &[]).unwrap();
                assert_eq!((profile.grant, profile.name.as_str()), (*grant, "p"));
                assert!(!profile.token_url.is_empty());
                for (key, _) in preset.lines(*grant, &[]) {
                    assert!(known(&key), "{}: {key}", preset.name);
                }
            }
        }
    }

    #[test]
    fn every_variable_named_is_explained_and_every_one_explained_is_named() {
        for preset in list() {
            let explained: BTreeSet<&str> = preset.variables.iter().map(|v| v.name.as_str()).collect();
            let named: BTreeSet<&str> = preset
                .grants
                .iter()
                .flat_map(|grant| preset.variables(*grant, &[]))
                .map(|v| v.name.as_str())
                .collect();
            let settings: String = preset.settings.iter().map(|s| s.value.as_str()).collect();
            for name in &explained {
                assert!(
                    named.contains(name) || settings.contains(&format!("{{{{{name}}}}}")),
                    "{}: {name} is of no use",
                    preset.name
                );
            }
            for grant in &preset.grants {
                let text = preset.lines(*grant, &[]).into_iter().map(|(_, value)| value).collect::<String>();
                for piece in text.split("{{").skip(1) {
                    let name = piece.split("}}").next().unwrap();
                    assert!(explained.contains(name), "{}: {name} is not explained", preset.name);
                }
            }
        }
    }

    #[test]
    fn every_setting_works_when_it_is_chosen_and_when_its_comment_is_removed() {
        for preset in list() {
            for grant in &preset.grants {
                let plain = preset.profile("p", *grant, &[]).unwrap();
                for setting in preset.settings(*grant) {
                    assert!(known(&setting.key), "{}: {}", preset.name, setting.key);
                    let chosen = preset.profile("p", *grant, &[setting]).unwrap();
                    let marked = format!("# {} = {}  #", setting.key, setting.value);
                    let text = preset.text(*grant, &[]);
                    assert!(text.contains(&marked), "{}: {marked}", preset.name);
                    let by_hand: String =
                        text.lines()
                            .filter(|l| !l.starts_with(&format!("{} = ", setting.key)))
                            .map(|l| {
                                if l.starts_with(&marked) {
                                    format!("{}\n", &l[2..])
                                } else {
                                    format!("{l}\n")
                                }
                            })
                            .collect();
                    let source = Source::decode(Path::new("p.toml"), by_hand.as_bytes()).unwrap();
                    assert_eq!(read_profile::profile(&source, "p").unwrap(), chosen, "{by_hand}");
                    let same =
                        setting.key == "client_auth" && setting.value.contains(plain.client_auth.key());
                    assert!(same || chosen != plain, "{}: {} changes nothing", preset.name, setting.key);
                }
            }
        }
    }

    #[test]
    fn no_preset_holds_a_literal_secret() {
        for preset in list() {
            for variable in &preset.variables {
                assert!(!variable.secret || variable.example.is_empty(), "{}", variable.name);
                let sounds = crate::model::secret::sounds_secret(&variable.name);
                assert!(!sounds || variable.secret, "{}: {}", preset.name, variable.name);
            }
            for grant in &preset.grants {
                for (key, value) in preset.lines(*grant, &[]) {
                    let secret = crate::model::secret::sounds_secret(&key);
                    assert!(!secret || value.starts_with("\"{{"), "{}: {key} = {value}", preset.name);
                }
            }
        }
    }

    #[test]
    fn pegas_profile_of_client_credentials_reads_as_a_person_would_write_it() {
        let pega = get("pega").unwrap();
        let text = pega.text(Grant::ClientCredentials, &[]);
        assert!(text.starts_with("# Pega Infinity: client credentials\ngrant = \"client_credentials\"\ntoken_url = \"{{base_url}}/PRRestService/oauth2/v1/token\"\n"), "{text}");
        assert!(text.contains("\n# extra.token.enable_psyncId = \"true\"  # "), "{text}");
        let names: Vec<&str> =
            pega.variables(Grant::ClientCredentials, &[]).iter().map(|v| v.name.as_str()).collect();
        assert_eq!(names, ["base_url", "client_id", "client_secret"]);
        assert_eq!(get("nothing"), None);
    }

    #[test]
    fn every_profile_of_the_guide_is_one() {
        let guide = include_str!("../../docs/grants.md");
        let examples: Vec<&str> =
            guide.split("```toml\n").skip(1).map(|rest| rest.split("```").next().unwrap()).collect();
        assert!(examples.len() >= 12, "{}", examples.len());
        for example in examples {
            let source = Source::decode(Path::new("auth/guide.toml"), example.as_bytes()).unwrap();
            read_profile::profile(&source, "guide").unwrap();
            let document: DocumentMut = example.parse().unwrap();
            for (key, _) in lines(document.as_table()) {
                assert!(known(&key), "{key}");
            }
        }
    }

    #[test]
    fn the_guide_divides_into_pages_at_its_headings() {
        let guide = include_str!("../../docs/grants.md");
        let pages: Vec<&str> = guide.split("\n## ").skip(1).collect();
        assert!(pages.len() > 15);
        for page in pages {
            let heading = page.lines().next().unwrap();
            assert!(!heading.is_empty() && page.lines().count() > 5, "{heading}");
        }
    }
}
