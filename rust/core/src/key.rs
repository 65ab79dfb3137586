//! The one MAC: HMAC-SHA-256 with a secret key, and the only file that names `ring`.

use std::sync::Arc;

use base64::engine::general_purpose::{URL_SAFE, URL_SAFE_NO_PAD};
use base64::{DecodeError, DecodeSliceError, Engine as _};
use ring::hmac;
use zeroize::Zeroize as _;

use crate::error::SecretKeyError;

/// Fewest bytes of a decoded secret key. CME's rule is not public; CME's keys have 32.
pub const MIN_KEY: usize = 16;
/// Most bytes of a decoded secret key. CME's rule is not public; a public vector has 48.
pub const MAX_KEY: usize = 128;
/// Bytes of the decoded secret keys that are known: CME's, and that of a public vector. One of
/// another length works, but has most likely lost characters when it was copied.
pub const USUAL_KEYS: [usize; 2] = [32, 48];

/// Characters of a padded text of [`MAX_KEY`] bytes, and the room to decode it in.
const MAX_TEXT: usize = MAX_KEY.div_ceil(3) * 4;

/// A secret key, ready to sign.
///
/// It cannot be printed or read back, and a clone is the same key, not a copy of it. The text and
/// its bytes are wiped once the key is made; the prepared HMAC state inside `ring` is not wiped when
/// the key is dropped, because `ring` offers no way to.
#[derive(Clone)]
pub struct SigningKey(Arc<Prepared>);

struct Prepared {
    length: usize,
    key: hmac::Key,
}

impl SigningKey {
    /// Decodes the Secret Key of a pair: base64url, as the Request Center gives it.
    ///
    /// Strict: no `+`, `/`, white space or spare bits; `=` only in exactly the right amount; 16 to
    /// 128 bytes. The caller wipes `text`.
    ///
    /// # Errors
    /// [`SecretKeyError`] naming the check that failed.
    pub fn from_base64url(text: &[u8]) -> Result<Self, SecretKeyError> {
        // Nearly all texts are good, and there may be thousands: the alphabet is checked again only
        // for an error, where it comes before any other reason.
        Self::decode(text).map_err(|error| alphabet_error(text).unwrap_or(error))
    }

    fn decode(text: &[u8]) -> Result<Self, SecretKeyError> {
        let padded = text.contains(&b'=');
        if padded
            && (!text.len().is_multiple_of(4)
                || text.iter().rev().skip(2).any(|byte| *byte == b'='))
        {
            return Err(SecretKeyError::Padding);
        }
        if text.len() > MAX_TEXT {
            return Err(SecretKeyError::TooLong);
        }
        let mut buffer = Wiped([0; MAX_TEXT]);
        let engine = if padded { &URL_SAFE } else { &URL_SAFE_NO_PAD };
        let decoded = engine.decode_slice(text, &mut buffer.0);
        let length = decoded.map_err(|error| match error {
            DecodeSliceError::DecodeError(DecodeError::InvalidLastSymbol { .. }) => {
                SecretKeyError::SpareBits
            }
            _ if padded => SecretKeyError::Padding,
            _ => SecretKeyError::SpareBits,
        })?;
        match length {
            MIN_KEY..=MAX_KEY => Ok(Self(Arc::new(Prepared {
                length,
                key: hmac::Key::new(hmac::HMAC_SHA256, &buffer.0[..length]),
            }))),
            ..MIN_KEY => Err(SecretKeyError::TooShort),
            _ => Err(SecretKeyError::TooLong),
        }
    }

    /// Bytes of the decoded secret key.
    #[must_use]
    pub fn length(&self) -> usize {
        self.0.length
    }

    /// Whether it has a length that secret keys are known to have.
    #[must_use]
    pub fn has_usual_length(&self) -> bool {
        USUAL_KEYS.contains(&self.0.length)
    }

    /// Signs `message`.
    #[inline]
    #[must_use]
    pub fn sign(&self, message: &[u8]) -> Signature {
        let tag = hmac::sign(&self.0.key, message);
        let mut bytes = [0; Signature::LEN];
        bytes.copy_from_slice(tag.as_ref());
        Signature(bytes)
    }

    /// Whether `signature` is this key's over `message`, compared in constant time.
    ///
    /// A signature is 32 bytes; a truncated or longer one is never valid.
    #[must_use]
    pub fn verify(&self, message: &[u8], signature: &[u8]) -> bool {
        hmac::verify(&self.0.key, message, signature).is_ok()
    }
}

/// The text of a secret key, used as a key without decoding it: the commonest mistake of a client.
///
/// For diagnosis only. It cannot sign, and no [`SigningKey`] contains one.
#[derive(Clone)]
pub struct DiagnosisKey(Arc<hmac::Key>);

impl DiagnosisKey {
    /// Takes the Secret Key of a pair as it is written. The caller wipes `text`.
    #[must_use]
    pub fn from_text(text: &[u8]) -> Self {
        Self(Arc::new(hmac::Key::new(hmac::HMAC_SHA256, text)))
    }

    /// Whether `signature` was made over `message` with this text, compared in constant time.
    #[must_use]
    pub fn made(&self, message: &[u8], signature: &[u8]) -> bool {
        hmac::verify(&self.0, message, signature).is_ok()
    }
}

impl std::fmt::Debug for DiagnosisKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("DiagnosisKey([redacted])")
    }
}

/// Room for a decoded secret, which is wiped as a slice: an array is wiped byte by byte, which takes
/// as long as decoding.
struct Wiped([u8; MAX_TEXT]);

impl Drop for Wiped {
    fn drop(&mut self) {
        self.0[..].zeroize();
    }
}

/// The error for the first character that is not base64url.
fn alphabet_error(text: &[u8]) -> Option<SecretKeyError> {
    let wrong = |byte: &&u8| !(byte.is_ascii_alphanumeric() || b"-_=".contains(byte));
    text.iter().find(wrong).map(|byte| match byte {
        b'+' | b'/' => SecretKeyError::NotUrlSafe,
        b if b.is_ascii_whitespace() => SecretKeyError::WhiteSpace,
        _ => SecretKeyError::Alphabet,
    })
}

impl std::fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SigningKey([redacted])")
    }
}

/// An HMAC-SHA-256 signature.
///
/// It has no `==`: compare with [`SigningKey::verify`], in constant time.
#[derive(Clone, Copy)]
pub struct Signature([u8; Self::LEN]);

impl Signature {
    /// Bytes of a signature.
    pub const LEN: usize = 32;
    /// Characters of a signature as base64url without padding.
    pub const TEXT_LEN: usize = 43;

    /// Takes a signature that another signer made.
    #[must_use]
    pub fn from_bytes(bytes: [u8; Self::LEN]) -> Self {
        Self(bytes)
    }

    /// Reads exactly 43 characters of base64url with no spare bits; `None` otherwise.
    #[must_use]
    pub fn from_base64url(text: &[u8]) -> Option<Self> {
        let mut buffer = [0; Self::LEN + 1];
        if text.len() != Self::TEXT_LEN {
            return None;
        }
        let length = URL_SAFE_NO_PAD.decode_slice(text, &mut buffer).ok()?;
        buffer[..length].try_into().ok().map(Self)
    }

    /// The raw bytes, as iLink 3 sends them.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; Self::LEN] {
        &self.0
    }

    /// base64url without padding, as tag 1402 carries it.
    #[inline]
    #[must_use]
    pub fn to_base64url(&self) -> [u8; Self::TEXT_LEN] {
        let mut text = [0; Self::TEXT_LEN];
        // 32 bytes always fill 43 characters, so this cannot fail.
        let written = URL_SAFE_NO_PAD.encode_slice(self.0, &mut text);
        debug_assert_eq!(written, Ok(Self::TEXT_LEN));
        text
    }
}

impl std::fmt::Debug for Signature {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Signature([redacted])")
    }
}
