//! Searching bytes: `memchr` does the work, with ASCII case ignored when the needle is all lower case.

use memchr::{memchr2, memmem};

/// Letters of running text from common to rare; a rare letter makes a good anchor.
const COMMON: &[u8] = b"etaoinsrhldcumfpgwybvkxjqz";

/// What is searched for.
#[derive(Debug, Clone)]
pub struct Needle {
    text: Vec<u8>,
    how: How,
}

#[derive(Debug, Clone)]
enum How {
    Exact(Box<memmem::Finder<'static>>),
    /// Any case; the byte at this place of the needle is looked for first.
    AnyCase(usize),
}

impl Needle {
    /// A needle; all lower case means any case (ASCII only). `None` for an empty one.
    pub fn new(text: &str) -> Option<Needle> {
        let text = text.as_bytes().to_vec();
        if text.is_empty() {
            return None;
        }
        let has = |f: fn(&u8) -> bool| text.iter().any(f);
        let how = if has(u8::is_ascii_lowercase) && !has(u8::is_ascii_uppercase) {
            let rarity = |b: &u8| COMMON.iter().position(|c| c == b).unwrap_or(COMMON.len());
            How::AnyCase((0..text.len()).max_by_key(|i| rarity(&text[*i])).unwrap_or(0))
        } else {
            How::Exact(Box::new(memmem::Finder::new(&text).into_owned()))
        };
        Some(Needle { text, how })
    }

    /// Length in bytes.
    pub fn len(&self) -> usize {
        self.text.len()
    }

    /// Never true: an empty needle cannot be made.
    pub fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    /// Offset of the first hit at or after `from`.
    pub fn find(&self, bytes: &[u8], from: usize) -> Option<usize> {
        match &self.how {
            How::Exact(finder) => finder.find(bytes.get(from..)?).map(|i| from + i),
            How::AnyCase(anchor) => {
                let lower = self.text[*anchor];
                let upper = lower.to_ascii_uppercase();
                let mut at = from.checked_add(*anchor)?;
                loop {
                    let hit = at + memchr2(lower, upper, bytes.get(at..)?)?;
                    let start = hit - anchor;
                    if bytes.get(start..start + self.text.len())?.eq_ignore_ascii_case(&self.text) {
                        return Some(start);
                    }
                    at = hit + 1;
                }
            }
        }
    }

    /// Whether it occurs at all.
    pub fn is_in(&self, bytes: &[u8]) -> bool {
        self.find(bytes, 0).is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lower_case_needles_find_any_case_and_others_only_their_own() {
        let text = b"Status status STATUS stat";
        let all = |needle: &str| {
            let needle = Needle::new(needle).unwrap();
            let mut hits = Vec::new();
            while let Some(at) = needle.find(text, hits.last().map_or(0, |h| h + 1)) {
                hits.push(at);
            }
            hits
        };
        assert_eq!(all("status"), [0, 7, 14]);
        assert_eq!(all("Status"), [0]);
        assert_eq!(all("STATUS"), [14]);
        assert_eq!(all("t"), [1, 3, 8, 10, 15, 17, 22, 24]);
        assert_eq!(all(" "), [6, 13, 20]);
        assert_eq!(all("statusx"), [0_usize; 0]);
        assert!(Needle::new("").is_none());
    }

    #[test]
    fn it_agrees_with_a_plain_search() {
        let mut random = fastrand::Rng::with_seed(3);
        for _ in 0..2_000 {
            let text: String =
                (0..random.usize(..30)).map(|_| random.choice(['a', 'b', 'A', 'B']).unwrap()).collect();
            let wanted: String =
                (0..random.usize(1..4)).map(|_| random.choice(['a', 'b', 'A', 'B']).unwrap()).collect();
            let any_case = wanted.chars().all(char::is_lowercase);
            let plain = if any_case { text.to_lowercase().find(&wanted) } else { text.find(&wanted) };
            assert_eq!(Needle::new(&wanted).unwrap().find(text.as_bytes(), 0), plain, "{wanted} in {text}");
        }
    }
}
