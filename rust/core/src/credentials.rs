//! The credential fields of a FIX Logon: 354, 355, 1400, 1401 and 1402.

use crate::error::{FieldError, FieldRule};
use crate::fix::fields::name_of;

/// The only value of EncryptedPasswordMethod (1400) that CME accepts.
pub const ALGORITHM: &str = "CME-1-SHA-256";

/// An Access Key ID: EncodedText (355) of a FIX Logon, AccessKeyID of an iLink 3 message.
///
/// CME's have 20 characters of `[A-Za-z0-9]`; tag 355 is Data(32), and it is not public whether `-`
/// and `_` occur. So 1 to 32 characters of `[A-Za-z0-9_-]` are accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AccessKeyId<'a>(&'a str);

impl<'a> AccessKeyId<'a> {
    /// The most characters accepted.
    pub const MAX: usize = 32;

    /// Accepts a well-formed Access Key ID.
    ///
    /// # Errors
    /// [`FieldError`] on tag 355.
    pub fn new(text: &'a str) -> Result<Self, FieldError> {
        let rule = if text.is_empty() {
            FieldRule::Empty
        } else if text.len() > Self::MAX {
            FieldRule::TooLong { max: Self::MAX }
        } else if let Some(at) = text.bytes().position(|b| !is_id_byte(b)) {
            FieldRule::Illegal { at, byte: text.as_bytes()[at] }
        } else {
            return Ok(Self(text));
        };
        Err(FieldError { tag: 355, name: name_of(355), rule })
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &'a str {
        self.0
    }

    /// The bytes as they are sent in tag 355.
    #[must_use]
    pub fn as_bytes(&self) -> &'a [u8] {
        self.0.as_bytes()
    }
}

fn is_id_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_'
}
