//! Environments, and the variables of the one that is open.

use crate::app::list::Cursor;
use crate::model::value::Value;
use crate::model::workspace::Workspace;

/// A visible row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EnvRow {
    /// An environment.
    Environment(String),
    /// A variable of the open one.
    Variable(String, String),
}

/// The pane.
#[derive(Debug, Clone, Default)]
pub struct EnvironmentsPane {
    /// Cursor among the rows.
    pub cursor: Cursor,
    /// The environment whose variables are shown.
    pub open: Option<String>,
    /// Text searched for.
    pub needle: String,
}

impl EnvironmentsPane {
    /// The visible rows.
    pub fn rows(&self, workspace: &Workspace) -> Vec<EnvRow> {
        let mut rows = Vec::new();
        for environment in &workspace.environments {
            rows.push(EnvRow::Environment(environment.name.clone()));
            if self.open.as_deref() == Some(&environment.name) {
                rows.extend(
                    environment
                        .variables
                        .keys()
                        .map(|v| EnvRow::Variable(environment.name.clone(), v.clone())),
                );
            }
        }
        rows
    }

    /// The row under the cursor.
    pub fn row(&self, workspace: &Workspace) -> Option<EnvRow> {
        self.rows(workspace).get(self.cursor.at).cloned()
    }

    /// The environment under the cursor (of the variable under it).
    pub fn environment(&self, workspace: &Workspace) -> Option<String> {
        match self.row(workspace)? {
            EnvRow::Environment(name) | EnvRow::Variable(name, _) => Some(name),
        }
    }

    /// Puts the cursor on an environment.
    pub fn select(&mut self, name: &str, workspace: &Workspace) {
        let rows = self.rows(workspace);
        if let Some(at) = rows.iter().position(|r| *r == EnvRow::Environment(name.to_owned())) {
            self.cursor.go(at, rows.len());
        }
    }
}

/// How a variable's value is shown: its text, or where its secret is kept.
pub fn shown(value: &Value) -> String {
    match value {
        Value::Text(text) => text.clone(),
        Value::Secret(reference) => format!("••• {}", reference.describe()),
    }
}
