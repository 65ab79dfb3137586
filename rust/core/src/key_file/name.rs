//! The names of a session and of a pair: compared and looked up often, so stored in place, without
//! allocations.

use std::cmp::Ordering;
use std::fmt;

use crate::credentials;

/// The most characters of a Session ID: iLink takes the first 3 of tag 49, Drop Copy 6.
const MAX_SESSION_ID: usize = 6;
/// The most characters of an Access Key ID.
const MAX_ACCESS_KEY_ID: usize = credentials::AccessKeyId::MAX;

/// 3 or 6 letters and digits.
pub type SessionId = Name<MAX_SESSION_ID>;
/// 1 to 32 letters, digits, `-` and `_`.
pub type AccessKeyId = Name<MAX_ACCESS_KEY_ID>;

/// The Request Center lets a session have two pairs, for up to four weeks.
pub const MAX_PAIRS_PER_SESSION: usize = 2;

/// At most `N` ASCII characters, in alphabetical order.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Name<const N: usize> {
    bytes: [u8; N],
    length: u8,
}

impl<const N: usize> Name<N> {
    /// Takes a text; `None` if it is longer or not ASCII.
    #[must_use]
    pub fn new(text: &[u8]) -> Option<Self> {
        let mut bytes = [0; N];
        bytes.get_mut(..text.len()).filter(|_| text.is_ascii())?.copy_from_slice(text);
        Some(Self { bytes, length: u8::try_from(text.len()).ok()? })
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        // ASCII is UTF-8, so this cannot fail.
        str::from_utf8(&self.bytes[..usize::from(self.length)]).unwrap_or_default()
    }

    fn beginning(&self) -> u64 {
        let mut first = [0; 8];
        let length = N.min(first.len());
        first[..length].copy_from_slice(&self.bytes[..length]);
        u64::from_be_bytes(first)
    }
}

impl<const N: usize> Ord for Name<N> {
    fn cmp(&self, other: &Self) -> Ordering {
        // The first characters, as one number, nearly always decide, with one comparison.
        let rest = || (&self.bytes, self.length).cmp(&(&other.bytes, other.length));
        self.beginning().cmp(&other.beginning()).then_with(rest)
    }
}

impl<const N: usize> PartialOrd for Name<N> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<const N: usize> fmt::Debug for Name<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_str().fmt(f)
    }
}
