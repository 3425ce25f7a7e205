//! Sizes of memory and files, as the command line has them and as they are shown.

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

/// As a person reads it: `17 B`, `1.5 KB`, `64.0 MB`.
pub(crate) fn shown(bytes: u64) -> String {
    const UNITS: [&str; 4] = ["KB", "MB", "GB", "TB"];
    if bytes < 1024 {
        return format!("{bytes} B");
    }
    // Rounding to one place must not make 1024.0 of what is below the next unit.
    let mut number = bytes as f64 / 1024.0;
    let mut unit = 0;
    while number >= 1023.95 && unit + 1 < UNITS.len() {
        number /= 1024.0;
        unit += 1;
    }
    format!("{number:.1} {}", UNITS[unit])
}

fn advice(text: &str) -> String {
    format!("'{text}' is no size: write it as 512kb, 64mb or 2gb")
}

#[cfg(test)]
mod tests {
    use super::{parse, shown};

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
    #[test]
    fn shown_sizes() {
        let check = |bytes: u64, text: &str| assert_eq!(shown(bytes), text);
        check(0, "0 B");
        check(1023, "1023 B");
        check(1024, "1.0 KB");
        check((1 << 20) - 1, "1.0 MB");
        check(3 << 29, "1.5 GB");
        check(u64::MAX, "16777216.0 TB");
    }
}
