//! How `console.time` shows a time.

use std::time::Duration;

/// As Node: milliseconds below a second, then `1.234s`, `1:02.345 (m:ss.mmm)` and so on.
pub(super) fn show(duration: Duration) -> String {
    let ms = duration.as_secs_f64() * 1000.0;
    let (seconds, minutes, hours) = (ms / 1000.0, ms / 60_000.0, ms / 3_600_000.0);
    if hours >= 1.0 {
        let (minutes, seconds) = ((minutes % 60.0).floor(), (seconds % 60.0).floor());
        format!("{:.0}:{minutes:02.0}:{seconds:02.0} (h:mm:ss)", hours.floor())
    } else if minutes >= 1.0 {
        format!("{:.0}:{:06.3} (m:ss.mmm)", minutes.floor(), seconds % 60.0)
    } else if seconds >= 1.0 {
        format!("{seconds:.3}s")
    } else {
        let text = format!("{ms:.3}");
        format!("{}ms", text.trim_end_matches('0').trim_end_matches('.'))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_shown_as_in_node() {
        let check = |ms: u64, text: &str| assert_eq!(show(Duration::from_millis(ms)), text);
        check(0, "0ms");
        check(12, "12ms");
        check(1234, "1.234s");
        check(62_345, "1:02.345 (m:ss.mmm)");
        check(3_723_000, "1:02:03 (h:mm:ss)");
        assert_eq!(show(Duration::from_micros(1500)), "1.5ms");
    }
}
