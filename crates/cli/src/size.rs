//! Sizes of memory on the command line.

/// Reads `64mb`, `1.5GiB`, `1000000`: bytes, or with a unit of 1024.
pub(crate) fn parse(text: &str) -> Result<usize, String> {
    let lower = text.trim().to_ascii_lowercase();
    let digits = lower.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit: u32 = match lower[digits.len()..].trim_end_matches("ib").trim_end_matches('b') {
        "" => 0,
        "k" => 1,
        "m" => 2,
        "g" => 3,
        _ => return Err(advice(text)),
    };
    let number: f64 = digits.trim().parse().map_err(|_| advice(text))?;
    let bytes = number * 1024f64.powi(unit as i32);
    if bytes.is_finite() && bytes >= 1.0 && bytes < usize::MAX as f64 {
        Ok(bytes as usize)
    } else {
        Err(advice(text))
    }
}

fn advice(text: &str) -> String {
    format!("'{text}' is no size: write it as 512kb, 64mb or 2gb")
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn sizes() {
        let check =
            |text: &str, bytes: Option<usize>| assert_eq!(parse(text).ok(), bytes, "{text}");
        check("100", Some(100));
        check("64mb", Some(64 << 20));
        check("64M", Some(64 << 20));
        check("1.5 GiB", Some(3 << 29));
        check("2k", Some(2048));
        for wrong in ["", "mb", "-1", "0", "1tb", "nan", "1e400"] {
            check(wrong, None);
        }
    }
}
