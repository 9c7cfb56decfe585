//! How numbers are written for people: minutes, sizes, places in a recording.

use std::fmt::Write;

/// Whole minutes, rounded to the nearest; under one minute whole seconds.
pub fn minutes(ms: i64) -> String {
    match ms {
        0 => "0 分钟".into(),
        1..60_000 => format!("{} 秒", ms.saturating_add(999) / 1000),
        _ => format!("{} 分钟", ms.saturating_add(if ms < 0 { -30_000 } else { 30_000 }) / 60_000),
    }
}

/// A file's size as a phone's data plan counts it (1 MB = 1,000,000 bytes).
pub fn size(bytes: i64) -> String {
    let bytes = bytes.max(0);
    match bytes {
        0..100_000 => format!("{} KB", (bytes + 999) / 1000),
        100_000..100_000_000 => format!("{}.{} MB", bytes / 1_000_000, bytes % 1_000_000 / 100_000),
        100_000_000..1_000_000_000 => format!("{} MB", bytes / 1_000_000),
        _ => format!("{}.{} GB", bytes / 1_000_000_000, bytes % 1_000_000_000 / 100_000_000),
    }
}

/// A place in a recording, `4:05` or `1:02:30`.
pub fn clock(ms: i64) -> String {
    let seconds = ms.max(0) / 1000;
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    let mut text = String::new();
    let _ = match hours {
        0 => write!(text, "{minutes}:{seconds:02}"),
        _ => write!(text, "{hours}:{minutes:02}:{seconds:02}"),
    };
    text
}

/// A number for a narrow place: one decimal below ten, none above, none when it is whole: `7.5`, `12`, `0`.
pub fn brief(value: f64) -> String {
    let tenths = (value * 10.0).round() / 10.0;
    if tenths.abs() >= 10.0 || (tenths - tenths.round()).abs() < 1e-9 {
        format!("{tenths:.0}")
    } else {
        format!("{tenths:.1}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_and_sizes_read_as_people_write_them() {
        assert_eq!([minutes(0), minutes(59_000), minutes(1_864_000)], ["0 分钟", "59 秒", "31 分钟"]);
        assert_eq!([clock(245_000), clock(3_750_000), clock(-5)], ["4:05", "1:02:30", "0:00"]);
        assert_eq!([size(1), size(12_345_678), size(2_150_000_000)], ["1 KB", "12.3 MB", "2.1 GB"]);
        assert_eq!([brief(33.4), brief(7.46), brief(0.04)], ["33", "7.5", "0"]);
    }
}
