//! One Logon: raw bytes to signed bytes, and signed bytes to a verdict.

use crate::canonical::CanonicalString;
use crate::credentials::{ALGORITHM, AccessKeyId};
use crate::error::{FieldError, FieldRule, FramingError, LogonError};
use crate::fix::fields::{SOH, name_of};
use crate::fix::frame::{Frame, MAX_MESSAGE, check_sum};
use crate::key::{Signature, SigningKey};
use crate::profile::FIX_LOGON;

const SIGNED: usize = FIX_LOGON.fields.len();

/// Fields that signing leaves out: the credentials that it replaces, the old password (95, 96),
/// and EncryptMethod (98): CME's certification refuses a Logon that has it.
const CUT: [u32; 8] = [95, 96, 98, 354, 355, 1400, 1401, 1402];

/// The role of a tag in a logon: 0 none, `1 + n` the n-th signed field, `1 + SIGNED + n` the n-th
/// of `CUT`. A table of all tags up to the highest, so that a field needs one look-up.
const ROLES: [u8; 1606] = {
    let mut roles = [0; 1606];
    let mut n = 0;
    while n < SIGNED {
        roles[FIX_LOGON.fields[n].tag as usize] = 1 + n as u8;
        n += 1;
    }
    n = 0;
    while n < CUT.len() {
        roles[CUT[n] as usize] = (1 + SIGNED + n) as u8;
        n += 1;
    }
    roles
};

/// A Logon (35=A), scanned once.
#[derive(Clone)]
pub struct Logon<'a> {
    frame: Frame<'a>,
    /// Values of the signed fields.
    signed: [Option<&'a [u8]>; SIGNED],
    /// Values of the fields of `CUT`.
    cut: [Option<&'a [u8]>; CUT.len()],
    /// Ranges of the body that signing leaves out.
    cuts: [(usize, usize); CUT.len()],
    cut_count: usize,
}

/// Shows the length only; the content does not belong in a log.
impl std::fmt::Debug for Logon<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Logon({} bytes)", self.frame.len())
    }
}

impl<'a> Logon<'a> {
    /// Scans one whole message that must be a Logon.
    ///
    /// # Errors
    /// [`LogonError`] if the bytes are not one intact message, if MsgType is not `A`, or if a
    /// signed field or a credential field occurs twice. Signed fields that are missing or illegal
    /// are refused by [`canonical`](Self::canonical).
    #[inline]
    pub fn parse(message: &'a [u8]) -> Result<Self, LogonError> {
        let frame = Frame::parse(message, MAX_MESSAGE)?;
        let mut logon = Self {
            frame,
            signed: [None; SIGNED],
            cut: [None; CUT.len()],
            cuts: [(0, 0); CUT.len()],
            cut_count: 0,
        };
        for field in frame.fields() {
            let field = field?;
            if field.tag == 35 && field.value != b"A" {
                return Err(refuse(35, FieldRule::Unexpected { expected: "A, for a Logon" }).into());
            }
            let role = ROLES.get(field.tag as usize).copied().unwrap_or(0) as usize;
            if role == 0 {
                continue;
            }
            let slot = match role.checked_sub(1 + SIGNED) {
                None => &mut logon.signed[role - 1],
                Some(cut) => &mut logon.cut[cut],
            };
            if slot.is_some() {
                return Err(refuse(field.tag, FieldRule::Repeated).into());
            }
            *slot = Some(field.value);
            if role > SIGNED {
                logon.cuts[logon.cut_count] = (field.start, field.end);
                logon.cut_count += 1;
            }
        }
        Ok(logon)
    }

    /// The framed message.
    #[must_use]
    pub fn frame(&self) -> &Frame<'a> {
        &self.frame
    }

    /// The signed values in the order of [`FIX_LOGON`]; `None` where a field is missing.
    #[must_use]
    pub fn values(&self) -> [Option<&'a [u8]>; SIGNED] {
        self.signed
    }

    /// The bytes that are signed.
    ///
    /// # Errors
    /// [`FieldError`] naming the first signed field that is missing, empty or illegal.
    #[inline]
    pub fn canonical(&self) -> Result<CanonicalString, FieldError> {
        FIX_LOGON.canonical(&self.signed)
    }

    /// Signs the canonical string, whatever credentials the logon already carries.
    ///
    /// # Errors
    /// As [`canonical`](Self::canonical); nothing is signed then.
    #[inline]
    pub fn sign(&self, key: &SigningKey) -> Result<Signature, FieldError> {
        FIX_LOGON.sign(key, &self.signed)
    }

    /// The value of EncodedText (355).
    ///
    /// # Errors
    /// [`FieldError`] if it is missing or empty.
    pub fn access_key_id(&self) -> Result<&'a [u8], FieldError> {
        self.credential(355)
    }

    /// EncryptedPassword (1402), if it and its EncryptedPasswordMethod (1400) are well-formed.
    ///
    /// # Errors
    /// [`FieldError`] if either is missing, 1400 is not [`ALGORITHM`], or 1402 is not exactly 43
    /// characters of base64url.
    pub fn signature(&self) -> Result<Signature, FieldError> {
        if self.credential(1400)? != ALGORITHM.as_bytes() {
            return Err(refuse(1400, FieldRule::Unexpected { expected: ALGORITHM }));
        }
        Signature::from_base64url(self.credential(1402)?).ok_or_else(|| {
            let expected = "43 characters of base64url without padding";
            refuse(1402, FieldRule::Unexpected { expected })
        })
    }

    fn credential(&self, tag: u32) -> Result<&'a [u8], FieldError> {
        match self.cut[ROLES[tag as usize] as usize - 1 - SIGNED] {
            Some([]) => Err(refuse(tag, FieldRule::Empty)),
            Some(value) => Ok(value),
            None => Err(refuse(tag, FieldRule::Missing)),
        }
    }

    /// Bytes of the signed message for this Access Key ID.
    ///
    /// # Errors
    /// [`FramingError::TooLong`] if the message would be too long to be read.
    pub fn signed_len(&self, access_key: AccessKeyId<'_>) -> Result<usize, FramingError> {
        let body = self.signed_body_len(access_key);
        let len = self.frame.begin_string().len() + 2 + decimal_len(body) + 1 + body + 7;
        if len <= MAX_MESSAGE { Ok(len) } else { Err(FramingError::TooLong { max: MAX_MESSAGE }) }
    }

    fn signed_body_len(&self, access_key: AccessKeyId<'_>) -> usize {
        let cut: usize = self.cuts[..self.cut_count].iter().map(|(from, to)| to - from).sum();
        let id = access_key.as_bytes().len();
        let fields = "354=".len() + decimal_len(id) + 1 + "355=".len() + id + 1;
        let method = "1400=".len() + ALGORITHM.len() + 1;
        let signature = "1401=43".len() + 1 + "1402=".len() + Signature::TEXT_LEN + 1;
        self.frame.body().len() - cut + fields + method + signature
    }

    /// Writes the message with these credentials at the end of its body, and with new 9 and 10.
    ///
    /// # Panics
    /// If `out` is not [`signed_len`](Self::signed_len) bytes long.
    pub fn write_signed(&self, access_key: AccessKeyId<'_>, signature: &Signature, out: &mut [u8]) {
        let mut out = Output { out, at: 0 };
        out.put(self.frame.begin_string());
        out.put(b"9=");
        out.decimal(self.signed_body_len(access_key));
        out.put(&[SOH]);

        let body = self.frame.body();
        let mut from = body.start;
        for (cut_start, cut_end) in &self.cuts[..self.cut_count] {
            out.put(&self.frame.as_bytes()[from..*cut_start]);
            from = *cut_end;
        }
        out.put(&self.frame.as_bytes()[from..body.end]);

        out.put(b"354=");
        out.decimal(access_key.as_bytes().len());
        out.put(b"\x01355=");
        out.put(access_key.as_bytes());
        out.put(b"\x011400=");
        out.put(ALGORITHM.as_bytes());
        out.put(b"\x011401=43\x011402=");
        out.put(&signature.to_base64url());
        out.put(&[SOH]);

        let sum = check_sum(&out.out[..out.at]);
        out.put(&[b'1', b'0', b'=', b'0' + sum / 100, b'0' + sum / 10 % 10, b'0' + sum % 10, SOH]);
        assert_eq!(out.at, out.out.len(), "the output must have the length that signed_len gives");
    }
}

/// Signs a raw Logon: afterwards `out` contains the signed message and nothing else.
///
/// 98, 95, 96 and old credentials are left out; 354, 355, 1400, 1401 and 1402 come at the end of
/// the body; 9 and 10 are computed again. Allocates only if `out` is too small.
///
/// # Errors
/// [`LogonError`] as from [`Logon::parse`], [`Logon::canonical`] and [`Logon::signed_len`]; then
/// `out` is empty.
pub fn sign_logon(
    key: &SigningKey,
    access_key: AccessKeyId<'_>,
    message: &[u8],
    out: &mut Vec<u8>,
) -> Result<(), LogonError> {
    out.clear();
    let logon = Logon::parse(message)?;
    let length = logon.signed_len(access_key)?;
    let signature = FIX_LOGON.sign(key, &logon.signed)?;
    out.resize(length, 0);
    logon.write_signed(access_key, &signature, out);
    Ok(())
}

/// What verification found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// The signature is that of the key over the logon's canonical string.
    Valid,
    /// The logon cannot be read, or a field of it breaks a rule.
    Unreadable(LogonError),
    /// There is no key for its Access Key ID.
    UnknownAccessKey,
    /// The signature is wrong.
    SignatureMismatch,
}

/// Verifies a signed Logon with the key that `key_for` returns for its Access Key ID.
///
/// Does not check the session, the time or the life of the key: the caller must.
pub fn verify_logon<'k>(
    message: &[u8],
    key_for: impl FnOnce(&[u8]) -> Option<&'k SigningKey>,
) -> Verdict {
    verify(message, key_for).unwrap_or_else(Verdict::Unreadable)
}

#[inline]
fn verify<'k>(
    message: &[u8],
    key_for: impl FnOnce(&[u8]) -> Option<&'k SigningKey>,
) -> Result<Verdict, LogonError> {
    let logon = Logon::parse(message)?;
    let canonical = logon.canonical()?;
    let signature = logon.signature()?;
    Ok(match key_for(logon.access_key_id()?) {
        None => Verdict::UnknownAccessKey,
        Some(key) if key.verify(canonical.as_bytes(), signature.as_bytes()) => Verdict::Valid,
        Some(_) => Verdict::SignatureMismatch,
    })
}

#[cold]
fn refuse(tag: u32, rule: FieldRule) -> FieldError {
    FieldError { tag, name: name_of(tag), rule }
}

/// A cursor over the output.
struct Output<'a> {
    out: &'a mut [u8],
    at: usize,
}

impl Output<'_> {
    #[inline]
    fn put(&mut self, bytes: &[u8]) {
        self.out[self.at..self.at + bytes.len()].copy_from_slice(bytes);
        self.at += bytes.len();
    }

    fn decimal(&mut self, number: usize) {
        let end = self.at + decimal_len(number);
        let mut rest = number;
        for slot in self.out[self.at..end].iter_mut().rev() {
            *slot = b'0' + (rest % 10) as u8;
            rest /= 10;
        }
        self.at = end;
    }
}

fn decimal_len(number: usize) -> usize {
    number.checked_ilog10().map_or(1, |log| log as usize + 1)
}
