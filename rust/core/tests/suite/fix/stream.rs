//! Messages from a byte stream, however it is cut.

use FramingError::{BeginString, BodyLength, CheckSum, TooLong};
use gatepass_core::{Framer, FramingError, StreamEvent};
use proptest::prelude::*;
use proptest::sample::Index;

use crate::build::{BODY, SOH, cases, find, framed, logon, logon_fields, resummed, soh};

const MAX: usize = 4_096;

/// All events of a stream that comes in these pieces.
fn events<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> Vec<StreamEvent> {
    let mut framer = Framer::new(MAX);
    let mut events = Vec::new();
    for piece in pieces {
        framer.push(piece);
        events.extend(std::iter::from_fn(|| framer.next_event()));
        assert!(framer.pending() < MAX);
    }
    events
}

fn message(offset: usize, bytes: &[u8]) -> StreamEvent {
    StreamEvent::Message { offset: offset as u64, bytes: bytes.to_vec() }
}

fn garbled(offset: usize, error: FramingError) -> StreamEvent {
    StreamEvent::Garbled { offset: offset as u64, error }
}

#[test]
fn consecutive_messages_are_found() {
    let (first, second) = (logon(BODY), framed(b"35=0\x01"));
    let stream = [&first[..], &second, &first].concat();
    let expected = [
        message(0, &first),
        message(first.len(), &second),
        message(first.len() + second.len(), &first),
    ];
    assert_eq!(events([&stream[..]]), expected);
    assert_eq!(events(stream.chunks(1)), expected);
    assert_eq!(events([&stream[..stream.len() - 1]]), expected[..2]);
}

#[test]
fn a_message_after_garbage_is_found() {
    let good = framed(b"35=0\x01");
    for garbage in [
        "x",
        "8",
        "8=",
        "8=FI",
        "8=8=FI",
        "88",
        "5",
        "58=",
        "\n",
        "|",
        "8=FIY",
        "9=5|35=0|10=161|",
        "GET / HTTP/1.1\r\n\r\n",
    ] {
        let stream = [&soh(garbage)[..], &good].concat();
        let expected = [garbled(0, BeginString), message(garbage.len(), &good)];
        assert_eq!(events([&stream[..]]), expected, "{garbage:?}");
        assert_eq!(events(stream.chunks(1)), expected, "{garbage:?}");
    }
}

#[test]
fn a_message_after_a_garbled_one_is_found() {
    let good = framed(b"35=0\x01");
    let header = |wrong| summed_as(&format!("8=FIX.4.2|9={wrong}|35=0|112=A|"));
    for (wrong, error) in [
        (resummed(logon(BODY)), None),
        (with_last_digit_changed(&logon(BODY)), Some(CheckSum { declared: 99, actual: 98 })),
        (header("10"), Some(BodyLength { declared: 10, actual: Some(11) })),
        (header("12"), Some(BodyLength { declared: 12, actual: Some(11) })),
        (header("999999"), Some(TooLong { max: MAX })),
        (header("4096"), Some(TooLong { max: MAX })),
        (header("x"), Some(FramingError::BodyLengthMissing)),
        (logon(BODY)[..40].to_vec(), Some(BodyLength { declared: 117, actual: None })),
    ] {
        let mut stream = [&wrong[..], &good].concat();
        let mut expected = match error {
            None => vec![message(0, &wrong)],
            Some(error) => vec![garbled(0, error)],
        };
        expected.push(message(wrong.len(), &good));
        // All announced bytes must come before an error can be found.
        stream.extend_from_slice(&[b'x'; MAX]);
        expected.push(garbled(wrong.len() + good.len(), BeginString));
        assert_eq!(events([&stream[..]]), expected, "{error:?}");
        assert_eq!(events(stream.chunks(1)), expected, "{error:?}");
    }
}

#[test]
fn an_incomplete_message_at_the_end_has_a_reason() {
    let whole = logon(BODY);
    let text = String::from_utf8(whole.clone()).unwrap().replace('\x01', "|");
    let changed = |from: &str, to: &str| soh(&text.replace(from, to));
    for (stream, why) in [
        (changed("|9=117|", "|9=118|"), BodyLength { declared: 118, actual: Some(117) }),
        (changed("|9=117|", "|9=3000|"), BodyLength { declared: 3000, actual: Some(117) }),
        (changed("|10=098|", "|10=98|"), FramingError::CheckSumForm),
        (changed("|10=098|", "|"), FramingError::Truncated { missing: Some(7) }),
        (whole[..whole.len() - 1].to_vec(), FramingError::Truncated { missing: Some(1) }),
        (whole[..40].to_vec(), FramingError::Truncated { missing: Some(whole.len() - 40) }),
        (whole[..4].to_vec(), FramingError::Truncated { missing: None }),
    ] {
        let mut framer = Framer::new(MAX);
        framer.push(&stream);
        assert_eq!(framer.next_event(), None);
        assert_eq!(framer.unfinished(), Some((stream.len(), why)), "{}", stream.len());
    }
    // Bytes that were reported or read are not reported again.
    for stream in [&b""[..], &whole, b"GET / HTTP/1.1\r\n8=F", &framed(b"35=0\x01")] {
        let mut framer = Framer::new(MAX);
        framer.push(stream);
        while framer.next_event().is_some() {}
        assert_eq!(framer.unfinished(), None);
    }
}

#[test]
fn a_check_sum_of_another_form_gives_its_own_error() {
    for sum in ["98", "9", "", "abc", "0098"] {
        let good = framed(b"35=0\x01");
        let text = String::from_utf8(logon(BODY)).unwrap().replace("10=098\x01", "");
        let wrong = format!("{text}10={sum}\x01").into_bytes();
        let stream = [&wrong[..], &good, &good].concat();
        let first = events([&stream[..]]).remove(0);
        assert_eq!(first, garbled(0, FramingError::CheckSumForm), "{sum}");
    }
}

fn summed_as(text: &str) -> Vec<u8> {
    crate::build::summed(soh(text))
}

fn with_last_digit_changed(message: &[u8]) -> Vec<u8> {
    let mut message = message.to_vec();
    let at = message.len() - 2;
    message[at] += 1;
    message
}

#[test]
fn memory_is_bounded_by_the_largest_message_and_one_piece() {
    // Garbage that looks like nothing, like the beginning of messages, and like large messages.
    for garbage in ["x", "8", "8=FIX", "8=FIX.4.2|9=4000|", "8=FIX.4.2|9=999999|35=A|"] {
        let piece = soh(garbage).repeat(1_024);
        let mut framer = Framer::new(MAX);
        for _ in 0..200 {
            framer.push(&piece);
            assert!(framer.pending() < MAX + piece.len());
            while framer.next_event().is_some() {}
            assert!(framer.pending() < MAX, "{garbage:?} leaves {} bytes", framer.pending());
        }
    }
}

#[test]
fn there_is_no_event_before_the_last_byte_of_a_message() {
    let message = logon(BODY);
    let mut framer = Framer::new(MAX);
    for (index, byte) in message.iter().enumerate() {
        assert_eq!(framer.next_event(), None);
        assert_eq!(framer.pending(), index);
        framer.push(&[*byte]);
    }
    assert!(matches!(framer.next_event(), Some(StreamEvent::Message { .. })));
    assert_eq!((framer.next_event(), framer.pending()), (None, 0));
}

/// A part of a stream, and whether it is a message.
#[derive(Debug, Clone)]
enum Stretch {
    Message(Vec<u8>),
    /// Not a message: garbage, or a damaged message.
    Damage(Vec<u8>),
}

impl Stretch {
    fn bytes(&self) -> &[u8] {
        match self {
            Self::Message(bytes) | Self::Damage(bytes) => bytes,
        }
    }
}

fn whole() -> impl Strategy<Value = Vec<u8>> {
    logon_fields().prop_map(|fields| framed(&crate::build::body(&fields)))
}

/// Bytes in which no message begins, not even with those that follow.
fn garbage() -> impl Strategy<Value = Vec<u8>> {
    let bytes = prop_oneof![Just(b'8'), Just(b'='), Just(b'F'), Just(SOH), any::<u8>()];
    prop::collection::vec(bytes, 1..60).prop_filter("a message begins here", |garbage| {
        find(&[garbage, &b"8=FIX"[..]].concat(), b"8=FIX") == Some(garbage.len())
    })
}

fn damage() -> impl Strategy<Value = Vec<u8>> {
    // Fewer bytes are cut off than any message has, so that no message can fill the missing part.
    let truncated = (whole(), 1..20_usize).prop_map(|(mut message, cut)| {
        message.truncate(message.len() - cut);
        message
    });
    let check_sum = whole().prop_map(|message| with_check_sum_off_by_one(&message));
    prop_oneof![garbage(), truncated, check_sum]
}

fn with_check_sum_off_by_one(message: &[u8]) -> Vec<u8> {
    let mut message = message.to_vec();
    let at = message.len() - 2;
    message[at] = b'0' + (message[at] - b'0' + 1) % 10;
    message
}

fn stretches() -> impl Strategy<Value = Vec<Stretch>> {
    let stretch =
        prop_oneof![whole().prop_map(Stretch::Message), damage().prop_map(Stretch::Damage),];
    prop::collection::vec(stretch, 0..8)
}

/// A stream of whole and damaged messages and garbage, damaged once more in a few bytes.
fn streams() -> impl Strategy<Value = Vec<u8>> {
    let changes = prop::collection::vec((any::<Index>(), any::<u8>()), 0..4);
    (stretches(), changes).prop_map(|(stretches, changes)| {
        let mut stream: Vec<u8> = stretches.iter().flat_map(Stretch::bytes).copied().collect();
        for (at, byte) in changes {
            if !stream.is_empty() {
                let at = at.index(stream.len());
                stream[at] = byte;
            }
        }
        stream
    })
}

fn cut<'a>(stream: &'a [u8], places: &[Index]) -> Vec<&'a [u8]> {
    let mut places: Vec<usize> = places.iter().map(|at| at.index(stream.len() + 1)).collect();
    places.extend([0, stream.len()]);
    places.sort_unstable();
    places.windows(2).map(|ends| &stream[ends[0]..ends[1]]).collect()
}

proptest! {
    #![proptest_config(cases(1_000))]

    #[test]
    fn any_split_gives_the_same_events(
        stream in streams(), places in prop::collection::vec(any::<Index>(), 0..20),
    ) {
        let whole = events([&stream[..]]);
        prop_assert_eq!(&events(cut(&stream, &places)), &whole);
        prop_assert_eq!(&events(stream.chunks(1)), &whole);
    }

    #[test]
    fn any_split_of_random_bytes_gives_the_same_events(
        stream in prop::collection::vec(any::<u8>(), 0..600),
        places in prop::collection::vec(any::<Index>(), 0..20),
    ) {
        prop_assert_eq!(events(cut(&stream, &places)), events([&stream[..]]));
    }

    /// Every whole message is found with its place, whatever is in between.
    #[test]
    fn no_message_is_lost(stretches in stretches()) {
        let mut stream = Vec::new();
        let mut expected = Vec::new();
        for stretch in &stretches {
            if let Stretch::Message(bytes) = stretch {
                expected.push(message(stream.len(), bytes));
            }
            stream.extend_from_slice(stretch.bytes());
        }
        // The framer waits for as many bytes as a truncated message announced.
        stream.extend_from_slice(&[b'x'; MAX]);
        let found = events([&stream[..]]);
        for message in expected {
            prop_assert!(found.contains(&message), "{:?} is not in {:?}", message, found);
        }
    }

    /// Events never overlap, and a message has the bytes at its offset.
    #[test]
    fn events_point_into_the_stream(stream in streams()) {
        let mut end = 0;
        for event in events([&stream[..]]) {
            match event {
                StreamEvent::Message { offset, bytes } => {
                    let offset = offset as usize;
                    prop_assert!(offset >= end);
                    end = offset + bytes.len();
                    prop_assert_eq!(&stream[offset..end], &bytes[..]);
                }
                StreamEvent::Garbled { offset, .. } => {
                    prop_assert!(offset as usize >= end);
                    end = offset as usize + 1;
                }
            }
        }
    }
}
