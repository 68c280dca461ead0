//! The line that carries the listener's port to the machine where the browser is.

/// `ssh -L PORT:127.0.0.1:PORT USER@HOST`, from what this session's environment tells.
pub(super) fn line(port: u16) -> String {
    let variable = |name: &str| std::env::var(name).ok();
    let user = variable("USER").or_else(|| variable("LOGNAME")).or_else(|| variable("USERNAME"));
    let host = variable("HOSTNAME").or_else(|| variable("COMPUTERNAME")).or_else(|| {
        ["/proc/sys/kernel/hostname", "/etc/hostname"]
            .iter()
            .find_map(|file| std::fs::read_to_string(file).ok())
    });
    made(port, variable("SSH_CONNECTION").as_deref(), user.as_deref(), host.as_deref())
}

/// `SSH_CONNECTION` is `client port server port`.
fn made(port: u16, connection: Option<&str>, user: Option<&str>, host: Option<&str>) -> String {
    let words: Vec<&str> = connection.unwrap_or("").split_whitespace().collect();
    let (server, at) = match words[..] {
        [_, _, server, at] => (Some(server), at),
        _ => (None, "22"),
    };
    let host = server.and_then(safe).or_else(|| host.and_then(safe)).unwrap_or("this-host");
    let user = user.and_then(safe).map(|user| format!("{user}@")).unwrap_or_default();
    let at = match at.parse::<u16>() {
        Ok(22) | Err(_) => String::new(),
        Ok(other) => format!(" -p {other}"),
    };
    format!("ssh -L {port}:127.0.0.1:{port}{at} {user}{host}")
}

/// A name that a shell takes as one word and ssh not as an option.
fn safe(text: &str) -> Option<&str> {
    let text = text.trim();
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | ':' | '%');
    (!text.is_empty() && !text.starts_with('-') && text.chars().all(plain)).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_names_the_exact_port_and_the_address_this_machine_was_reached_by() {
        let reached = Some("10.0.0.9 50122 10.0.0.4 22");
        assert_eq!(made(4711, reached, Some("ann"), Some("box")), "ssh -L 4711:127.0.0.1:4711 ann@10.0.0.4");
        let odd = Some("10.0.0.9 50122 fd00::4 2222");
        assert_eq!(made(4711, odd, None, None), "ssh -L 4711:127.0.0.1:4711 -p 2222 fd00::4");
        assert_eq!(made(1, None, Some("ann"), Some("box\n")), "ssh -L 1:127.0.0.1:1 ann@box");
        assert_eq!(
            made(1, Some("x"), Some("a;rm"), Some("-oProxyCommand=x")),
            "ssh -L 1:127.0.0.1:1 this-host"
        );
    }
}
