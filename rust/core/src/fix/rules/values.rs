//! The values of one message that the rules check.

use crate::error::FramingError;
use crate::fix::frame::Frame;

/// Every tag of the tables, ascending.
const TAGS: [u16; 19] =
    [8, 34, 43, 49, 50, 52, 56, 57, 95, 96, 98, 108, 122, 141, 142, 369, 1603, 1604, 1605];

/// The place of a tag's value, plus one; 0 for a tag without a rule.
const SLOTS: [u8; 1606] = {
    let mut slots = [0; 1606];
    let mut n = 0;
    while n < TAGS.len() {
        slots[TAGS[n] as usize] = n as u8 + 1;
        n += 1;
    }
    slots
};

/// The values of one message that the rules check; of a tag that occurs twice, the first.
#[derive(Clone)]
pub struct Values<'a> {
    values: [Option<&'a [u8]>; TAGS.len()],
    repeated: Option<u32>,
}

impl<'a> Values<'a> {
    /// Reads them.
    ///
    /// # Errors
    /// [`FramingError`] if the fields are not well-formed.
    pub fn of(frame: &Frame<'a>) -> Result<Self, FramingError> {
        let mut found = Self { values: [None; TAGS.len()], repeated: None };
        let begin_string = frame.begin_string();
        found.values[0] = Some(&begin_string[2..begin_string.len() - 1]);
        for field in frame.fields() {
            let field = field?;
            let Some(slot) = slot_of(field.tag) else { continue };
            if found.values[slot].is_none() {
                found.values[slot] = Some(field.value);
            } else if found.repeated.is_none() {
                found.repeated = Some(field.tag);
            }
        }
        Ok(found)
    }

    /// The value of a tag that a rule checks.
    #[must_use]
    pub fn get(&self, tag: u32) -> Option<&'a [u8]> {
        self.values[slot_of(tag)?]
    }

    /// A tag that occurs twice: two readers could take different values.
    #[must_use]
    pub fn repeated(&self) -> Option<u32> {
        self.repeated
    }
}

/// Some of the tags that rules check.
#[derive(Default)]
pub(super) struct TagSet(u32);

impl TagSet {
    pub(super) fn has(&self, tag: u32) -> bool {
        self.0 & bit(tag) != 0
    }

    pub(super) fn add(&mut self, tag: u32) {
        self.0 |= bit(tag);
    }
}

fn bit(tag: u32) -> u32 {
    slot_of(tag).map_or(0, |slot| 1 << slot)
}

/// Shows none of the values.
impl std::fmt::Debug for Values<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Values")
    }
}

fn slot_of(tag: u32) -> Option<usize> {
    let slot = SLOTS.get(tag as usize).copied().unwrap_or(0) as usize;
    slot.checked_sub(1)
}
