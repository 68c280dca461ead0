//! Header and claims as a user types them: JSON text in, a token or the place of the mistake out.

use super::{SigningKey, sign_payload};
use crate::jwt::decode::parse;
use crate::model::problem::{Problem, ProblemKind};
use crate::model::secret::Secret;
use serde_json::{Map, Value as Json};

/// Signs what was typed. Claims are signed as written, without the blanks between them, so that a number keeps
/// its digits. `alg` becomes the key's; `typ` and the rest of the header stay.
///
/// # Errors
/// With line and column (from 1) of the first mistake; `what` says whether header or claims have it.
pub fn sign_text(header: &str, claims: &str, key: &SigningKey) -> Result<Secret, Problem> {
    let header = if header.trim().is_empty() { Map::new() } else { object(header, "header")? };
    object(claims, "claims")?;
    sign_payload(&header, compact(claims).as_bytes(), key)
        .map_err(|why| problem("the token cannot be signed", why, "take another key"))
}

fn problem(what: &str, why: impl Into<String>, next: &str) -> Problem {
    Problem::new(ProblemKind::Usage, what, why, next)
}

/// One JSON object; a member given twice is a mistake here, where it can still be mended. `what`: `header` or `claims`.
///
/// # Errors
/// With line and column (from 1).
pub fn object(text: &str, what: &str) -> Result<Map<String, Json>, Problem> {
    let text = text.trim_start_matches('\u{feff}');
    let value: Json = serde_json::from_str(text).map_err(|e| {
        // serde_json ends its words with the place, which the problem has in its own members.
        let why = e.to_string();
        let why = why.split(" at line ").next().unwrap_or_default().to_owned();
        let column = column(text, e.line(), e.column());
        let why = format!("{why} (line {}, column {column})", e.line().max(1));
        problem(
            &format!("the {what} are no JSON").replace("the header are", "the header is"),
            why,
            "mend the JSON",
        )
        .at(u32::try_from(e.line().max(1)).unwrap_or(u32::MAX), column)
    })?;
    let Json::Object(map) = value else {
        return Err(problem(
            &format!("the {what} must be a JSON object"),
            "",
            "write it as `{\"name\": \"value\"}`",
        )
        .at(1, 1));
    };
    if let Ok((_, twice)) = parse(text.as_bytes())
        && let Some(name) = twice.first()
    {
        let line = place_of_second(text, name);
        return Err(problem(
            &format!("`{}` stands twice in the {what}", crate::jwt::warnings::short(name)),
            "readers disagree on which one counts",
            "keep one of them",
        )
        .at(line.0, line.1));
    }
    Ok(map)
}

/// Header and claims written one behind the other. The claims keep their lines: as many breaks stand before them as the
/// header had. Where the first is no JSON, all of it is the header, whose mistake then has its place.
pub fn two_objects(text: &str) -> (String, String) {
    let mut values = serde_json::Deserializer::from_str(text).into_iter::<serde::de::IgnoredAny>();
    let end = match values.next() {
        Some(Ok(_)) => values.byte_offset(),
        _ => text.len(),
    };
    let (header, claims) = text.split_at_checked(end).unwrap_or((text, ""));
    (header.to_owned(), format!("{}{claims}", "\n".repeat(header.matches('\n').count())))
}

/// A column in characters, from the library's column in bytes.
fn column(text: &str, line: usize, bytes: usize) -> u32 {
    let line = text.lines().nth(line.saturating_sub(1)).unwrap_or_default();
    let upto = line.get(..bytes.min(line.len())).map_or(bytes, |part| part.chars().count());
    u32::try_from(upto.max(1)).unwrap_or(u32::MAX)
}

/// Line and column of the second `"name"`, as far as plain text tells; 1:1 where it is written with escapes.
fn place_of_second(text: &str, name: &str) -> (u32, u32) {
    let quoted = Json::from(name).to_string();
    let Some((at, _)) =
        text.match_indices(&quoted).filter(|(at, found)| is_name(text, at + found.len())).nth(1)
    else {
        return (1, 1);
    };
    let before = &text[..at];
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    (u32::try_from(line).unwrap_or(1), u32::try_from(column).unwrap_or(1))
}

fn is_name(text: &str, behind: usize) -> bool {
    text[behind..].trim_start().starts_with(':')
}

/// A value as typed after `name=`: JSON where it reads as such, else text; `+10m` and `-1h` for the times of RFC 7519
/// count from `now`.
pub fn edit_value(name: &str, text: &str, now: i64) -> Json {
    if matches!(name, "exp" | "nbf" | "iat" | "auth_time")
        && let Some(sign) = text.chars().next().filter(|c| matches!(c, '+' | '-'))
        && let Ok(seconds) = lifetime(&text[1..])
    {
        let seconds = if sign == '-' { -seconds } else { seconds };
        return now.saturating_add(seconds).into();
    }
    serde_json::from_str(text).unwrap_or_else(|_| Json::from(text))
}

/// Seconds of `90`, `90s`, `5m`, `1h`, `30d`.
///
/// # Errors
/// In words.
pub fn lifetime(text: &str) -> Result<i64, String> {
    let text = text.trim();
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit = match &text[digits.len()..] {
        "" | "s" => 1,
        "m" | "min" => 60,
        "h" => 3_600,
        "d" => 86_400,
        other => return Err(format!("`{other}` is no unit; s, m, h and d are")),
    };
    let number: u32 = digits.parse().map_err(|_| "a number and a unit are expected".to_owned())?;
    Ok(i64::from(number).saturating_mul(unit))
}

/// JSON without the blanks between its tokens; strings and numbers stay as written.
pub fn compact(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    let (mut inside, mut escaped) = (false, false);
    for c in json.trim_start_matches('\u{feff}').chars() {
        if inside {
            out.push(c);
            match c {
                _ if escaped => escaped = false,
                '\\' => escaped = true,
                '"' => inside = false,
                _ => {}
            }
        } else if !matches!(c, ' ' | '\t' | '\n' | '\r') {
            inside = c == '"';
            out.push(c);
        }
    }
    out
}
