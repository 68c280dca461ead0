//! A new OAuth profile out of a preset: what was answered so far, and the change it comes to.

use super::profile_form::{SecretAnswer, read_secret};
use crate::model::edit::Edit;
use crate::model::environment::Environment;
use crate::model::profile::Grant;
use crate::model::secret::Secret;
use crate::model::value::{SecretRef, Value};
use crate::storage::presets::{Preset, Setting, Variable, get};

/// Under way: one answer for each variable, in order.
#[derive(Clone, PartialEq)]
pub struct NewProfile {
    /// The preset's name.
    pub preset: &'static str,
    /// Grant.
    pub grant: Grant,
    /// Name of the profile.
    pub name: String,
    /// Answers so far. Secrets among them.
    pub answers: Vec<Secret>,
}

impl std::fmt::Debug for NewProfile {
    /// Without the answers: secrets are among them.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "NewProfile({} of {}, {} answers)", self.name, self.preset, self.answers.len())
    }
}

/// What it comes to.
#[derive(Debug)]
pub struct Outcome {
    /// The files, as one change.
    pub edit: Edit,
    /// What the vault is to keep: variable and secret.
    pub secrets: Vec<(String, Secret)>,
}

impl NewProfile {
    fn preset(&self) -> Option<&'static Preset> {
        get(self.preset)
    }

    /// Every variable that is asked for, in order.
    pub fn variables(&self) -> Vec<&'static Variable> {
        self.preset().map(|p| p.variables(self.grant, &[])).unwrap_or_default()
    }

    /// The next one to ask for.
    pub fn next(&self) -> Option<&'static Variable> {
        self.variables().get(self.answers.len()).copied()
    }

    /// What the environment says of a variable already, to be offered.
    pub fn standing(variable: &Variable, environment: Option<&Environment>) -> String {
        let value = environment.and_then(|e| e.variables.get(&variable.name));
        value.and_then(Value::as_text).unwrap_or("").to_owned()
    }

    /// A public client: its secret was asked for and left empty, and the preset knows how to say so.
    fn chosen(&self, environment: Option<&Environment>) -> Vec<&'static Setting> {
        let Some(preset) = self.preset() else { return Vec::new() };
        let kept = environment.is_some_and(|e| e.variables.contains_key("client_secret"));
        let empty = self
            .variables()
            .iter()
            .zip(&self.answers)
            .any(|(v, a)| v.name == "client_secret" && a.expose().trim().is_empty());
        let public = |s: &&Setting| s.key == "client_auth" && s.value == "\"none\"";
        preset.settings(self.grant).filter(|s| empty && !kept && public(s)).collect()
    }

    /// The change: the profile's file, the variables, the references to secrets. What the environment
    /// says already stays: an answer that differs gets a variable of its own, so that no other profile
    /// or request changes with it.
    pub fn outcome(&self, environment: Option<&Environment>) -> Option<Outcome> {
        let preset = self.preset()?;
        let chosen = self.chosen(environment);
        let mut text = preset.text(self.grant, &chosen);
        let of = environment.map_or_else(|| "dev".to_owned(), |e| e.name.clone());
        let mut edits = Vec::new();
        if environment.is_none() {
            edits.push(Edit::SaveEnvironment(Environment { name: of.clone(), ..Environment::default() }));
        }
        let mut variables = Vec::new();
        let mut secrets = Vec::new();
        for (variable, answer) in self.variables().into_iter().zip(&self.answers) {
            let stands = environment.and_then(|e| e.variables.get(&variable.name));
            let answer = answer.expose().trim();
            let (value, secret) = match variable.secret {
                // Nothing is said: what stands counts.
                true if answer.is_empty() => continue,
                true => match read_secret(answer) {
                    SecretAnswer::Says(value) => (value, None),
                    SecretAnswer::Keep(text) => (Value::Secret(SecretRef::Vault), Some(Secret::new(text))),
                },
                false if answer.is_empty() && stands.is_none() => continue,
                false => (Value::from(answer), None),
            };
            let free = stands.is_none_or(|v| v.is_empty() || (*v == value && secret.is_none()));
            let name = match free {
                true => variable.name.clone(),
                false => format!("{}_{}", self.name.replace(['-', '.'], "_"), variable.name),
            };
            if !free {
                let (old, new) = (format!("{{{{{}}}}}", variable.name), format!("{{{{{name}}}}}"));
                text = text.replace(&old, &new);
            }
            if let Some(secret) = secret {
                secrets.push((name.clone(), secret));
            }
            variables.push(Edit::SetVariable { environment: of.clone(), name, value: Some(value) });
        }
        edits.push(Edit::NewProfile { name: self.name.clone(), text });
        edits.extend(variables);
        let words = format!("new profile {} from {}", self.name, preset.title);
        Some(Outcome { edit: Edit::Several { words, edits }, secrets })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answered(preset: &'static str, grant: Grant, answers: &[(&str, &str)]) -> NewProfile {
        let mut new = NewProfile { preset, grant, name: "shop-id".into(), answers: Vec::new() };
        while let Some(variable) = new.next() {
            let answer = answers.iter().find(|(name, _)| *name == variable.name).map_or("", |(_, a)| a);
            new.answers.push(Secret::new(answer));
        }
        new
    }

    fn parts(outcome: &Outcome) -> (String, Vec<(String, Value)>) {
        let Edit::Several { edits, .. } = &outcome.edit else { panic!("{outcome:?}") };
        let mut text = String::new();
        let mut variables = Vec::new();
        for edit in edits {
            match edit {
                Edit::NewProfile { text: t, .. } => text.clone_from(t),
                Edit::SetVariable { name, value: Some(value), .. } => {
                    variables.push((name.clone(), value.clone()))
                }
                Edit::SaveEnvironment(_) => {}
                other => panic!("{other:?}"),
            }
        }
        (text, variables)
    }

    #[test]
    fn every_preset_and_grant_comes_to_a_change() {
        for preset in crate::storage::presets::list() {
            for grant in &preset.grants {
                let new = answered(preset.name, *grant, &[]);
                let outcome = new.outcome(None).unwrap();
                assert!(!parts(&outcome).0.is_empty(), "{} {grant:?}", preset.name);
                assert!(outcome.secrets.is_empty());
            }
        }
    }

    #[test]
    fn a_secret_is_in_no_file() {
        let answers =
            [("base_url", "https://id"), ("realm", "acme"), ("client_id", "c"), ("client_secret", "hunter2")];
        let outcome = answered("keycloak", Grant::ClientCredentials, &answers).outcome(None).unwrap();
        assert!(!format!("{:?}", outcome.edit).contains("hunter2"));
        assert_eq!(outcome.secrets.len(), 1);
        let (text, variables) = parts(&outcome);
        assert!(text.contains("client_secret = \"{{client_secret}}\""), "{text}");
        assert!(variables.contains(&("client_secret".into(), Value::Secret(SecretRef::Vault))));
        assert!(variables.contains(&("realm".into(), Value::from("acme"))));
    }

    #[test]
    fn what_the_environment_says_already_is_not_changed() {
        let mut environment = Environment { name: "dev".into(), ..Environment::default() };
        environment.variables.insert("base_url".into(), "https://api".into());
        environment.variables.insert("realm".into(), "acme".into());
        environment.variables.insert("client_secret".into(), Value::Secret(SecretRef::Vault));
        let answers =
            [("base_url", "https://id"), ("realm", "acme"), ("client_id", "c"), ("client_secret", "s")];
        let outcome =
            answered("keycloak", Grant::ClientCredentials, &answers).outcome(Some(&environment)).unwrap();
        let (text, variables) = parts(&outcome);
        assert!(text.contains("{{shop_id_base_url}}/realms/{{realm}}"), "{text}");
        assert!(!text.contains("{{base_url}}"), "{text}");
        assert_eq!(outcome.secrets[0].0, "shop_id_client_secret");
        assert!(variables.contains(&("shop_id_base_url".into(), Value::from("https://id"))));
        assert!(variables.iter().all(|(name, _)| name != "base_url" && name != "client_secret"));
    }

    #[test]
    fn no_secret_means_a_public_client_where_there_is_such() {
        let new = answered("keycloak", Grant::AuthorizationCode, &[("client_id", "c")]);
        let (text, _) = parts(&new.outcome(None).unwrap());
        assert!(text.lines().any(|l| l == "client_auth = \"none\""), "{text}");
    }
}
