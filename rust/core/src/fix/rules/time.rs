//! Whether a text is a UTCTimestamp as CME accepts it.

use crate::key_file::Date;

/// `YYYYMMDD-HH:MM:SS`, with or without `.sss`, of a day and a time that exist.
///
/// CME's field has at most 21 characters, which is the form with milliseconds. A leap second is
/// legal in FIX.
pub(super) fn is_utc_timestamp(text: &[u8]) -> bool {
    let Some((seconds, fraction)) = text.split_at_checked(17) else { return false };
    let [y1, y2, y3, y4, m1, m2, d1, d2, b'-', h1, h2, b':', n1, n2, b':', s1, s2] = *seconds
    else {
        return false;
    };
    let day = [y1, y2, y3, y4, b'-', m1, m2, b'-', d1, d2];
    let is_fraction = match fraction {
        [] => true,
        [b'.', digits @ ..] => digits.len() == 3 && digits.iter().all(u8::is_ascii_digit),
        _ => false,
    };
    is_fraction
        && Date::parse(&day).is_some()
        && below([h1, h2], 24)
        && below([n1, n2], 60)
        && below([s1, s2], 61)
}

fn below(digits: [u8; 2], limit: u8) -> bool {
    digits.iter().all(u8::is_ascii_digit) && (digits[0] - b'0') * 10 + (digits[1] - b'0') < limit
}
