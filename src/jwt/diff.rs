//! What differs between the claims of two tokens: the question behind "it worked yesterday".

use serde_json::{Map, Value as Json};

/// One claim that is not the same in both tokens.
#[derive(Debug, Clone, PartialEq)]
pub struct Difference {
    /// Where: `sub`, `realm_access.roles`. Untrusted.
    pub name: String,
    /// Value in the first token, if it has one.
    pub first: Option<Json>,
    /// Value in the second token, if it has one.
    pub second: Option<Json>,
}

/// Differences in the order of the first object, then what only the second has. Objects are compared
/// member by member; lists as a whole, but texts in them as sets (`aud`, `roles`).
pub fn diff(first: &Map<String, Json>, second: &Map<String, Json>) -> Vec<Difference> {
    let mut found = Vec::new();
    compare("", first, second, &mut found);
    found
}

fn compare(path: &str, first: &Map<String, Json>, second: &Map<String, Json>, found: &mut Vec<Difference>) {
    let named = |name: &str| if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
    for (name, a) in first {
        match (a, second.get(name)) {
            (Json::Object(a), Some(Json::Object(b))) => compare(&named(name), a, b, found),
            (a, Some(b)) if same(a, b) => {}
            (a, b) => {
                found.push(Difference { name: named(name), first: Some(a.clone()), second: b.cloned() });
            }
        }
    }
    for (name, b) in second.iter().filter(|(name, _)| !first.contains_key(*name)) {
        found.push(Difference { name: named(name), first: None, second: Some(b.clone()) });
    }
}

fn same(a: &Json, b: &Json) -> bool {
    match (a, b) {
        (Json::Array(a), Json::Array(b)) if a.iter().chain(b).all(Json::is_string) => {
            a.len() == b.len() && a.iter().all(|x| b.contains(x)) && b.iter().all(|x| a.contains(x))
        }
        _ => a == b,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn only_what_differs_is_listed_with_its_place() {
        let first =
            json!({"sub": "a", "exp": 1, "aud": ["x", "y"], "r": {"roles": ["p"], "n": 1}, "old": true});
        let second =
            json!({"sub": "b", "exp": 1, "aud": ["y", "x"], "r": {"roles": ["q"], "n": 1}, "new": null});
        let found = diff(first.as_object().unwrap(), second.as_object().unwrap());
        let names: Vec<_> = found.iter().map(|d| d.name.as_str()).collect();
        assert_eq!(names, ["sub", "r.roles", "old", "new"]);
        assert_eq!(found[0].first, Some(json!("a")));
        assert_eq!(found[2].second, None);
        assert_eq!(found[3].second, Some(json!(null)));
        assert!(diff(first.as_object().unwrap(), first.as_object().unwrap()).is_empty());
    }
}
