//! Numbers as JavaScript writes them.

use std::fmt::Write;

/// Appends `String(number)`, but `-0` as such.
///
/// <https://tc39.es/ecma262/#sec-numeric-types-number-tostring>, radix 10.
pub(super) fn push_number(out: &mut String, number: f64) {
    if number.is_nan() {
        out.push_str("NaN");
        return;
    }
    if number.is_sign_negative() {
        out.push('-');
    }
    if number == 0.0 {
        out.push('0');
    } else if number.is_infinite() {
        out.push_str("Infinity");
    } else {
        push_finite(out, number.abs());
    }
}

fn push_finite(out: &mut String, number: f64) {
    // Rust's shortest digits are the specification's, as `d.ddde±n`.
    let mut buffer = Buffer::default();
    if write!(buffer, "{number:e}").is_err() {
        return;
    }
    let (mantissa, exponent) = buffer.text().split_once('e').unwrap_or(("0", "0"));
    let mut digits = [0; Buffer::LEN];
    let mut count = 0;
    for digit in mantissa.bytes().filter(u8::is_ascii_digit) {
        digits[count] = digit;
        count += 1;
    }
    let digits = std::str::from_utf8(&digits[..count]).unwrap_or("0");
    let point = exponent.parse::<i32>().unwrap_or(0) + 1;
    match usize::try_from(point) {
        // Steps 6 and 7: 21 digits before the point at most.
        Ok(point @ 1..=21) if point >= count => {
            out.push_str(digits);
            out.extend(std::iter::repeat_n('0', point - count));
        }
        Ok(point @ 1..=21) => {
            out.push_str(&digits[..point]);
            out.push('.');
            out.push_str(&digits[point..]);
        }
        // Step 8: five zeros after the point at most.
        _ if (-5..=0).contains(&point) => {
            out.push_str("0.");
            out.extend(std::iter::repeat_n('0', point.unsigned_abs() as usize));
            out.push_str(digits);
        }
        _ => push_exponential(out, digits, point - 1),
    }
}

fn push_exponential(out: &mut String, digits: &str, exponent: i32) {
    let (first, rest) = digits.split_at(1);
    out.push_str(first);
    if !rest.is_empty() {
        out.push('.');
        out.push_str(rest);
    }
    out.push_str(if exponent < 0 { "e-" } else { "e+" });
    // Writing to a String does not fail.
    write!(out, "{}", exponent.unsigned_abs()).unwrap_or_default();
}

/// Appends a number with separators; `-0` has no sign then, as in Node.
pub(super) fn push_separated(out: &mut String, number: f64) {
    let mut plain = String::new();
    push_number(&mut plain, if number == 0.0 { 0.0 } else { number });
    out.push_str(&separated(&plain));
}

/// `1234567.1234` as `1_234_567.123_4`.
pub(super) fn separated(text: &str) -> String {
    // Exponents, NaN and Infinity stay as they are.
    if text.bytes().any(|byte| byte.is_ascii_alphabetic()) {
        return text.to_owned();
    }
    let (sign, digits) = text.strip_prefix('-').map_or(("", text), |digits| ("-", digits));
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let mut out = String::from(sign);
    for (index, digit) in whole.chars().enumerate() {
        if index > 0 && (whole.len() - index) % 3 == 0 {
            out.push('_');
        }
        out.push(digit);
    }
    for (index, digit) in fraction.chars().enumerate() {
        out.push_str(match index {
            0 => ".",
            _ if index % 3 == 0 => "_",
            _ => "",
        });
        out.push(digit);
    }
    out
}

/// Room for the longest number, on the stack.
#[derive(Default)]
struct Buffer {
    bytes: [u8; Self::LEN],
    len: usize,
}

impl Buffer {
    const LEN: usize = 32;

    fn text(&self) -> &str {
        std::str::from_utf8(&self.bytes[..self.len]).unwrap_or("")
    }
}

impl Write for Buffer {
    fn write_str(&mut self, text: &str) -> std::fmt::Result {
        let end = self.len + text.len();
        let free = self.bytes.get_mut(self.len..end).ok_or(std::fmt::Error)?;
        free.copy_from_slice(text.as_bytes());
        self.len = end;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_javascript_writes_them() {
        let check = |number, expected: &str| {
            let mut out = String::new();
            push_number(&mut out, number);
            assert_eq!(out, expected);
        };
        check(0.0, "0");
        check(-0.0, "-0");
        check(1.0, "1");
        check(-1.5, "-1.5");
        check(123.456, "123.456");
        check(1e20, "100000000000000000000");
        check(1e21, "1e+21");
        check(1.5e21, "1.5e+21");
        check(1.234e-6, "0.000001234");
        check(1e-7, "1e-7");
        check(5e-324, "5e-324");
        check(f64::MAX, "1.7976931348623157e+308");
        check(9_007_199_254_740_993.0, "9007199254740992");
        check(0.1 + 0.2, "0.30000000000000004");
        check(f64::NAN, "NaN");
        check(f64::NEG_INFINITY, "-Infinity");
        check(-1.2e-10, "-1.2e-10");
    }

    #[test]
    fn separators() {
        let check = |text, expected: &str| assert_eq!(separated(text), expected);
        check("1", "1");
        check("123", "123");
        check("1234", "1_234");
        check("-123456", "-123_456");
        check("1234567.12345", "1_234_567.123_45");
        check("0.123456", "0.123_456");
        check("1e+21", "1e+21");
        check("-Infinity", "-Infinity");
    }
}
