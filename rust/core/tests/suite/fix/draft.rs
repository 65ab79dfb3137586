//! Completing a draft: with any 9 and 10, or none, the result is the message of its fields.

use gatepass_core::{FramingError, MAX_MESSAGE, complete};
use proptest::prelude::*;

use crate::build::{BODY, body as body_of, cases, framed, logon, logon_fields, soh};

/// Forms that BodyLength and CheckSum may have in a draft.
const LENGTHS: [&str; 8] =
    ["", "9=|", "9=0|", "9=1|", "9=999999|", "9=0000117|", "9=-1|", "9=abc|"];
const SUMS: [&str; 8] = ["", "10=|", "10=000|", "10=98|", "10=0098|", "10=abc|", "10=", "10=098"];

fn draft(length: &str, body: &str, sum: &str) -> Vec<u8> {
    soh(&format!("8=FIX.4.2|{length}{body}{sum}"))
}

#[test]
fn any_body_length_and_check_sum_are_corrected() {
    for length in LENGTHS {
        for sum in SUMS {
            assert_eq!(
                complete(&draft(length, BODY, sum), None),
                Ok(logon(BODY)),
                "{length} {sum}"
            );
        }
    }
}

#[test]
fn sending_time_is_replaced_or_inserted_where_it_belongs() {
    let stamped = BODY.replace("52=20170623-14:48:42.855|", "52=20260302-22:45:00.000|");
    let time = Some(&b"20260302-22:45:00.000"[..]);
    let without = BODY.replace("52=20170623-14:48:42.855|", "");
    for body in [BODY, &without] {
        for (length, sum) in [("", ""), ("9=5|", "10=001|")] {
            assert_eq!(complete(&draft(length, body, sum), time), Ok(logon(&stamped)));
        }
    }
    let short = "35=A|34=1|";
    let stamped = "35=A|34=1|52=20260302-22:45:00.000|";
    assert_eq!(complete(&draft("", short, ""), time), Ok(logon(stamped)));
}

#[test]
fn bytes_that_are_not_a_draft_are_refused_with_the_reason() {
    let cut = FramingError::Truncated { missing: None };
    let whole = logon(BODY);
    for (bytes, error) in [
        (&b""[..], FramingError::Empty),
        (b"nonsense", FramingError::BeginString),
        (b"35=A\x01", FramingError::BeginString),
        (b"8=FIX.4.2", cut),
        (b"8=FIX.4.2\x019=117", cut),
        (b"8=FIX.4.2\x0135=A\x0134=1", cut),
        (b"8=FIX.4.2\x0135=A\x0134=1\x0110", cut),
        (&whole[..whole.len() - 12], cut),
    ] {
        assert_eq!(complete(bytes, None), Err(error), "{bytes:?}");
    }
    let long = draft("", &format!("{BODY}58={}|", "x".repeat(MAX_MESSAGE)), "");
    assert_eq!(complete(&long, None), Err(FramingError::TooLong { max: MAX_MESSAGE }));
    let malformed = draft("", "35=A|oops|", "");
    assert_eq!(
        complete(&malformed, Some(b"x")),
        Err(FramingError::MalformedField { at: "8=FIX.4.2|35=A|".len() })
    );
}

proptest! {
    #![proptest_config(cases(256))]

    #[test]
    fn a_whole_message_is_not_changed(fields in logon_fields()) {
        let whole = framed(&body_of(&fields));
        prop_assert_eq!(complete(&whole, None), Ok(whole));
    }

    #[test]
    fn any_bytes_give_a_message_or_a_reason(bytes: Vec<u8>, stamp: Option<Vec<u8>>) {
        let _ = complete(&bytes, stamp.as_deref());
        let _ = complete(&[b"8=FIX.4.2\x01", &bytes[..]].concat(), stamp.as_deref());
    }
}
