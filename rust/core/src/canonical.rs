//! The one canonicaliser: field values in, signed bytes out.

use crate::error::{FieldError, FieldRule};
use crate::key::{Signature, SigningKey};
use crate::profile::Profile;

/// The most bytes of a canonical string.
///
/// CME's widest values add up to about 170; a longer string is a mistake, not a logon.
pub const CAPACITY: usize = 256;

const DELIMITER: u8 = b'\n';

/// The bytes that are signed, on the stack.
///
/// Values only, in the order of the profile, one `\n` between two values, none before the first
/// or after the last. Two different sets of values never have the same canonical string: a value is
/// at least one printable ASCII character, so it cannot contain the delimiter or be empty.
pub struct CanonicalString {
    bytes: [u8; CAPACITY],
    len: usize,
}

impl CanonicalString {
    /// The bytes to sign.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes[..self.len]
    }

    /// A buffer full of delimiters, with length 0.
    #[inline]
    fn blank() -> Self {
        Self { bytes: [DELIMITER; CAPACITY], len: 0 }
    }

    /// How many of its bytes are printable.
    ///
    /// Whole blocks and a narrow counter compile to vector instructions. The bytes after the string
    /// in its last block are delimiters, which do not count.
    #[inline]
    fn printable(&self) -> usize {
        const BLOCK: usize = 32;
        let count = |block: &[u8]| {
            block.iter().fold(0_u8, |n, byte| n.wrapping_add(u8::from(is_printable(*byte))))
        };
        let blocks = self.bytes.chunks_exact(BLOCK).take(self.len.div_ceil(BLOCK));
        blocks.map(|block| usize::from(count(block))).sum()
    }
}

/// Shows the length only; the content does not belong in a log.
impl std::fmt::Debug for CanonicalString {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "CanonicalString({} bytes)", self.len)
    }
}

impl<const N: usize> Profile<N> {
    /// Builds the canonical string of `values`, given in the profile's order.
    ///
    /// # Errors
    /// [`FieldError`] naming the first field that is missing (`None`), is empty, contains a byte
    /// outside printable ASCII (0x20 to 0x7E), or makes the string longer than [`CAPACITY`]. CME's
    /// rule for such values is not public, and peers disagree, so nothing is guessed.
    #[inline]
    pub fn canonical(&self, values: &[Option<&[u8]>; N]) -> Result<CanonicalString, FieldError> {
        let mut string = CanonicalString::blank();
        self.fill(&mut string, values)?;
        Ok(string)
    }

    /// Signs `values`, given in the profile's order, with `key`.
    ///
    /// The same as signing the bytes of [`canonical`](Self::canonical), but faster: the string is
    /// signed in place, and not moved to the caller first.
    ///
    /// # Errors
    /// As [`canonical`](Self::canonical); nothing is signed then.
    #[inline]
    pub fn sign(
        &self,
        key: &SigningKey,
        values: &[Option<&[u8]>; N],
    ) -> Result<Signature, FieldError> {
        let mut string = CanonicalString::blank();
        self.fill(&mut string, values)?;
        Ok(key.sign(string.as_bytes()))
    }

    /// Writes the values into a blank string.
    #[inline(always)]
    fn fill(
        &self,
        string: &mut CanonicalString,
        values: &[Option<&[u8]>; N],
    ) -> Result<(), FieldError> {
        const { assert!(N > 0, "a profile signs at least one field") }
        let mut start = 0;
        for (index, value) in values.iter().enumerate() {
            let Some(value) = *value else {
                return Err(self.refuse(index, FieldRule::Missing));
            };
            if value.is_empty() {
                return Err(self.refuse(index, FieldRule::Empty));
            }
            let end = start + value.len();
            let Some(slot) = string.bytes.get_mut(start..end) else {
                return Err(self.refuse(index, FieldRule::TooLong { max: CAPACITY }));
            };
            copy_value(slot, value);
            string.len = end;
            // The delimiter after this value is already there.
            start = end + 1;
        }
        // One pass over the whole string is faster than one per value: if all values are legal,
        // only the delimiters are unprintable.
        if string.printable() + (N - 1) == string.len {
            Ok(())
        } else {
            Err(self.first_illegal(values))
        }
    }

    #[cold]
    fn first_illegal(&self, values: &[Option<&[u8]>; N]) -> FieldError {
        let found = values.iter().enumerate().find_map(|(index, value)| {
            let at = value.iter().flat_map(|v| v.iter()).position(|b| !is_printable(*b))?;
            value.map(|v| self.refuse(index, FieldRule::Illegal { at, byte: v[at] }))
        });
        // The count says that there is one; if the count is wrong, it is still refused.
        found.unwrap_or_else(|| self.refuse(0, FieldRule::Missing))
    }

    #[cold]
    fn refuse(&self, index: usize, rule: FieldRule) -> FieldError {
        let field = self.fields[index];
        FieldError { tag: field.tag, name: field.name, rule }
    }
}

fn is_printable(byte: u8) -> bool {
    byte.wrapping_sub(0x20) < 0x5F
}

/// Copies a value in moves of a fixed size; the last one may overlap the one before.
///
/// Most values are a few bytes long. Each of these moves is one instruction; a copy whose length is
/// known only at run time is a call.
#[inline(always)]
fn copy_value(to: &mut [u8], from: &[u8]) {
    let len = from.len();
    assert_eq!(to.len(), len, "a slot must be as long as its value");
    match len {
        0 => {}
        // First, middle and last byte.
        1..4 => [0, len / 2, len - 1].into_iter().for_each(|at| to[at] = from[at]),
        4..8 => {
            to[..4].copy_from_slice(&from[..4]);
            to[len - 4..].copy_from_slice(&from[len - 4..]);
        }
        _ => {
            for at in (0..len - 8).step_by(8) {
                to[at..at + 8].copy_from_slice(&from[at..at + 8]);
            }
            to[len - 8..].copy_from_slice(&from[len - 8..]);
        }
    }
}
