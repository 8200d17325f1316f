//! The time: as a person reads it, as HTTP writes it, and as scripts count it.
//!
//! std knows no time zones, so everything here is UTC; a page shows it in the reader's own zone,
//! which only the browser knows. Implements RFC 9110 §5.6.7 (IMF-fixdate).

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Time since the Unix epoch. A clock set before 1970 counts as 1970.
fn since_epoch() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}

/// Seconds since the Unix epoch.
pub fn unix_seconds() -> u64 {
    since_epoch().as_secs()
}

/// Milliseconds since the Unix epoch: what JavaScript calls `Date.now()`.
pub fn unix_millis() -> u64 {
    u64::try_from(since_epoch().as_millis()).unwrap_or(u64::MAX)
}

/// The time of day in UTC, `HH:MM:SS`.
///
/// ```
/// assert_eq!(push_by_hand::clock::time_of_day(784_111_777), "08:49:37");
/// ```
pub fn time_of_day(unix_seconds: u64) -> String {
    // HTTP's date has it as a part.
    String::from_utf8(imf_fixdate(unix_seconds)[17..25].to_vec())
        .expect("a date is ASCII because it is made of digits and letters")
}

/// A date as HTTP writes it, always 29 bytes. Each answer has one: `format!` would take 3,600 more
/// instructions for it, 5 % of what a request on an open connection costs.
///
/// ```
/// assert_eq!(&push_by_hand::clock::imf_fixdate(784_111_777), b"Sun, 06 Nov 1994 08:49:37 GMT");
/// ```
pub fn imf_fixdate(unix_seconds: u64) -> [u8; 29] {
    const DAYS: &[u8] = b"ThuFriSatSunMonTueWed"; // 1 January 1970 was a Thursday.
    const MONTHS: &[u8] = b"JanFebMarAprMayJunJulAugSepOctNovDec";
    let (day, second) = (unix_seconds / 86_400, unix_seconds % 86_400);
    let (year, month, day_of_month) = civil_date(day);
    let mut date = *b"Www, 00 Mmm 0000 00:00:00 GMT";
    let name = |names: &'static [u8], index: u64| {
        names.chunks(3).nth(usize::try_from(index).unwrap_or(0)).unwrap_or(b"???")
    };
    date[0..3].copy_from_slice(name(DAYS, day % 7));
    date[8..11].copy_from_slice(name(MONTHS, month - 1));
    let pairs =
        [day_of_month, year / 100, year % 100, second / 3600, second / 60 % 60, second % 60];
    for (at, pair) in [5, 12, 14, 17, 20, 23].into_iter().zip(pairs) {
        let [.., pair] = pair.to_be_bytes();
        date[at] = b'0' + pair / 10 % 10;
        date[at + 1] = b'0' + pair % 10;
    }
    date
}

/// Year, month and day of the month of a day counted from 1 January 1970, in the Gregorian
/// calendar.
///
/// Years are counted from 1 March, so that the leap day is the last of its year, in cycles of 400
/// years, which are all of one length: 146,097 days.
fn civil_date(day: u64) -> (u64, u64, u64) {
    let day = day + 719_468; // days from 1 March of the year 0 to 1 January 1970
    let (cycle, day) = (day / 146_097, day % 146_097);
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    // From March on, months have 31, 30, 31, 30, 31 days, again and again: 153 days for five.
    let month = (5 * day + 2) / 153;
    let day_of_month = day - (153 * month + 2) / 5 + 1;
    let (year, month) = if month < 10 { (year, month + 3) } else { (year + 1, month - 9) };
    (cycle * 400 + year, month, day_of_month)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_right_at_the_edges_of_the_calendar() {
        for (seconds, date) in [
            (0, "Thu, 01 Jan 1970 00:00:00 GMT"),
            (951_782_399, "Mon, 28 Feb 2000 23:59:59 GMT"),
            (951_782_400, "Tue, 29 Feb 2000 00:00:00 GMT"),
            (951_868_800, "Wed, 01 Mar 2000 00:00:00 GMT"),
            (4_107_542_399, "Sun, 28 Feb 2100 23:59:59 GMT"),
            (4_107_542_400, "Mon, 01 Mar 2100 00:00:00 GMT"),
            (1_767_225_599, "Wed, 31 Dec 2025 23:59:59 GMT"),
            (253_402_300_799, "Fri, 31 Dec 9999 23:59:59 GMT"),
        ] {
            assert_eq!(String::from_utf8_lossy(&imf_fixdate(seconds)), date);
        }
    }

    #[test]
    fn the_time_of_day_starts_again_at_midnight() {
        assert_eq!(time_of_day(86_399), "23:59:59");
        assert_eq!(time_of_day(86_400), "00:00:00");
    }
}
