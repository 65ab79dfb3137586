//! Cuts messages out of a byte stream that arrives in any pieces.

use crate::error::FramingError;
use crate::fix::frame::{BEGIN, Frame, Prefix, unfinished};

/// The next part of a byte stream. Offsets count from the beginning of the stream.
#[derive(Clone, PartialEq, Eq)]
pub enum StreamEvent {
    /// One message with right BodyLength and CheckSum.
    Message {
        /// Where it begins.
        offset: u64,
        /// All of its bytes.
        bytes: Vec<u8>,
    },
    /// Bytes that are not a message; reading continues at the next `8=FIX`.
    Garbled {
        /// Where they begin.
        offset: u64,
        /// Why they are not a message.
        error: FramingError,
    },
}

/// Shows the length of a message only; the content does not belong in a log.
impl std::fmt::Debug for StreamEvent {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Message { offset, bytes } => {
                write!(f, "Message({} bytes at {offset})", bytes.len())
            }
            Self::Garbled { offset, error } => write!(f, "Garbled({error:?} at {offset})"),
        }
    }
}

/// Cuts a byte stream into messages.
///
/// Any split of the stream into pieces gives the same events. FIX requires that a garbled message
/// is ignored, because it is sent again to fill the sequence gap; so an error is an event here, and
/// the search for the next message continues. Memory is bounded by the largest message plus the
/// bytes of one [`push`](Self::push), as long as the events are taken out.
pub struct Framer {
    buffer: Vec<u8>,
    /// How many bytes of the buffer are done.
    start: usize,
    /// Stream offset of `buffer[start]`.
    offset: u64,
    /// Whether it searches for the next message, which may begin at `buffer[start]`.
    lost: bool,
    /// Whether the present garbage was reported: consecutive garbage is one event, or a flood of it
    /// would be a flood of events.
    garbled: bool,
    max: usize,
}

/// Shows how many bytes it has, and none of them.
impl std::fmt::Debug for Framer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Framer({} bytes pending at {})", self.pending(), self.offset)
    }
}

impl Framer {
    /// Accepts messages of at most `max` bytes.
    #[must_use]
    pub fn new(max: usize) -> Self {
        Self { buffer: Vec::new(), start: 0, offset: 0, lost: false, garbled: false, max }
    }

    /// Adds received bytes.
    pub fn push(&mut self, bytes: &[u8]) {
        self.buffer.drain(..self.start);
        self.start = 0;
        self.buffer.extend_from_slice(bytes);
    }

    /// How many buffered bytes are not part of an event yet.
    #[must_use]
    pub fn pending(&self) -> usize {
        self.buffer.len() - self.start
    }

    /// How many buffered bytes are an incomplete message if the stream ends now, and why. `None` if
    /// nothing is buffered, or only bytes that were reported as garbled.
    #[must_use]
    pub fn unfinished(&self) -> Option<(usize, FramingError)> {
        let rest = &self.buffer[self.start..];
        if self.lost || rest.is_empty() {
            return None;
        }
        let why = unfinished(rest).unwrap_or_else(|| match Frame::prefix(rest, self.max) {
            Ok(Prefix::Partial { missing }) => FramingError::Truncated { missing },
            Ok(Prefix::Whole(_)) => FramingError::Truncated { missing: None },
            Err(error) => error,
        });
        Some((rest.len(), why))
    }

    /// Takes the next event, or `None` until more bytes come.
    pub fn next_event(&mut self) -> Option<StreamEvent> {
        loop {
            if self.lost && !self.find_begin() {
                return None;
            }
            let offset = self.offset;
            let rest = &self.buffer[self.start..];
            if rest.is_empty() {
                return None;
            }
            match Frame::prefix(rest, self.max) {
                Ok(Prefix::Partial { .. }) => return None,
                Ok(Prefix::Whole(frame)) => {
                    let length = frame.len();
                    let event = match frame.check_sum() {
                        Ok(()) => StreamEvent::Message { offset, bytes: frame.as_bytes().to_vec() },
                        Err(error) => StreamEvent::Garbled { offset, error },
                    };
                    self.skip(length);
                    self.garbled = false;
                    return Some(event);
                }
                Err(error) => {
                    // No message begins here, so the next one begins later.
                    self.skip(1);
                    self.lost = true;
                    if !std::mem::replace(&mut self.garbled, true) {
                        return Some(StreamEvent::Garbled { offset, error });
                    }
                }
            }
        }
    }

    /// Moves to the next `8=FIX`, or to where one may begin when more bytes come.
    fn find_begin(&mut self) -> bool {
        let rest = &self.buffer[self.start..];
        let found = rest.windows(BEGIN.len()).position(|bytes| bytes == BEGIN);
        self.skip(found.unwrap_or(rest.len().saturating_sub(BEGIN.len() - 1)));
        self.lost = found.is_none();
        found.is_some()
    }

    fn skip(&mut self, count: usize) {
        self.start += count;
        self.offset += count as u64;
    }
}
