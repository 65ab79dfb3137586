//! What can be wrong, and what to do about it.
//!
//! No message contains a secret, a signature or a canonical string.

use std::error::Error;
use std::fmt;

/// What is wrong with one field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FieldRule {
    /// The field is missing.
    Missing,
    /// The field has no value.
    Empty,
    /// The field occurs more than once.
    Repeated,
    /// The value contains an illegal byte.
    Illegal {
        /// Where in the value, from 0.
        at: usize,
        /// The byte.
        byte: u8,
    },
    /// The value, or the whole that it is part of, is too long.
    TooLong {
        /// The most bytes allowed.
        max: usize,
    },
    /// The value is not the expected one.
    Unexpected {
        /// The expected value.
        expected: &'static str,
    },
}

impl FieldRule {
    /// The rule's short name, for programs.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Empty => "empty",
            Self::Repeated => "repeated",
            Self::Illegal { .. } => "illegal",
            Self::TooLong { .. } => "too long",
            Self::Unexpected { .. } => "unexpected",
        }
    }
}

/// One field breaks a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FieldError {
    /// FIX tag.
    pub tag: u32,
    /// Name of the tag.
    pub name: &'static str,
    /// The rule it breaks.
    pub rule: FieldRule,
}

impl fmt::Display for FieldError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({}) ", self.name, self.tag)?;
        match self.rule {
            FieldRule::Missing => write!(f, "is missing: add it to the logon"),
            FieldRule::Empty => write!(f, "is empty: give it a value"),
            FieldRule::Repeated => write!(f, "occurs more than once: send it once"),
            FieldRule::Illegal { at, byte } => write!(
                f,
                "contains the illegal byte 0x{byte:02X} at position {}: {}",
                at + 1,
                if self.tag == 355 {
                    "use A-Z a-z 0-9 - _ only"
                } else {
                    "use printable ASCII (0x20 to 0x7E) only"
                }
            ),
            FieldRule::TooLong { max } if self.tag == 355 => {
                write!(f, "is too long: at most {max} characters")
            }
            FieldRule::TooLong { max } => {
                write!(f, "is too long: all signed values together take at most {max} bytes")
            }
            FieldRule::Unexpected { expected } => {
                write!(f, "has an unexpected value: it must be {expected}")
            }
        }
    }
}

impl Error for FieldError {}

/// Bytes that are not one whole, intact FIX message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FramingError {
    /// There are no bytes.
    Empty,
    /// The message does not begin with `8=FIX`.
    BeginString,
    /// BodyLength is not the second field, or not 1 to 6 digits.
    BodyLengthMissing,
    /// The message does not end where BodyLength says.
    BodyLength {
        /// The value of tag 9.
        declared: usize,
        /// The right value, if it is known.
        actual: Option<usize>,
    },
    /// The bytes end before the message does.
    Truncated {
        /// How many more bytes BodyLength announces, if it was read.
        missing: Option<usize>,
    },
    /// The message is larger than allowed.
    TooLong {
        /// The most bytes allowed.
        max: usize,
    },
    /// CheckSum is not what the bytes add up to.
    CheckSum {
        /// The value of tag 10.
        declared: u16,
        /// What the bytes add up to.
        actual: u8,
    },
    /// CheckSum does not have three digits.
    CheckSumForm,
    /// There are bytes after the end of the message.
    TrailingBytes {
        /// How many.
        count: usize,
    },
    /// A field is not `tag=value` closed by SOH.
    MalformedField {
        /// Offset of the field in the message.
        at: usize,
    },
    /// A field that frames the message is in the wrong place.
    Misplaced {
        /// Its tag.
        tag: u32,
    },
    /// A length field is not directly followed by its data field of that length.
    DataLength {
        /// Tag of the length field.
        tag: u32,
    },
    /// A data field has no length field directly before it.
    DataWithoutLength {
        /// Tag of the data field.
        tag: u32,
    },
}

impl fmt::Display for FramingError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Empty => write!(f, "there is no message: give one whole FIX message"),
            Self::BeginString => {
                write!(
                    f,
                    "the message does not begin with 8=FIX... closed by SOH (0x01): give it from its first byte"
                )
            }
            Self::BodyLengthMissing => {
                write!(f, "BodyLength (9) must be the second field, with 1 to 6 digits")
            }
            Self::BodyLength { declared, actual: Some(actual) } => {
                write!(
                    f,
                    "BodyLength (9) is {declared}, but must be {actual}, the bytes of the body"
                )
            }
            Self::BodyLength { declared, actual: None } => write!(
                f,
                "BodyLength (9) is {declared}, but CheckSum (10) is not where the body would end"
            ),
            Self::Truncated { missing: Some(missing) } => {
                write!(f, "the message is truncated: give the {missing} missing bytes as well")
            }
            Self::Truncated { missing: None } => {
                write!(f, "the message is truncated: give the whole message")
            }
            Self::TooLong { max } => {
                write!(f, "the message is too long: at most {max} bytes are accepted")
            }
            Self::CheckSum { declared, actual } => {
                write!(f, "CheckSum (10) is {declared:03}, but must be {actual:03} for these bytes")
            }
            Self::CheckSumForm => write!(f, "CheckSum (10) must have 3 digits, such as 007"),
            Self::TrailingBytes { count } => {
                write!(
                    f,
                    "there are extra bytes after the end of the message ({count}): give one message"
                )
            }
            Self::MalformedField { at } => {
                write!(f, "the field at byte {at} must be tag=value, closed by SOH (0x01)")
            }
            Self::Misplaced { tag } => write!(
                f,
                "tag {tag} is in the wrong place: a message is 8, 9, 35, the other fields, 10"
            ),
            Self::DataLength { tag } => write!(
                f,
                "tag {tag} must give the length of the data field that directly follows it"
            ),
            Self::DataWithoutLength { tag } => {
                write!(f, "data field {tag} must directly follow its length field")
            }
        }
    }
}

impl Error for FramingError {}

/// A logon that cannot be signed or read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogonError {
    /// One field breaks a rule.
    Field(FieldError),
    /// The bytes are not one whole FIX message.
    Framing(FramingError),
}

impl fmt::Display for LogonError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Field(error) => error.fmt(f),
            Self::Framing(error) => error.fmt(f),
        }
    }
}

impl Error for LogonError {}

impl From<FieldError> for LogonError {
    fn from(error: FieldError) -> Self {
        Self::Field(error)
    }
}

impl From<FramingError> for LogonError {
    fn from(error: FramingError) -> Self {
        Self::Framing(error)
    }
}

/// A text that is not a usable secret key. Names the check, never the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SecretKeyError {
    /// White space in the text.
    WhiteSpace,
    /// `+` or `/`: standard base64.
    NotUrlSafe,
    /// Another character outside the alphabet.
    Alphabet,
    /// The wrong number of `=`, or `=` that is not at the end.
    Padding,
    /// The text is not a whole number of bytes: bits of the last character are left over.
    SpareBits,
    /// Fewer bytes than allowed.
    TooShort,
    /// More bytes than allowed.
    TooLong,
}

impl fmt::Display for SecretKeyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the secret key ")?;
        f.write_str(match self {
            Self::WhiteSpace => "contains white space: copy it again, as one word",
            Self::NotUrlSafe => "contains '+' or '/': it must be base64url, with '-' and '_'",
            Self::Alphabet => "contains a character that is not base64url: copy it again",
            Self::Padding => "is wrongly padded: leave out '=', or give exactly the right number",
            Self::SpareBits => "ends in the middle of a byte: it was cut or altered, copy it again",
            Self::TooShort => "is too short: at least 16 bytes (22 characters) are needed",
            Self::TooLong => "is too long: at most 128 bytes (171 characters) are accepted",
        })
    }
}

impl Error for SecretKeyError {}
