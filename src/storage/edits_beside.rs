//! Edits of what stands beside the collections: environments and OAuth profiles.

use super::edits::{Editing, Outcome, refusal};
use super::read_parts::{self, is_plain_name};
use super::source::Source;
use super::{names, read_profile, save};
use crate::model::environment::Environment;
use crate::model::problem::Problem;
use crate::model::profile::OauthProfile;
use crate::model::value::Value;
use std::path::PathBuf;

impl Editing<'_> {
    fn named_file(&self, dir: &str, name: &str) -> Result<(PathBuf, bool), Problem> {
        if !is_plain_name(name) || name.starts_with('.') || names::is_device(name) {
            return Err(refusal(
                format!("`{}` cannot be a file name", name.escape_debug()),
                "use letters, digits, `-` and `_`",
            ));
        }
        let file = self.root.join(dir).join(format!("{name}.toml"));
        let exists = file.is_file();
        if !exists
            && super::order::stems(&self.root.join(dir))
                .iter()
                .any(|t| t.to_lowercase() == name.to_lowercase())
        {
            return Err(refusal(
                format!("there is one whose name differs from `{name}` only in case"),
                "choose another name",
            ));
        }
        Ok((file, exists))
    }

    /// Adds an environment's save to the transaction.
    pub fn save_environment(&mut self, new: &Environment) -> Outcome {
        let (file, exists) = self.named_file("environments", &new.name)?;
        let source = self.source(&file)?;
        let base = if exists { Some(read_parts::environment(&source, &new.name)?) } else { None };
        let bytes = save::environment(&source, base.as_ref(), new)?;
        self.tx.set(&file, Some(bytes))?;
        Ok((format!("saved environment {}", new.name), None))
    }

    /// Adds one variable's change to the transaction.
    pub fn set_variable(&mut self, environment: &str, name: &str, value: Option<&Value>) -> Outcome {
        let (file, exists) = self.named_file("environments", environment)?;
        if !exists {
            return Err(refusal(format!("there is no environment `{environment}`"), "reload the workspace"));
        }
        let source = self.source(&file)?;
        let mut new = read_parts::environment(&source, environment)?;
        match value {
            Some(value) => drop(new.variables.insert(name.to_owned(), value.clone())),
            None => drop(new.variables.shift_remove(name)),
        }
        self.save_environment(&new)
    }

    /// Adds an environment's removal to the transaction.
    pub fn delete_environment(&mut self, name: &str) -> Outcome {
        let (file, exists) = self.named_file("environments", name)?;
        if !exists {
            return Err(refusal(format!("there is no environment `{name}`"), "reload the workspace"));
        }
        self.tx.set(&file, None)?;
        Ok((format!("deleted environment {name}"), None))
    }

    /// Adds a new profile's file to the transaction, comments and all; one that cannot be read is refused.
    pub fn new_profile(&mut self, name: &str, text: &str) -> Outcome {
        let (file, exists) = self.named_file("auth", name)?;
        if exists {
            return Err(refusal(format!("there is a profile `{name}` already"), "choose another name"));
        }
        read_profile::profile(&Source::decode(&file, text.as_bytes())?, name)?;
        self.tx.set(&file, Some(text.as_bytes().to_vec()))?;
        Ok((format!("new profile {name}"), None))
    }

    /// Adds a profile's save to the transaction.
    pub fn save_profile(&mut self, new: &OauthProfile) -> Outcome {
        let (file, exists) = self.named_file("auth", &new.name)?;
        let source = self.source(&file)?;
        let base = if exists { Some(read_profile::profile(&source, &new.name)?) } else { None };
        let bytes = save::profile(&source, base.as_ref(), new)?;
        self.tx.set(&file, Some(bytes))?;
        Ok((format!("saved profile {}", new.name), None))
    }
}
