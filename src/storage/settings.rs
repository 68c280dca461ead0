//! Reads the settings file. It is never written.

use super::load::read;
use super::typed::Typed;
use crate::model::problem::Problem;
use crate::model::settings::{Browser, Clipboard, Settings, Theme, VaultChoice};
use crate::model::workspace::nearest;
use std::path::Path;
use std::time::Duration;
use toml_edit::{Item, TableLike};

const KEYS: [&str; 12] = [
    "theme",
    "mouse",
    "ascii",
    "timeout",
    "connect_timeout",
    "redirects",
    "clipboard",
    "browser",
    "keys",
    "history",
    "body",
    "vault",
];

/// Reads settings; what is wrong keeps its default and is a problem with its place.
pub fn load(file: Option<&Path>) -> (Settings, Vec<Problem>) {
    let mut settings = Settings::default();
    let Some(file) = file.filter(|f| f.exists()) else { return (settings, Vec::new()) };
    let source = match read(file) {
        Ok(source) => source,
        Err(problem) => return (settings, vec![problem]),
    };
    let document = match source.parse() {
        Ok(document) => document,
        Err(problem) => return (settings, vec![problem]),
    };
    let mut reader = Reader { t: Typed { source: &source, noun: "settings" }, problems: Vec::new() };
    reader.all(document.as_table(), &mut settings);
    (settings, reader.problems)
}

struct Reader<'a> {
    t: Typed<'a>,
    problems: Vec<Problem>,
}

impl Reader<'_> {
    fn all(&mut self, root: &dyn TableLike, s: &mut Settings) {
        self.unknown(root, "", &KEYS);
        let themes = [
            ("terminal", Theme::Terminal),
            ("light", Theme::Light),
            ("high-contrast", Theme::HighContrast),
            ("mono", Theme::Mono),
        ];
        self.word(root, "theme", &themes, &mut s.theme);
        let clipboards = [("auto", Clipboard::Auto), ("osc52", Clipboard::Osc52), ("off", Clipboard::Off)];
        self.word(root, "clipboard", &clipboards, &mut s.clipboard);
        self.word(root, "vault", &VaultChoice::WORDS, &mut s.vault);
        let browsers = [("auto", Browser::Auto), ("ask", Browser::Ask)];
        self.word(root, "browser", &browsers, &mut s.browser);
        self.flag(root, "mouse", &mut s.mouse);
        self.flag(root, "ascii", &mut s.ascii);
        self.seconds(root, "timeout", &mut s.timeout);
        self.seconds(root, "connect_timeout", &mut s.connect_timeout);
        if let Some(n) = self.number(root, "redirects", 0, 100) {
            s.redirects = u32::try_from(n).unwrap_or(s.redirects);
        }
        self.keys(root, s);
        if let Some(table) = self.table(root, "history") {
            self.unknown(table, "history.", &["entries", "bytes", "megabytes", "days"]);
            if let Some(n) = self.number(table, "entries", 0, 1_000_000) {
                s.history_entries = usize::try_from(n).unwrap_or(s.history_entries);
            }
            if let Some(n) = self.number(table, "bytes", 0, 1 << 40) {
                s.history_bytes = n;
            }
            if let Some(n) = self.number(table, "megabytes", 0, 1 << 20) {
                s.history_bytes = n * 1024 * 1024;
            }
            if let Some(n) = self.number(table, "days", 0, 36_500) {
                s.history_days = u32::try_from(n).unwrap_or(s.history_days);
            }
        }
        if let Some(table) = self.table(root, "body") {
            self.unknown(table, "body.", &["memory_mb"]);
            if let Some(n) = self.number(table, "memory_mb", 1, 1 << 20) {
                s.body_memory = n * 1024 * 1024;
            }
        }
    }

    fn unknown(&mut self, table: &dyn TableLike, prefix: &str, known: &[&str]) {
        for (key, item) in table.iter().filter(|(k, _)| !known.contains(k)) {
            let next = match nearest(key, known.iter().copied()).first() {
                Some(one) => format!("did you mean `{prefix}{one}`?"),
                None => format!("there are: {}", known.join(", ")),
            };
            let at =
                table.key(key).and_then(toml_edit::Key::span).or_else(|| item.span()).map_or(0, |s| s.start);
            self.problems.push(self.t.source.problem(
                at,
                "a setting is not known",
                format!("`{prefix}{}` means nothing here; the rest counts", key.escape_debug()),
                next,
            ));
        }
    }

    fn table<'t>(&mut self, root: &'t dyn TableLike, key: &str) -> Option<&'t dyn TableLike> {
        match self.t.table(root, key) {
            Ok(table) => table,
            Err(problem) => {
                self.problems.push(problem);
                None
            }
        }
    }

    fn word<T: Copy>(&mut self, table: &dyn TableLike, key: &str, words: &[(&str, T)], to: &mut T) {
        let Some(item) = table.get(key) else { return };
        let names: Vec<&str> = words.iter().map(|(w, _)| *w).collect();
        match item.as_str() {
            Some(word) => match words.iter().find(|(w, _)| *w == word) {
                Some((_, value)) => *to = *value,
                None => {
                    let next = match nearest(word, names.iter().copied()).first() {
                        Some(one) => format!("did you mean `{one}`?"),
                        None => format!("write one of: {}", names.join(", ")),
                    };
                    let why =
                        format!("`{key}` is `{}`, expected one of {}", word.escape_debug(), names.join(", "));
                    self.problems.push(self.t.odd(item, why, next));
                }
            },
            None => self.problems.push(self.t.wrong(
                item,
                key,
                "a text in quotes",
                format!("write one of: {}", names.join(", ")),
            )),
        }
    }

    fn flag(&mut self, table: &dyn TableLike, key: &str, to: &mut bool) {
        match self.t.flag(table, key, *to) {
            Ok(value) => *to = value,
            Err(problem) => self.problems.push(problem),
        }
    }

    fn number(&mut self, table: &dyn TableLike, key: &str, low: u64, high: u64) -> Option<u64> {
        let item = table.get(key)?;
        let number =
            item.as_integer().and_then(|n| u64::try_from(n).ok()).filter(|n| (low..=high).contains(n));
        if number.is_none() {
            let expected = format!("a whole number from {low} to {high}");
            self.problems.push(if item.is_integer() {
                self.t.odd(item, format!("`{key}` is not {expected}"), "correct the number")
            } else {
                self.t.wrong(item, key, &expected, format!("write `{key} = {low}` or more, without quotes"))
            });
        }
        number
    }

    fn seconds(&mut self, table: &dyn TableLike, key: &str, to: &mut Duration) {
        let Some(item) = table.get(key) else { return };
        let seconds = item.as_float().or_else(|| item.as_integer().map(|n| n as f64));
        match seconds.filter(|s| (0.001..=86_400.0).contains(s)) {
            Some(seconds) => *to = Duration::from_secs_f64(seconds),
            None => self.problems.push(self.t.odd(
                item,
                format!("`{key}` is not a number of seconds up to a day"),
                format!("write `{key} = 30`"),
            )),
        }
    }

    fn keys(&mut self, root: &dyn TableLike, s: &mut Settings) {
        let Some(table) = self.table(root, "keys") else { return };
        for (command, item) in table.iter() {
            let chords = match item {
                Item::Value(toml_edit::Value::String(one)) => Ok(vec![one.value().clone()]),
                _ => self.t.texts(table, command),
            };
            match chords {
                Ok(chords) => {
                    s.keys.insert(command.to_owned(), chords);
                }
                Err(problem) => self.problems.push(problem),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(text: &str) -> (Settings, Vec<Problem>) {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("config.toml");
        std::fs::write(&file, text).unwrap();
        load(Some(&file))
    }

    #[test]
    fn every_key_is_read() {
        let (s, problems) = settings(
            "theme = \"high-contrast\"\nmouse = false\nascii = true\ntimeout = 2.5\nconnect_timeout = 3\nredirects = 0\nclipboard = \"osc52\"\nvault = \"keyring\"\nbrowser = \"ask\"\n[keys]\nsend = \"ctrl-r\"\nquit = [\"q\", \"ctrl-q\"]\n[history]\nentries = 10\nmegabytes = 2\ndays = 1\n[body]\nmemory_mb = 1\n",
        );
        assert_eq!(problems, vec![]);
        let mut want = Settings {
            theme: Theme::HighContrast,
            mouse: false,
            ascii: true,
            timeout: Duration::from_millis(2500),
            connect_timeout: Duration::from_secs(3),
            redirects: 0,
            history_entries: 10,
            history_bytes: 2 * 1024 * 1024,
            history_days: 1,
            body_memory: 1024 * 1024,
            clipboard: Clipboard::Osc52,
            vault: VaultChoice::Keyring,
            browser: Browser::Ask,
            ..Settings::default()
        };
        want.keys.insert("send".into(), vec!["ctrl-r".into()]);
        want.keys.insert("quit".into(), vec!["q".into(), "ctrl-q".into()]);
        assert_eq!(s, want);
    }

    #[test]
    fn a_typo_keeps_the_default_and_says_what_was_meant_and_where() {
        let (s, problems) =
            settings("theme = \"dark\"\ntimout = 5\ntimeout = \"5\"\nmouse = false\n[history]\nentry = 1\n");
        assert_eq!((s.theme, s.timeout, s.mouse), (Theme::Terminal, Duration::from_secs(30), false));
        assert_eq!(problems.len(), 4, "{problems:#?}");
        assert!(
            problems.iter().any(|p| p.line == Some(2) && p.column == Some(1) && p.next.contains("`timeout`"))
        );
        assert!(problems.iter().any(|p| p.line == Some(6) && p.next.contains("`history.entries`")));
        assert!(problems.iter().any(|p| p.line == Some(3) && p.column == Some(11)));
    }

    #[test]
    fn no_file_and_a_broken_file_give_the_defaults() {
        assert_eq!(load(None), (Settings::default(), vec![]));
        let (s, problems) = settings("theme = \n");
        assert_eq!((s, problems.len(), problems[0].line), (Settings::default(), 1, Some(1)));
    }
}
