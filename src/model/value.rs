//! Values as a file states them: a text with variables in it, or a reference to a secret.

/// A value of a variable or of a secret field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// A text that may hold `{{variables}}`.
    Text(String),
    /// A secret that is kept elsewhere.
    Secret(SecretRef),
}

/// Where a secret is kept. A literal secret is never written to a workspace file.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum SecretRef {
    /// `{ secret = true }`: the vault, by environment and variable name.
    Vault,
    /// `{ env = "NAME" }`: an environment variable of the process.
    Env(String),
    /// `{ command = ["op", "read", "…"] }`: what a command prints, trailing newline dropped.
    Command(Vec<String>),
    /// `{ file = "…" }`: what a file holds, trailing newline dropped; relative to the workspace.
    File(String),
}

impl Default for Value {
    fn default() -> Self {
        Self::Text(String::new())
    }
}

impl Value {
    /// The text, if it is one.
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            Self::Secret(_) => None,
        }
    }

    /// A text that is taken as it is: braces in it are no variables. For what a server sent, which
    /// must not be able to ask for the user's variables.
    pub fn literal(text: &str) -> Value {
        let mut out = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(open) = rest.find("{{") {
            let (head, tail) = rest.split_at(open);
            out.push_str(head);
            // `\{{` is literal braces; after an odd number of backslashes they are literal already.
            if head.bytes().rev().take_while(|b| *b == b'\\').count() % 2 == 0 {
                out.push('\\');
            }
            out.push_str("{{");
            rest = &tail[2..];
        }
        out.push_str(rest);
        Value::Text(out)
    }

    /// True for an empty text.
    pub fn is_empty(&self) -> bool {
        matches!(self, Self::Text(text) if text.is_empty())
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl SecretRef {
    /// What a screen says of it: `vault`, `$NAME`, `command op`, `file x`.
    pub fn describe(&self) -> String {
        match self {
            Self::Vault => "vault".to_owned(),
            Self::Env(name) => format!("${name}"),
            Self::Command(words) => format!("command {}", words.first().map_or("", String::as_str)),
            Self::File(path) => format!("file {path}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn braces_of_a_literal_are_escaped_wherever_they_stand() {
        let text = |t: &str| Value::literal(t).as_text().map(str::to_owned).unwrap_or_default();
        assert_eq!(text("plain {x}"), "plain {x}");
        assert_eq!(text("a {{b}} {{{{c}}}}"), "a \\{{b}} \\{{\\{{c}}}}");
        assert_eq!(text("\\{{b}}"), "\\{{b}}");
        assert_eq!(text("\\\\{{b}}"), "\\\\\\{{b}}");
    }
}
