//! Finds a possible Secret Key in the wrong place, so that no message or log repeats it.
//!
//! In doubt, a text counts as a key: one that was cut, that is written in standard base64 or in
//! hexadecimal, or that follows something else, is as secret as a whole one.

use std::borrow::Cow;
use std::ops::Range;

/// Characters of the shortest secret key (16 bytes).
const SHORTEST: usize = 22;
/// Characters of a piece that would help to guess a key.
const PIECE: usize = 8;
/// More characters than a value of [`LONG_TAGS`] can have.
const LONG: usize = 33;
/// Operator ID (32 bytes are accepted), Access Key ID (32), ApplicationSystemName (30).
const LONG_TAGS: [u32; 3] = [50, 355, 1603];

/// Where a text comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// It is the value of a tag.
    Value(u32),
    /// It is a sentence, which may quote a value.
    Words,
}

/// Whether a text has a part that may be a secret key.
#[must_use]
pub fn may_have_secret(text: &[u8], place: Place) -> bool {
    secrets(text, place).next().is_some()
}

/// The text with `***` for each part that may be a secret key.
#[must_use]
pub fn hidden(text: &[u8], place: Place) -> Cow<'_, [u8]> {
    replaced(text, place, |_| b"***".to_vec())
}

/// The text with an asterisk for each character of a possible secret key: as long as before.
#[must_use]
pub fn starred(text: &[u8], place: Place) -> Cow<'_, [u8]> {
    replaced(text, place, |count| vec![b'*'; count])
}

fn replaced(text: &[u8], place: Place, by: impl Fn(usize) -> Vec<u8>) -> Cow<'_, [u8]> {
    let mut safe = Vec::new();
    let mut done = 0;
    for part in secrets(text, place) {
        safe.extend_from_slice(&text[done..part.start]);
        safe.extend(by(part.len()));
        done = part.end;
    }
    if done == 0 {
        return Cow::Borrowed(text);
    }
    safe.extend_from_slice(&text[done..]);
    Cow::Owned(safe)
}

/// The parts that may be secret keys, or in a value with a key, pieces of one that was broken.
fn secrets(text: &[u8], place: Place) -> impl Iterator<Item = Range<usize>> {
    let is_key = move |part: &Range<usize>| is_secret(&text[part.clone()], text, place);
    let is_broken = matches!(place, Place::Value(_)) && words(text).any(|part| is_key(&part));
    words(text).filter(move |part| is_key(part) || (is_broken && part.len() >= PIECE))
}

/// The parts that have only characters of a key.
fn words(text: &[u8]) -> impl Iterator<Item = Range<usize>> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let start = at + text[at..].iter().position(|byte| is_of_key(*byte))?;
        let rest = &text[start..];
        at = start + rest.iter().position(|byte| !is_of_key(*byte)).unwrap_or(rest.len());
        Some(start..at)
    })
}

fn is_secret(word: &[u8], whole: &[u8], place: Place) -> bool {
    match place {
        // A value that repeats one character is a filler, not a key.
        Place::Value(_) if word.iter().all(|byte| *byte == word[0]) => false,
        Place::Value(tag) if LONG_TAGS.contains(&tag) && whole.trim_ascii().len() < LONG => false,
        Place::Value(_) => word.len() >= SHORTEST,
        // The names of tags are as long, but have no digits.
        Place::Words => {
            let has_both =
                word.iter().any(u8::is_ascii_digit) && word.iter().any(u8::is_ascii_alphabetic);
            word.len() >= LONG || (word.len() >= SHORTEST && has_both)
        }
    }
}

/// A character of base64, in either alphabet, and so of hexadecimal.
fn is_of_key(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"+/-_=".contains(&byte)
}
