//! Modules in `data:` URLs, <https://fetch.spec.whatwg.org/#data-url-processor>.

use percent_encoding::percent_decode_str;

/// The source in a `data:text/javascript,…` URL; `None` for every other URL.
pub(super) fn javascript(url: &str) -> Option<String> {
    text(url, &["text/javascript", "application/javascript"])
}

/// The text in a `data:` URL that is run as a classic script, whatever it says it is.
pub(super) fn script(url: &str) -> Option<String> {
    let (head, _) = url.strip_prefix("data:")?.split_once(',')?;
    text(url, &[head.split(';').next().unwrap_or_default().trim()])
}

/// The text in a `data:application/json,…` URL; `None` for every other URL.
pub(super) fn json(url: &str) -> Option<String> {
    text(url, &["application/json"])
}

/// Whether a URL holds JSON.
pub(super) fn is_json(url: &str) -> bool {
    url.strip_prefix("data:").is_some_and(|rest| rest.starts_with("application/json"))
}

fn text(url: &str, mimes: &[&str]) -> Option<String> {
    let (head, body) = url.strip_prefix("data:")?.split_once(',')?;
    let mime = head.split(';').next().unwrap_or_default().trim();
    if !mimes.contains(&mime) {
        return None;
    }
    let bytes: Vec<u8> = percent_decode_str(body.split('#').next()?).collect();
    let bytes = if head.ends_with(";base64") { base64(&bytes)? } else { bytes };
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

/// Forgiving base64, <https://infra.spec.whatwg.org/#forgiving-base64-decode>.
fn base64(text: &[u8]) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len() / 4 * 3);
    let (mut bits, mut count) = (0u32, 0);
    for byte in text.iter().filter(|byte| !byte.is_ascii_whitespace() && **byte != b'=') {
        let value = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => return None,
        };
        bits = bits << 6 | u32::from(value);
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.push((bits >> count) as u8);
        }
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::javascript;

    #[test]
    fn sources_come_out() {
        let check =
            |url: &str, source: Option<&str>| assert_eq!(javascript(url).as_deref(), source);
        check("data:text/javascript,export%20default%201", Some("export default 1"));
        check("data:text/javascript;base64,ZXhwb3J0IGRlZmF1bHQgMQ==", Some("export default 1"));
        check("data:application/json,1", None);
        check("http://x/", None);
        check("data:text/javascript;base64,*", None);
    }
}
