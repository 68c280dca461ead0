//! Words to options: which options of curl take a value, and what became of each.

/// One option or URL of the line, by its long name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Item {
    /// A URL.
    Url(String),
    /// An option without a value.
    Flag(&'static str),
    /// An option with its value.
    Value(&'static str, String),
    /// Not an option that is known here, as written.
    Unknown(String),
    /// An option at the end that lacks its value.
    Unfinished(String),
}

/// Short name (or NUL), long name, whether it takes a value. From curl 8's manual; those that take
/// a value must be complete, else the value would be read as a URL.
const OPTIONS: &[(char, &str, bool)] = &[
    ('X', "request", true),
    ('H', "header", true),
    ('d', "data", true),
    ('\0', "data-ascii", true),
    ('\0', "data-raw", true),
    ('\0', "data-binary", true),
    ('\0', "data-urlencode", true),
    ('\0', "json", true),
    ('F', "form", true),
    ('\0', "form-string", true),
    ('G', "get", false),
    ('I', "head", false),
    ('u', "user", true),
    ('A', "user-agent", true),
    ('e', "referer", true),
    ('b', "cookie", true),
    ('\0', "url", true),
    ('\0', "url-query", true),
    ('k', "insecure", false),
    ('x', "proxy", true),
    ('\0', "preproxy", true),
    ('\0', "socks4", true),
    ('\0', "socks4a", true),
    ('\0', "socks5", true),
    ('\0', "socks5-hostname", true),
    ('\0', "cacert", true),
    ('L', "location", false),
    ('\0', "location-trusted", false),
    ('\0', "max-redirs", true),
    ('m', "max-time", true),
    ('\0', "connect-timeout", true),
    ('\0', "compressed", false),
    ('0', "http1.0", false),
    ('\0', "http1.1", false),
    ('\0', "http2", false),
    ('\0', "http2-prior-knowledge", false),
    ('\0', "http3", false),
    ('\0', "http3-only", false),
    ('\0', "oauth2-bearer", true),
    ('T', "upload-file", true),
    ('r', "range", true),
    ('\0', "basic", false),
    ('\0', "digest", false),
    ('\0', "ntlm", false),
    ('\0', "negotiate", false),
    ('\0', "anyauth", false),
    ('n', "netrc", false),
    ('\0', "netrc-optional", false),
    ('\0', "netrc-file", true),
    ('E', "cert", true),
    ('\0', "cert-type", true),
    ('\0', "key", true),
    ('\0', "key-type", true),
    ('\0', "pass", true),
    ('\0', "capath", true),
    ('\0', "crlfile", true),
    ('\0', "ciphers", true),
    ('\0', "tls13-ciphers", true),
    ('\0', "curves", true),
    ('\0', "tls-max", true),
    ('\0', "pinnedpubkey", true),
    ('\0', "resolve", true),
    ('\0', "connect-to", true),
    ('\0', "noproxy", true),
    ('U', "proxy-user", true),
    ('\0', "proxy-header", true),
    ('\0', "proxy-cacert", true),
    ('\0', "proxy-cert", true),
    ('\0', "proxy-key", true),
    ('\0', "aws-sigv4", true),
    ('\0', "unix-socket", true),
    ('\0', "abstract-unix-socket", true),
    ('\0', "request-target", true),
    ('\0', "interface", true),
    ('\0', "local-port", true),
    ('\0', "dns-servers", true),
    ('\0', "dns-interface", true),
    ('\0', "doh-url", true),
    ('\0', "proto", true),
    ('\0', "proto-default", true),
    ('\0', "proto-redir", true),
    ('c', "cookie-jar", true),
    ('K', "config", true),
    ('C', "continue-at", true),
    ('z', "time-cond", true),
    ('\0', "etag-compare", true),
    ('\0', "etag-save", true),
    ('\0', "retry", true),
    ('\0', "retry-delay", true),
    ('\0', "retry-max-time", true),
    ('\0', "limit-rate", true),
    ('\0', "rate", true),
    ('y', "speed-time", true),
    ('Y', "speed-limit", true),
    ('\0', "max-filesize", true),
    ('\0', "keepalive-time", true),
    ('\0', "happy-eyeballs-timeout-ms", true),
    ('\0', "expect100-timeout", true),
    ('\0', "variable", true),
    ('\0', "haproxy-clientip", true),
    ('\0', "libcurl", true),
    ('o', "output", true),
    ('\0', "output-dir", true),
    ('D', "dump-header", true),
    ('w', "write-out", true),
    ('\0', "trace", true),
    ('\0', "trace-ascii", true),
    ('\0', "trace-config", true),
    ('\0', "stderr", true),
    ('P', "ftp-port", true),
    ('Q', "quote", true),
    ('t', "telnet-option", true),
    ('h', "help", true),
    (':', "next", false),
    ('O', "remote-name", false),
    ('J', "remote-header-name", false),
    ('s', "silent", false),
    ('S', "show-error", false),
    ('v', "verbose", false),
    ('i', "include", false),
    ('\0', "show-headers", false),
    ('f', "fail", false),
    ('\0', "fail-with-body", false),
    ('\0', "fail-early", false),
    ('#', "progress-bar", false),
    ('N', "no-buffer", false),
    ('g', "globoff", false),
    ('q', "disable", false),
    ('Z', "parallel", false),
    ('4', "ipv4", false),
    ('6', "ipv6", false),
    ('1', "tlsv1", false),
    ('\0', "tlsv1.2", false),
    ('\0', "tlsv1.3", false),
    ('a', "append", false),
    ('j', "junk-session-cookies", false),
    ('l', "list-only", false),
    ('M', "manual", false),
    ('p', "proxytunnel", false),
    ('R', "remote-time", false),
    ('B', "use-ascii", false),
    ('V', "version", false),
    ('\0', "create-dirs", false),
    ('\0', "path-as-is", false),
    ('\0', "raw", false),
    ('\0', "tcp-nodelay", false),
    ('\0', "no-keepalive", false),
    ('\0', "no-progress-meter", false),
    ('\0', "post301", false),
    ('\0', "post302", false),
    ('\0', "post303", false),
    ('\0', "ssl-no-revoke", false),
    ('\0', "http0.9", false),
];

/// Concern only what is printed or stored, or state what is done anyway.
const SILENT: &[&str] = &[
    "compressed",
    "basic",
    "output",
    "output-dir",
    "dump-header",
    "write-out",
    "trace",
    "trace-ascii",
    "trace-config",
    "stderr",
    "remote-name",
    "remote-header-name",
    "silent",
    "show-error",
    "verbose",
    "include",
    "show-headers",
    "fail",
    "fail-with-body",
    "fail-early",
    "progress-bar",
    "no-buffer",
    "globoff",
    "disable",
    "create-dirs",
    "tcp-nodelay",
    "no-keepalive",
    "no-progress-meter",
    "remote-time",
    "tlsv1.2",
    "tlsv1",
    "libcurl",
    "ssl-no-revoke",
    "parallel",
    "append",
];

/// True for an option that needs no mention.
pub(super) fn is_silent(name: &str) -> bool {
    SILENT.contains(&name)
}

/// Reads the words after `curl`.
pub(super) fn read(words: &[String]) -> Vec<Item> {
    let mut items = Vec::new();
    let mut words = words.iter();
    let mut only_urls = false;
    while let Some(word) = words.next() {
        if only_urls || word == "-" || !word.starts_with('-') {
            items.push(Item::Url(word.clone()));
        } else if word == "--" {
            only_urls = true;
        } else if let Some(long) = word.strip_prefix("--") {
            let (name, given) = match long.split_once('=') {
                Some((name, value)) => (name, Some(value.to_owned())),
                None => (long, None),
            };
            match OPTIONS.iter().find(|o| o.1 == name) {
                Some(&(_, name, true)) => items.push(match given.or_else(|| words.next().cloned()) {
                    Some(value) => Item::Value(name, value),
                    None => Item::Unfinished(word.clone()),
                }),
                Some(&(_, name, false)) => items.push(Item::Flag(name)),
                None => items.push(Item::Unknown(word.clone())),
            }
        } else {
            short(&word[1..], &mut words, &mut items);
        }
    }
    items
}

/// A cluster of short options: `-sSL`, `-XPOST`.
fn short<'a>(cluster: &str, words: &mut impl Iterator<Item = &'a String>, items: &mut Vec<Item>) {
    for (at, c) in cluster.char_indices() {
        let after = &cluster[at + c.len_utf8()..];
        match OPTIONS.iter().find(|o| o.0 == c && c != '\0') {
            Some(&(_, name, true)) => {
                let value = if after.is_empty() { words.next().cloned() } else { Some(after.to_owned()) };
                items.push(match value {
                    Some(value) => Item::Value(name, value),
                    None => Item::Unfinished(format!("-{c}")),
                });
                return;
            }
            Some(&(_, name, false)) => items.push(Item::Flag(name)),
            None => items.push(Item::Unknown(format!("-{c}"))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn items(line: &str) -> Vec<Item> {
        read(&line.split(' ').map(str::to_owned).collect::<Vec<_>>())
    }

    #[test]
    fn clusters_and_glued_values() {
        assert_eq!(
            items("-sSLXPOST -o /dev/null --request=PUT u -H"),
            [
                Item::Flag("silent"),
                Item::Flag("show-error"),
                Item::Flag("location"),
                Item::Value("request", "POST".to_owned()),
                Item::Value("output", "/dev/null".to_owned()),
                Item::Value("request", "PUT".to_owned()),
                Item::Url("u".to_owned()),
                Item::Unfinished("-H".to_owned()),
            ]
        );
    }

    #[test]
    fn an_option_with_a_value_never_makes_it_a_url() {
        assert_eq!(items("--cert a.pem http://h").len(), 2);
        assert_eq!(
            items("--frobnicate -ü"),
            [Item::Unknown("--frobnicate".to_owned()), Item::Unknown("-ü".to_owned())]
        );
    }
}
