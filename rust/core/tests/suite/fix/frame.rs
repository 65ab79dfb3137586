//! One whole message and everything that can be wrong with its frame.

use FramingError::{
    BeginString, BodyLength, BodyLengthMissing, CheckSum, Empty, TooLong, TrailingBytes, Truncated,
};
use gatepass_core::{Frame, FramingError, MAX_MESSAGE};
use proptest::prelude::*;

use crate::build::{BODY, cases, framed, logon, soh, summed};

fn refusal(message: &[u8]) -> Option<FramingError> {
    Frame::parse(message, MAX_MESSAGE).err()
}

#[test]
fn a_frame_knows_its_parts() {
    let message = logon(BODY);
    let frame = Frame::parse(&message, MAX_MESSAGE).unwrap();
    assert_eq!(frame.as_bytes(), message);
    assert_eq!(frame.begin_string(), b"8=FIX.4.2\x01");
    assert_eq!(&message[frame.body()], soh(BODY));
}

#[test]
fn every_begin_string_of_fix_is_accepted() {
    for begin in ["FIX.4.2", "FIX.4.4", "FIXT.1.1", "FIX.5.0SP2"] {
        let message = summed(soh(&format!("8={begin}|9=5|35=0|")));
        assert_eq!(refusal(&message), None, "{begin}");
    }
}

#[test]
fn a_wrong_beginning_is_refused() {
    assert_eq!(refusal(b""), Some(Empty));
    for wrong in ["x", "35=A|", "8=FX.4.2|9=5|35=0|", " 8=FIX.4.2|9=5|35=0|", "\n8=FIX.4.2|9=5|"] {
        assert_eq!(refusal(&summed(soh(wrong))), Some(BeginString), "{wrong:?}");
    }
    assert_eq!(refusal(&soh("8=FIX.4.2.................|9=5|35=0|")), Some(BeginString));
    for wrong in ["35=0|", "9=|35=0|", "9=+5|35=0|", "9=5 |35=0|", "9=0000005|35=0|", "09=5|35=0|"]
    {
        let message = summed(soh(&format!("8=FIX.4.2|{wrong}")));
        assert_eq!(refusal(&message), Some(BodyLengthMissing), "{wrong:?}");
    }
}

#[test]
fn the_error_for_a_wrong_body_length_has_the_right_one() {
    let actual = soh(BODY).len();
    for declared in (0..200).filter(|declared| *declared != actual) {
        let message = summed(soh(&format!("8=FIX.4.2|9={declared}|{BODY}")));
        let wrong = BodyLength { declared, actual: Some(actual) };
        assert_eq!(refusal(&message), Some(wrong));
    }
    // Without a CheckSum at the end, the right one is not known.
    let message = soh("8=FIX.4.2|9=5|35=0|112=TEST|");
    assert_eq!(refusal(&message), Some(BodyLength { declared: 5, actual: None }));
    // CheckSum is a field of its own, not the end of the one before.
    let message = summed(soh("8=FIX.4.2|9=4|35=0"));
    assert_eq!(refusal(&message), Some(BodyLength { declared: 4, actual: None }));
}

#[test]
fn the_error_for_a_wrong_check_sum_has_the_right_one() {
    let message = logon(BODY);
    let actual = 98;
    for declared in (0..1000).filter(|declared| *declared != u16::from(actual)) {
        let mut message = message.clone();
        let at = message.len() - 4;
        message[at..at + 3].copy_from_slice(format!("{declared:03}").as_bytes());
        assert_eq!(refusal(&message), Some(CheckSum { declared, actual }));
    }
}

#[test]
fn a_check_sum_has_three_digits() {
    for wrong in ["10=98|", "10=0098|", "10= 98|", "10=0x8|", "010=98|", "10=098", "10=098\0"] {
        let message = [&soh("8=FIX.4.2|9=117|"), &soh(BODY)[..], &soh(wrong)].concat();
        assert!(refusal(&message).is_some(), "{wrong:?}");
    }
}

#[test]
fn every_truncation_is_refused() {
    let message = logon(BODY);
    for length in 1..message.len() {
        let known = length >= "8=FIX.4.2|9=117|".len();
        let missing = known.then(|| message.len() - length);
        assert_eq!(refusal(&message[..length]), Some(Truncated { missing }), "{length}");
        assert_eq!(refusal(&message[length..]), Some(BeginString), "without {length}");
    }
}

#[test]
fn bytes_after_the_message_are_refused() {
    let message = logon(BODY);
    let two = [&message[..], &message].concat();
    assert_eq!(refusal(&two), Some(TrailingBytes { count: message.len() }));
    let newline = [&message[..], b"\n"].concat();
    assert_eq!(refusal(&newline), Some(TrailingBytes { count: 1 }));
}

#[test]
fn no_message_is_larger_than_allowed() {
    let of_size = |size: usize| {
        let body = size - framed(b"35=0\x0158=\x01").len() - 4;
        framed(&soh(&format!("35=0|58={}|", "x".repeat(body))))
    };
    let (fits, over) = (of_size(MAX_MESSAGE), of_size(MAX_MESSAGE + 1));
    assert_eq!((fits.len(), over.len()), (MAX_MESSAGE, MAX_MESSAGE + 1));
    assert_eq!(refusal(&fits), None);
    assert_eq!(refusal(&over), Some(TooLong { max: MAX_MESSAGE }));
    assert_eq!(refusal(&over[..100]), Some(TooLong { max: MAX_MESSAGE }));
    assert_eq!(refusal(&soh("8=FIX.4.2|9=999999|35=0|")), Some(TooLong { max: MAX_MESSAGE }));
    let small = logon(BODY);
    assert_eq!(Frame::parse(&small, small.len()).err(), None);
    let max = small.len() - 1;
    assert_eq!(Frame::parse(&small, max).err(), Some(TooLong { max }));
}

#[test]
fn a_body_is_framed_as_it_is_read() {
    for fields in [BODY, "35=0|", ""] {
        let body = soh(fields);
        assert_eq!(gatepass_core::framed(b"8=FIX.4.2\x01", &body), framed(&body));
    }
}

proptest! {
    #![proptest_config(cases(500))]

    /// CheckSum notices every change of one byte, wherever it is.
    #[test]
    fn any_changed_byte_is_noticed(at in any::<prop::sample::Index>(), change in 1..=255_u8) {
        let mut message = logon(BODY);
        let at = at.index(message.len());
        message[at] ^= change;
        prop_assert!(refusal(&message).is_some());
    }
}
