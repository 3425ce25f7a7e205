//! Times on the command line.

use std::time::Duration;

/// Reads `500ms`, `2s`, `1.5m`; a number alone is seconds.
pub(crate) fn parse(text: &str) -> Result<Duration, String> {
    let trimmed = text.trim();
    let digits = trimmed.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let seconds_per_unit = match &trimmed[digits.len()..] {
        "ms" => 0.001,
        "" | "s" => 1.0,
        "m" | "min" => 60.0,
        "h" => 3600.0,
        _ => return Err(advice(text)),
    };
    let number: f64 = digits.trim().parse().map_err(|_| advice(text))?;
    match Duration::try_from_secs_f64(number * seconds_per_unit) {
        Ok(duration) if !duration.is_zero() => Ok(duration),
        _ => Err(advice(text)),
    }
}

fn advice(text: &str) -> String {
    format!("'{text}' is no time: write it as 500ms, 2s or 5m")
}

#[cfg(test)]
mod tests {
    use super::parse;
    use std::time::Duration;

    #[test]
    fn times() {
        let check = |text: &str, ms: Option<u64>| {
            assert_eq!(parse(text).ok(), ms.map(Duration::from_millis), "{text}");
        };
        check("500ms", Some(500));
        check("2", Some(2000));
        check("1.5s", Some(1500));
        check("1m", Some(60_000));
        for wrong in ["", "s", "0", "-1s", "1d", "inf"] {
            check(wrong, None);
        }
    }
}
