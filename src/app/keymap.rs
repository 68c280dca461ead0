//! Keys to commands and back, from the table and the user's settings.

use super::command::{COMMANDS, Command, CommandInfo, Scope};
use super::focus::{Mode, PaneId};
use super::key::KeyPress;
use indexmap::IndexMap;

/// One way to a command.
#[derive(Debug, Clone)]
struct Binding {
    /// One chord, or two for `g u`.
    chords: Vec<KeyPress>,
    row: &'static CommandInfo,
}

/// All bindings in force.
#[derive(Debug, Clone, Default)]
pub struct Keymap {
    bindings: Vec<Binding>,
}

impl Keymap {
    /// Builds the map. The second value names what was wrong in the settings, in words; a wrong entry
    /// leaves its command with the default keys.
    pub fn new(user: &IndexMap<String, Vec<String>>) -> (Keymap, Vec<String>) {
        let mut map = Keymap::default();
        let mut complaints = Vec::new();
        for id in user.keys() {
            if !COMMANDS.iter().any(|c| c.id == id) {
                let near = crate::model::workspace::nearest(id, COMMANDS.iter().map(|c| c.id));
                let hint = near.first().map(|n| format!("; did you mean `{n}`?")).unwrap_or_default();
                complaints.push(format!("keys: there is no command `{id}`{hint}"));
            }
        }
        for row in COMMANDS {
            let mut wanted: Vec<Vec<KeyPress>> = Vec::new();
            for text in user.get(row.id).into_iter().flatten() {
                match KeyPress::parse_sequence(text) {
                    Ok(chords) if !chords.is_empty() && chords.len() <= 2 => wanted.push(chords),
                    Ok(_) => {
                        complaints.push(format!("keys: `{text}` for `{}` is more than two chords", row.id))
                    }
                    Err(error) => complaints.push(format!("keys: `{text}` for `{}`: {error}", row.id)),
                }
            }
            if wanted.is_empty() {
                wanted = row.chords.iter().filter_map(|c| KeyPress::parse_sequence(c).ok()).collect();
            }
            map.bindings.extend(wanted.into_iter().map(|chords| Binding { chords, row }));
        }
        map.check(&mut complaints);
        (map, complaints)
    }

    /// Two commands on keys that a terminal cannot tell apart, in places where both count.
    fn check(&self, complaints: &mut Vec<String>) {
        // Every pair is looked at before the first frame, so what is compared is made once.
        let forms: Vec<Vec<Option<Vec<u8>>>> =
            self.bindings.iter().map(|b| b.chords.iter().map(KeyPress::wire_form).collect()).collect();
        for (i, a) in self.bindings.iter().enumerate() {
            for (j, b) in self.bindings.iter().enumerate().skip(i + 1) {
                let on_wire = |n: usize| forms[i][n].is_some() && forms[i][n] == forms[j][n];
                let same = a.chords.len() == b.chords.len()
                    && (0..a.chords.len()).all(|n| a.chords[n] == b.chords[n] || on_wire(n));
                // A pane's own key stands before a global one: that is meant.
                let meant = matches!(a.row.scope, Scope::Panes(_)) != matches!(b.row.scope, Scope::Panes(_));
                if same && a.row.command != b.row.command && !meant && overlap(a.row.scope, b.row.scope) {
                    complaints.push(format!(
                        "keys: {} means both `{}` and `{}`; the first counts",
                        label(&a.chords),
                        a.row.id,
                        b.row.id
                    ));
                }
            }
        }
    }

    /// The command of a key. `first` is the first chord of a pair already pressed.
    pub fn command(
        &self,
        mode: Mode,
        pane: PaneId,
        first: Option<KeyPress>,
        press: KeyPress,
    ) -> Option<Command> {
        let hit = |b: &&Binding| match (first, b.chords.as_slice()) {
            (None, [one]) => *one == press,
            (Some(first), [one, two]) => *one == first && *two == press,
            _ => false,
        };
        let counts = |b: &&Binding, own: bool| match b.row.scope {
            Scope::Always => !own,
            Scope::Global => !own && mode == Mode::Nav,
            Scope::Panes(panes) => own && mode == Mode::Nav && panes.contains(&pane),
        };
        let find = |own| self.bindings.iter().find(|b| hit(b) && counts(b, own));
        find(true).or_else(|| find(false)).map(|b| b.row.command)
    }

    /// The shortest label of a command's keys, for hints: `^R`. Empty without keys.
    pub fn label(&self, command: Command) -> String {
        self.bindings.iter().find(|b| b.row.command == command).map(|b| label(&b.chords)).unwrap_or_default()
    }

    /// All labels of one row of the table, for the help page.
    pub fn labels(&self, row: &CommandInfo) -> String {
        let all: Vec<String> =
            self.bindings.iter().filter(|b| b.row.id == row.id).map(|b| label(&b.chords)).collect();
        all.join(" ")
    }

    /// The rows that begin with a chord: the menu after `g`.
    pub fn after(&self, first: KeyPress) -> Vec<(String, &'static CommandInfo)> {
        self.bindings
            .iter()
            .filter(|b| b.chords.len() == 2 && b.chords[0] == first)
            .map(|b| (b.chords[1].label(), b.row))
            .collect()
    }
}

fn label(chords: &[KeyPress]) -> String {
    chords.iter().map(KeyPress::label).collect::<Vec<_>>().join("")
}

fn overlap(a: Scope, b: Scope) -> bool {
    match (a, b) {
        (Scope::Panes(a), Scope::Panes(b)) => a.iter().any(|p| b.contains(p)),
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn press(text: &str) -> KeyPress {
        KeyPress::parse(text).unwrap()
    }

    #[test]
    fn the_default_keys_do_not_contradict_each_other() {
        let (_, complaints) = Keymap::new(&IndexMap::new());
        assert_eq!(complaints, Vec::<String>::new());
    }

    #[test]
    fn every_default_chord_can_be_read() {
        for row in COMMANDS {
            for chord in row.chords {
                assert!(KeyPress::parse_sequence(chord).is_ok(), "{} {chord}", row.id);
            }
        }
    }

    #[test]
    fn a_panes_own_key_stands_before_a_global_one() {
        let (map, _) = Keymap::new(&IndexMap::new());
        assert_eq!(map.command(Mode::Nav, PaneId::Token, None, press("x")), Some(Command::ForgetToken));
        assert_eq!(map.command(Mode::Nav, PaneId::Collections, None, press("x")), Some(Command::Remove));
    }

    #[test]
    fn letters_are_text_while_typing_and_chords_still_send() {
        let (map, _) = Keymap::new(&IndexMap::new());
        assert_eq!(map.command(Mode::Edit, PaneId::Request, None, press("s")), None);
        assert_eq!(map.command(Mode::Edit, PaneId::Request, None, press("ctrl-r")), Some(Command::Send));
    }

    #[test]
    fn a_chord_that_is_enter_in_disguise_is_reported() {
        let user = IndexMap::from([("zoom".to_owned(), vec!["ctrl-m".to_owned()])]);
        let (_, complaints) = Keymap::new(&user);
        assert!(complaints.iter().any(|c| c.contains("open") && c.contains("zoom")), "{complaints:?}");
    }

    #[test]
    fn an_unknown_command_in_the_settings_gets_a_suggestion() {
        let user = IndexMap::from([("zom".to_owned(), vec!["ctrl-g".to_owned()])]);
        assert_eq!(Keymap::new(&user).1, ["keys: there is no command `zom`; did you mean `zoom`?"]);
    }
}
