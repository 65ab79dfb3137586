//! Where one message begins and ends: BeginString, BodyLength and CheckSum.

use crate::error::FramingError;
use crate::fix::fields::{Fields, SOH, read_number};

/// The largest message accepted by default, in bytes.
pub const MAX_MESSAGE: usize = 65_536;

/// `8=FIX`, the beginning of every message.
pub(crate) const BEGIN: &[u8] = b"8=FIX";
/// Room for the BeginString field: `8=FIXT.1.1` and its SOH, with some to spare.
const MAX_BEGIN: usize = 16;
/// `10=ddd` and its SOH.
const TRAILER: usize = 7;
/// `ddd`.
const DIGITS: usize = 3;

/// One message whose BodyLength points to its CheckSum.
#[derive(Clone, Copy)]
pub struct Frame<'a> {
    bytes: &'a [u8],
    begin_end: usize,
    body: usize,
    trailer: usize,
}

/// Shows the length only; the content does not belong in a log.
impl std::fmt::Debug for Frame<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Frame({} bytes)", self.bytes.len())
    }
}

/// What a byte stream begins with.
pub(crate) enum Prefix<'a> {
    Whole(Frame<'a>),
    Partial { missing: Option<usize> },
}

impl<'a> Frame<'a> {
    /// Frames bytes that must be exactly one message of at most `max` bytes, and checks its
    /// CheckSum.
    ///
    /// # Errors
    /// [`FramingError`] saying what is wrong and, if it is known, what would be right.
    pub fn parse(bytes: &'a [u8], max: usize) -> Result<Self, FramingError> {
        if bytes.is_empty() {
            return Err(FramingError::Empty);
        }
        if bytes.len() > max {
            return Err(FramingError::TooLong { max });
        }
        match Self::prefix(bytes, max) {
            Ok(Prefix::Whole(frame)) if frame.len() == bytes.len() => {
                frame.check_sum()?;
                Ok(frame)
            }
            Ok(Prefix::Whole(frame)) => {
                Err(FramingError::TrailingBytes { count: bytes.len() - frame.len() })
            }
            Ok(Prefix::Partial { missing }) => {
                Err(body_length(bytes).unwrap_or(FramingError::Truncated { missing }))
            }
            Err(error @ FramingError::BodyLength { .. }) => {
                Err(body_length(bytes).unwrap_or(error))
            }
            Err(error) => Err(error),
        }
    }

    /// Frames the message at the beginning of `bytes`. The result depends only on the bytes that
    /// were needed for it, so any split of a stream gives the same result.
    pub(crate) fn prefix(bytes: &'a [u8], max: usize) -> Result<Prefix<'a>, FramingError> {
        let Some(begin_end) = begin_string(bytes)? else {
            return Ok(Prefix::Partial { missing: None });
        };
        let Some((declared, used)) = read_body_length(&bytes[begin_end..])? else {
            return Ok(Prefix::Partial { missing: None });
        };
        let body = begin_end + used;
        let trailer = body + declared;
        let len = trailer + TRAILER;
        if len > max {
            return Err(FramingError::TooLong { max });
        }
        let Some(bytes) = bytes.get(..len) else {
            return Ok(Prefix::Partial { missing: Some(len - bytes.len()) });
        };
        if bytes[trailer - 1] != SOH || !is_trailer(&bytes[trailer..]) {
            let none = FramingError::BodyLength { declared, actual: None };
            return Err(unfinished(bytes).unwrap_or(none));
        }
        Ok(Prefix::Whole(Self { bytes, begin_end, body, trailer }))
    }

    /// Frames bytes that end in a CheckSum field, without checking its value or BodyLength's.
    ///
    /// For diagnosis only: signing and verifying never use it.
    #[must_use]
    pub fn unchecked(bytes: &'a [u8]) -> Option<Self> {
        let begin_end = bytes.iter().position(|byte| *byte == SOH)? + 1;
        let (_, used) = read_body_length(&bytes[begin_end..]).ok()??;
        let body = begin_end + used;
        let trailer = bytes.len().checked_sub(TRAILER)?;
        (trailer >= body && bytes[trailer - 1] == SOH && is_trailer(&bytes[trailer..]))
            .then_some(Self { bytes, begin_end, body, trailer })
    }

    /// Frames a draft: BodyLength and CheckSum may be wrong, of any form, or missing.
    ///
    /// For `draft` only, which computes both again: the frame is that of the fields in between.
    pub(crate) fn draft(bytes: &'a [u8]) -> Result<Self, FramingError> {
        if bytes.is_empty() {
            return Err(FramingError::Empty);
        }
        let cut = FramingError::Truncated { missing: None };
        let begin_end = begin_string(bytes)?.ok_or(cut)?;
        let mut body = begin_end;
        if bytes[body..].starts_with(b"9=") {
            body += bytes[body..].iter().position(|byte| *byte == SOH).ok_or(cut)? + 1;
        }
        let fields = bytes[body..].strip_suffix(&[SOH]).unwrap_or(&bytes[body..]);
        let last = body + fields.iter().rposition(|byte| *byte == SOH).map_or(0, |soh| soh + 1);
        let trailer = if bytes[last..].starts_with(b"10=") { last } else { bytes.len() };
        if bytes[trailer - 1] != SOH {
            return Err(cut);
        }
        Ok(Self { bytes, begin_end, body, trailer })
    }

    /// Checks CheckSum against the bytes.
    pub(crate) fn check_sum(&self) -> Result<(), FramingError> {
        let digits = &self.bytes[self.trailer + 3..self.trailer + 6];
        let declared = digits.iter().fold(0, |sum, digit| sum * 10 + u16::from(digit - b'0'));
        let actual = check_sum(&self.bytes[..self.trailer]);
        if declared == u16::from(actual) {
            Ok(())
        } else {
            Err(FramingError::CheckSum { declared, actual })
        }
    }

    /// All bytes of the message.
    #[must_use]
    pub fn as_bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// The BeginString field with its SOH.
    #[must_use]
    pub fn begin_string(&self) -> &'a [u8] {
        &self.bytes[..self.begin_end]
    }

    /// The fields between BodyLength and CheckSum.
    #[must_use]
    pub fn fields(&self) -> Fields<'a> {
        Fields::new(self.bytes, self.body, self.trailer)
    }

    /// Where the body begins and ends in the message.
    #[must_use]
    pub fn body(&self) -> std::ops::Range<usize> {
        self.body..self.trailer
    }

    pub(crate) fn len(&self) -> usize {
        self.bytes.len()
    }
}

/// Writes the message of a body: BodyLength (9) before it and CheckSum (10) after it.
///
/// `begin_string` is the whole field BeginString (8), with its SOH.
#[must_use]
pub fn framed(begin_string: &[u8], body: &[u8]) -> Vec<u8> {
    let mut whole = Vec::with_capacity(begin_string.len() + body.len() + 16);
    whole.extend_from_slice(begin_string);
    whole.extend_from_slice(format!("9={}\x01", body.len()).as_bytes());
    whole.extend_from_slice(body);
    let sum = check_sum(&whole);
    whole.extend_from_slice(format!("10={sum:03}\x01").as_bytes());
    whole
}

/// The sum of all bytes, modulo 256.
pub(crate) fn check_sum(bytes: &[u8]) -> u8 {
    bytes.iter().fold(0, |sum: u8, byte| sum.wrapping_add(*byte))
}

/// Whether `bytes` begin with `pattern`, or are the beginning of it.
fn starts_like(bytes: &[u8], pattern: &[u8]) -> bool {
    let common = bytes.len().min(pattern.len());
    bytes[..common] == pattern[..common]
}

/// Where the BeginString field ends, or `None` if more bytes are needed.
fn begin_string(bytes: &[u8]) -> Result<Option<usize>, FramingError> {
    if !starts_like(bytes, BEGIN) {
        return Err(FramingError::BeginString);
    }
    let Some(soh) = bytes.iter().take(MAX_BEGIN).position(|byte| *byte == SOH) else {
        return if bytes.len() < MAX_BEGIN { Ok(None) } else { Err(FramingError::BeginString) };
    };
    let version = |b: &u8| b.is_ascii_uppercase() || b.is_ascii_digit() || *b == b'.';
    if !bytes[2..soh].iter().all(version) {
        return Err(FramingError::BeginString);
    }
    Ok(Some(soh + 1))
}

/// Reads `9=digits SOH`: the number and the bytes it took, or `None` if more bytes are needed.
fn read_body_length(bytes: &[u8]) -> Result<Option<(usize, usize)>, FramingError> {
    const FIELD: usize = 2 + 6 + 1;
    if !starts_like(bytes, b"9=") {
        return Err(FramingError::BodyLengthMissing);
    }
    let digits = bytes.get(2..).unwrap_or_default();
    let field = &digits[..digits.len().min(FIELD - 2)];
    match field.iter().position(|byte| !byte.is_ascii_digit()) {
        Some(soh) if field[soh] == SOH => {
            let number = read_number(&field[..soh]).ok_or(FramingError::BodyLengthMissing)?;
            Ok(Some((number, 2 + soh + 1)))
        }
        Some(_) => Err(FramingError::BodyLengthMissing),
        None if field.len() == FIELD - 2 => Err(FramingError::BodyLengthMissing),
        None => Ok(None),
    }
}

fn is_trailer(bytes: &[u8]) -> bool {
    bytes.len() == TRAILER
        && bytes.starts_with(b"10=")
        && bytes[3..6].iter().all(u8::is_ascii_digit)
        && bytes[6] == SOH
}

/// Why bytes are not a whole message, if their CheckSum shows it: it comes too early, or does not
/// have three digits.
pub(crate) fn unfinished(bytes: &[u8]) -> Option<FramingError> {
    let begin_end = begin_string(bytes).ok()??;
    let (declared, used) = read_body_length(&bytes[begin_end..]).ok()??;
    let body = begin_end + used;
    // From the SOH that ends BodyLength.
    let fields = bytes.get(body - 1..)?;
    let actual = fields.windows(4).position(|bytes| bytes == b"\x0110=")?;
    if fields[..actual].windows(BEGIN.len()).any(|bytes| bytes == BEGIN) {
        return None; // it was cut, and the CheckSum is the next message's
    }
    if actual != declared {
        return Some(FramingError::BodyLength { declared, actual: Some(actual) });
    }
    let sum = &bytes[body + actual + 3..];
    let digits = match sum.iter().position(|byte| *byte == SOH) {
        Some(end) => &sum[..end],
        None if sum.len() > DIGITS => sum,
        None => return None, // more digits may follow
    };
    let is_right = digits.len() == DIGITS && digits.iter().all(u8::is_ascii_digit);
    (!is_right).then_some(FramingError::CheckSumForm)
}

/// The right BodyLength of a message that ends in a CheckSum, but not where BodyLength says.
fn body_length(bytes: &[u8]) -> Option<FramingError> {
    let frame = Frame::unchecked(bytes)?;
    let (declared, _) = read_body_length(&bytes[frame.begin_end..]).ok()??;
    Some(FramingError::BodyLength { declared, actual: Some(frame.trailer - frame.body) })
}
