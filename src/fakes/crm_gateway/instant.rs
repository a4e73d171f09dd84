//! Dates as ISO 8601 writes them.

/// Nanoseconds since 1970 of a date and time such as `2025-09-01T13:47:59.228Z`; None for any
/// other text. Up to nine digits of a second, and `Z` or an offset.
pub(super) fn instant(text: &str) -> Option<i128> {
    let (date, time) = text.split_once('T')?;
    let (clock, zone) = time.split_at(time.find(['Z', '+', '-'])?);
    let (clock, fraction) = clock.split_once('.').unwrap_or((clock, "0"));
    let [year, month, day] = numbers(date, '-', [4, 2, 2])?;
    let [hour, minute, second] = numbers(clock, ':', [2, 2, 2])?;
    let is_valid = (1..=12).contains(&month)
        && (1..=days_in_month(year, month)).contains(&day)
        && is_time(hour, minute)
        && second < 60;
    if !is_valid {
        return None;
    }
    let minutes = (days_since_1970(year, month, day) * 24 + hour) * 60 + minute - offset(zone)?;
    Some(i128::from(minutes * 60 + second) * 1_000_000_000 + i128::from(nanoseconds(fraction)?))
}

/// The parts of a text with one separator, each with its own number of digits.
fn numbers<const N: usize>(text: &str, separator: char, widths: [usize; N]) -> Option<[i64; N]> {
    let mut parts = text.split(separator);
    let mut found = [0; N];
    for (number, width) in found.iter_mut().zip(widths) {
        *number = digits(parts.next().filter(|part| part.len() == width)?)?;
    }
    parts.next().is_none().then_some(found)
}

fn digits(text: &str) -> Option<i64> {
    // A sign would parse as well.
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok())?
}

fn nanoseconds(fraction: &str) -> Option<i64> {
    let missing = 9_usize.checked_sub(fraction.len())?;
    Some(digits(fraction)? * 10_i64.pow(u32::try_from(missing).ok()?))
}

/// Minutes east of Greenwich.
fn offset(zone: &str) -> Option<i64> {
    if zone == "Z" {
        return Some(0);
    }
    let (sign, size) = match zone.strip_prefix('-') {
        Some(size) => (-1, size),
        None => (1, zone.strip_prefix('+')?),
    };
    let [hours, minutes] = numbers(size, ':', [2, 2])?;
    is_time(hours, minutes).then_some(sign * (hours * 60 + minutes))
}

fn is_time(hours: i64, minutes: i64) -> bool {
    hours < 24 && minutes < 60
}

fn is_leap(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

fn days_in_month(year: i64, month: i64) -> i64 {
    match month {
        2 if is_leap(year) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

fn days_since_1970(year: i64, month: i64, day: i64) -> i64 {
    let days_before = |year: i64| year * 365 + (year + 3) / 4 - (year + 99) / 100 + (year + 399) / 400;
    let months: i64 = (1..month).map(|month| days_in_month(year, month)).sum();
    days_before(year) - days_before(1970) + months + day - 1
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: i128 = 1_000_000_000;

    #[test]
    fn known_instants() {
        for (text, seconds) in [
            ("1970-01-01T00:00:00Z", 0),
            ("1969-12-31T23:59:59Z", -1),
            ("1999-12-31T23:59:59Z", 946_684_799),
            ("2000-03-01T00:00:00Z", 951_868_800),
            ("2024-02-29T12:00:00Z", 1_709_208_000),
            ("2038-01-19T03:14:08Z", 2_147_483_648),
            ("2100-03-01T00:00:00Z", 4_107_542_400),
            ("1600-01-01T00:00:00Z", -11_676_096_000),
            ("0000-01-01T00:00:00Z", -62_167_219_200),
        ] {
            assert_eq!(instant(text), Some(seconds * SECOND), "{text}");
        }
    }

    #[test]
    fn fractions_and_offsets() {
        let whole = instant("2025-09-01T13:47:59Z").expect("a date");
        assert_eq!(instant("2025-09-01T13:47:59.2Z"), Some(whole + 200_000_000));
        assert_eq!(instant("2025-09-01T13:47:59.228Z"), Some(whole + 228_000_000));
        assert_eq!(instant("2025-09-01T13:47:59.000000001Z"), Some(whole + 1));
        assert_eq!(instant("2025-09-01T15:47:59+02:00"), Some(whole));
        assert_eq!(instant("2025-08-31T23:17:59-14:30"), Some(whole));
    }

    #[test]
    fn other_texts_are_no_dates() {
        for text in [
            "",
            "ACTIVE",
            "THIRDPARTY",
            "2025-09-01",
            "2025-09-01T13:47:59",
            "2025-09-01 13:47:59Z",
            "2025-9-01T13:47:59Z",
            "2025-13-01T00:00:00Z",
            "2025-02-29T00:00:00Z",
            "2025-00-01T00:00:00Z",
            "2025-01-00T00:00:00Z",
            "2025-09-01T24:00:00Z",
            "2025-09-01T13:60:00Z",
            "2025-09-01T13:47:60Z",
            "2025-09-01T13:47:59.0000000001Z",
            "2025-09-01T13:47:59Zulu",
            "2025-09-01T13:47:59+2:00",
            "2025-09-01T13:47:59+24:00",
            "+025-09-01T13:47:59Z",
            "2025-09-01T13:47:59é",
        ] {
            assert_eq!(instant(text), None, "{text}");
        }
    }
}
