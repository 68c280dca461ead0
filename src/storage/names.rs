//! File stems from shown names: plain, unique, and possible on every platform.

/// Longer stems are cut: 255 bytes are the limit nearly everywhere, and paths add up.
const MAX: usize = 80;

/// A stem for a name: `Create case` becomes `create-case`. Letters of any script stay.
pub fn stem(name: &str) -> String {
    let mut out = String::new();
    for c in name.chars() {
        if c.is_alphanumeric() {
            out.extend(c.to_lowercase());
        } else if (c == '_' || c == '.') && !out.is_empty() && !out.ends_with(['-', '.']) {
            out.push(c);
        } else if !out.is_empty() && !out.ends_with('-') {
            out.push('-');
        }
    }
    let mut cut = out.len().min(MAX);
    while !out.is_char_boundary(cut) {
        cut -= 1;
    }
    out.truncate(cut);
    let out = out.trim_matches(['-', '.']).to_owned();
    if out.is_empty() {
        return "item".to_owned();
    }
    if is_device(&out) || super::load::is_reserved_stem(&out) { format!("{out}-1") } else { out }
}

/// True for a name that Windows gives to a device, whatever its suffix.
pub fn is_device(name: &str) -> bool {
    let base = name.split('.').next().unwrap_or("").to_lowercase();
    let numbered = |head: &str| {
        base.strip_prefix(head).is_some_and(|n| n.len() == 1 && n.as_bytes()[0].is_ascii_digit())
    };
    ["con", "prn", "aux", "nul"].contains(&base.as_str()) || numbered("com") || numbered("lpt")
}

/// The stem itself, or with `-2`, `-3` … so that none of `taken` is the same in any case.
pub fn unique(stem: &str, taken: &[String]) -> String {
    let free = |s: &str| !taken.iter().any(|t| t.to_lowercase() == s.to_lowercase());
    if free(stem) {
        return stem.to_owned();
    }
    (2_u32..).map(|n| format!("{stem}-{n}")).find(|s| free(s)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stem_is_plain_whatever_the_name_is() {
        let cases = [
            ("Create case", "create-case"),
            ("  GET /cases/{id}  ", "get-cases-id"),
            ("../../etc/passwd", "etc-passwd"),
            ("CON", "con-1"),
            ("com7", "com7-1"),
            ("nul.toml", "nul.toml-1"),
            ("Folder", "folder-1"),
            ("collection", "collection-1"),
            ("…", "item"),
            ("Überweisung №1", "überweisung-1"),
            ("a\0b\nc", "a-b-c"),
            ("com", "com"),
        ];
        for (name, want) in cases {
            assert_eq!(stem(name), want, "{name:?}");
        }
        assert!(stem(&"é".repeat(300)).len() <= 80);
    }

    #[test]
    fn a_clash_that_only_differs_in_case_counts() {
        assert_eq!(unique("create", &["Create".into(), "create-2".into()]), "create-3");
    }
}
