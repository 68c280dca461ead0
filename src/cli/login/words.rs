//! What a person is told of a login: the URL, how to reach the listener from elsewhere, the device's page
//! and code, and the code as something a phone can read.

use crate::cli::output::{Output, Paint};
use crate::content::visible::visible;
use crate::flow::login::{DeviceRoad, Roads};
use qrcode::render::unicode::Dense1x2;
use qrcode::{EcLevel, QrCode};

/// What was told already; news may come again with more.
#[derive(Debug, Default)]
pub struct Said {
    url: bool,
    device: bool,
}

/// Lines for stderr.
#[derive(Debug)]
pub struct Lines {
    /// Made safe, colours in it.
    pub text: Vec<String>,
    /// True the first time there is a URL to open.
    pub url_is_new: bool,
}

/// The roads that were not told before.
pub fn roads(out: &Output, said: &mut Said, roads: &Roads) -> Lines {
    let safe = |text: &str| out.safe_note(text);
    let dim = |text: &str| out.paint_note(Paint::Dim, text);
    let mut text = Vec::new();
    let new_url = roads.url.as_ref().filter(|_| !said.url);
    let new_device = roads.device.as_ref().filter(|_| !said.device);
    if !said.url && !said.device && (new_url.is_some() || new_device.is_some()) {
        let place = match roads.environment.as_str() {
            "" => String::new(),
            environment => format!(" in environment `{environment}`"),
        };
        text.push(safe(&format!("Log in, for a token of profile `{}`{place}.", roads.profile)));
    }
    if let Some(url) = new_url {
        text.push("Open in a browser:".to_owned());
        text.push(format!("  {}", safe(url)));
        if let Some(ssh) = roads.ssh.as_ref().filter(|_| roads.port.is_some()) {
            text.push("Is the browser on another machine? There, first:".to_owned());
            text.push(format!("  {}", safe(ssh)));
        }
        let ends = match (&roads.redirect_uri, roads.port) {
            (Some(uri), None) => format!("which begins with {}", safe(uri)),
            _ => "even if that page does not load".to_owned(),
        };
        text.push(format!("Or paste here the URL at which the browser ends, {ends},"));
        text.push("and press Enter; it is not shown.".to_owned());
    }
    if let Some(device) = new_device {
        text.push(if new_url.is_some() || said.url {
            "Or, on any device, go to".to_owned()
        } else {
            "On any device, go to".to_owned()
        });
        text.push(format!("  {}", safe(&device.verification_uri)));
        text.push(format!("and enter  {}", out.paint_note(Paint::Good, &safe(&device.user_code))));
        text.extend(picture(out, device));
    }
    if !text.is_empty() {
        let until = roads.until.to_zoned(jiff::tz::TimeZone::system()).strftime("%H:%M:%S");
        text.push(dim(&format!("Waiting until {until}; Ctrl-C ends it.")));
    }
    let url_is_new = new_url.is_some();
    said.url |= url_is_new;
    said.device |= new_device.is_some();
    Lines { text, url_is_new }
}

/// The device page as a QR code, where the terminal can show one.
fn picture(out: &Output, device: &DeviceRoad) -> Vec<String> {
    if !out.can_ask() || !speaks_utf8() {
        return Vec::new();
    }
    let page = device.verification_uri_complete.as_ref().unwrap_or(&device.verification_uri);
    let Some(rows) = qr(page, out.notes_in_color()) else { return Vec::new() };
    let wide = rows.first().map_or(0, |row| row.chars().count());
    if columns().is_some_and(|columns| columns < wide + 2) {
        return Vec::new();
    }
    let painted = |row: String| match out.notes_in_color() {
        // Black on white whatever the terminal's own colours are: what a camera expects.
        true => format!("  \x1b[30;107m{row}\x1b[0m"),
        false => format!("  {row}"),
    };
    rows.into_iter().map(painted).collect()
}

/// A QR code in half blocks; without colours its light parts are drawn, for a dark terminal.
fn qr(text: &str, colors: bool) -> Option<Vec<String>> {
    let code = QrCode::with_error_correction_level(visible(text).as_bytes(), EcLevel::L).ok()?;
    let (dark, light) = match colors {
        true => (Dense1x2::Dark, Dense1x2::Light),
        false => (Dense1x2::Light, Dense1x2::Dark),
    };
    let drawn = code.render::<Dense1x2>().dark_color(dark).light_color(light).build();
    Some(drawn.lines().map(str::to_owned).collect())
}

/// Columns of the terminal behind stderr.
fn columns() -> Option<usize> {
    #[cfg(unix)]
    {
        rustix::termios::tcgetwinsize(std::io::stderr()).ok().map(|size| usize::from(size.ws_col))
    }
    #[cfg(not(unix))]
    None
}

/// True when the locale says UTF-8, or says nothing.
fn speaks_utf8() -> bool {
    let names = ["LC_ALL", "LC_CTYPE", "LANG"];
    let named = names.into_iter().find_map(|n| std::env::var(n).ok().filter(|v| !v.is_empty()));
    named.is_none_or(|locale| {
        let locale = locale.to_ascii_lowercase();
        locale.contains("utf-8") || locale.contains("utf8")
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::args::Globals;

    fn ways(device: bool) -> Roads {
        Roads {
            profile: "id".into(),
            environment: "dev".into(),
            url: Some("https://id.example.test/auth?state=s".into()),
            redirect_uri: Some("http://127.0.0.1:5000/".into()),
            port: Some(5000),
            ssh: Some("ssh -L 5000:127.0.0.1:5000 jump".into()),
            device: device.then(|| DeviceRoad {
                verification_uri: "https://id.example.test/device".into(),
                verification_uri_complete: None,
                user_code: "ABCD-EFGH".into(),
                until: jiff::Timestamp::UNIX_EPOCH,
            }),
            until: jiff::Timestamp::UNIX_EPOCH,
        }
    }

    #[test]
    fn the_device_code_that_comes_later_is_told_alone() {
        let (out, mut said) = (Output::new(&Globals::default()), Said::default());
        let first = roads(&out, &mut said, &ways(false));
        assert!(first.url_is_new);
        assert!(first.text.iter().any(|l| l.contains("ssh -L 5000:")), "{:?}", first.text);
        let second = roads(&out, &mut said, &ways(true));
        assert!(!second.url_is_new);
        assert!(second.text.iter().any(|l| l.contains("ABCD-EFGH")), "{:?}", second.text);
        assert!(!second.text.iter().any(|l| l.contains("/auth?")), "{:?}", second.text);
        assert!(roads(&out, &mut said, &ways(true)).text.is_empty());
    }

    #[test]
    fn without_a_listener_the_url_to_paste_is_named_and_no_tunnel() {
        let (out, mut said) = (Output::new(&Globals::default()), Said::default());
        let text = roads(&out, &mut said, &Roads { port: None, ..ways(false) }).text.join("\n");
        assert!(text.contains("begins with http://127.0.0.1:5000/") && !text.contains("ssh -L"), "{text}");
    }

    #[test]
    fn a_page_becomes_a_square_of_half_blocks() {
        let rows = qr("https://id.example.test/device?user_code=ABCD-EFGH", true).unwrap();
        let wide = rows[0].chars().count();
        assert!(rows.len() * 2 >= wide && rows.len() * 2 <= wide + 1, "{wide} by {}", rows.len());
        assert!(rows.iter().all(|r| r.chars().all(|c| " ▀▄█".contains(c))));
        assert!(qr(&"x".repeat(4000), true).is_none());
    }
}
