//! Search over keys and scalars. Hits in the bytes are matched to rows in one sweep, since rows stand
//! in the order of the text; only strings with escapes are looked at a second time, unescaped.

use super::{JsonIndex, RowKind};
use crate::content::find::Needle;
use std::ops::Range;

/// What a hit inside a key or scalar leads to.
enum Take {
    /// The row is found; on with the next one.
    Row,
    /// It is not; on behind the hit.
    Nothing,
    /// It is not; on behind the key or scalar.
    Skip,
}

impl JsonIndex {
    /// Rows whose own key or scalar text holds the needle, in order, at most `limit`.
    /// A needle all in lower case finds any case (ASCII). Escapes are also searched as what they mean.
    pub fn search(&self, needle: &str, limit: usize) -> Vec<usize> {
        let Some(needle) = Needle::new(needle) else { return Vec::new() };
        let mut found = self.sweep(
            limit,
            |from| needle.find(&self.bytes, from),
            |range, hit| {
                if hit + needle.len() <= range.end { Take::Row } else { Take::Nothing }
            },
        );
        let escape = |from: usize| memchr::memchr(b'\\', self.bytes.get(from..)?).map(|i| from + i);
        let escaped = self.sweep(limit, escape, |range, _| {
            // One look at each string, however many escapes it has.
            if needle.is_in(self.unescape(range.clone()).as_bytes()) { Take::Row } else { Take::Skip }
        });
        if !escaped.is_empty() {
            found.extend(escaped);
            found.sort_unstable();
            found.dedup();
            found.truncate(limit);
        }
        found
    }

    /// Rows one of whose ranges (key, scalar) takes a hit. `next` gives the first hit at or after a place.
    fn sweep(
        &self,
        limit: usize,
        next: impl Fn(usize) -> Option<usize>,
        take: impl Fn(&Range<usize>, usize) -> Take,
    ) -> Vec<usize> {
        let mut found = Vec::new();
        let mut row = 0;
        let mut from = 0;
        while found.len() < limit {
            let Some(hit) = next(from) else { break };
            let behind = self.rows[row..].partition_point_near(|r| r.start as usize <= hit);
            if behind == 0 {
                from = hit + 1;
                continue;
            }
            row += behind - 1;
            let start_of_next = self.rows.get(row + 1).map_or(self.bytes.len(), |r| r.start as usize);
            let key = self.key_range(row).filter(|_| self.kind(row) != RowKind::Close);
            let scalar = match self.kind(row) {
                RowKind::String | RowKind::Number | RowKind::Bool | RowKind::Null => {
                    Some(self.value_range(row))
                }
                _ => None,
            };
            from = match [&key, &scalar].into_iter().flatten().find(|r| r.contains(&hit)) {
                None => hit + 1,
                Some(range) => match take(range, hit) {
                    Take::Row => {
                        found.push(row);
                        start_of_next
                    }
                    Take::Nothing => hit + 1,
                    Take::Skip => range.end,
                },
            };
        }
        found
    }
}

/// Galloping search: hits come close to each other, so the next row is mostly near.
trait Near<T> {
    fn partition_point_near(&self, before: impl Fn(&T) -> bool) -> usize;
}

impl<T> Near<T> for [T] {
    fn partition_point_near(&self, before: impl Fn(&T) -> bool) -> usize {
        let mut step = 1;
        while step < self.len() && before(&self[step]) {
            step *= 2;
        }
        let low = step / 2;
        let high = self.len().min(step + 1);
        low + self[low..high].partition_point(before)
    }
}
