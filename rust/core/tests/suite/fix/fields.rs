//! The scanner: tag=value fields, and data fields with their length before them.

use FramingError::{DataLength, DataWithoutLength, MalformedField, Misplaced};
use gatepass_core::fix::fields::{NAMES, name_of};
use gatepass_core::{Frame, FramingError, MAX_MESSAGE};
use proptest::prelude::*;

use crate::build::{body, cases, framed, soh};

/// The fields of a message with this body, or the error that ends them.
fn scan(body: &[u8]) -> Result<Vec<(u32, Vec<u8>)>, FramingError> {
    let message = framed(body);
    let frame = Frame::parse(&message, MAX_MESSAGE).unwrap();
    let mut fields = frame.fields();
    let scanned = fields.by_ref().map(|field| field.map(|f| (f.tag, f.value.to_vec()))).collect();
    assert!(fields.next().is_none(), "an error must end the fields");
    scanned
}

fn error(text: &str) -> Option<FramingError> {
    scan(&soh(text)).err()
}

#[test]
fn fields_come_in_order_with_their_places() {
    let message = framed(&soh("35=0|112=TEST|58=|"));
    let frame = Frame::parse(&message, MAX_MESSAGE).unwrap();
    let mut end = frame.body().start;
    let mut tags = Vec::new();
    for field in frame.fields() {
        let field = field.unwrap();
        assert_eq!(field.start, end);
        let text = [format!("{}=", field.tag).as_bytes(), field.value, b"\x01"].concat();
        assert_eq!(&message[field.start..field.end], text);
        end = field.end;
        tags.push(field.tag);
    }
    assert_eq!(end, frame.body().end);
    assert_eq!(tags, [35, 112, 58]);
}

#[test]
fn malformed_fields_are_refused_with_their_place() {
    let at = "8=FIX.4.2|9=10|".len();
    for wrong in ["5", "=5", "05=5", "-5=5", " 5=5", "5 =5", "A=5", "1234567=5", "", "58"] {
        let text = format!("35=0|{wrong}|1=2|");
        let at = at + "35=0|".len();
        assert_eq!(error(&text), Some(MalformedField { at }), "{wrong:?}");
    }
    assert_eq!(scan(&soh("35=0|999999==|")).unwrap()[1], (999_999, b"=".to_vec()));
}

#[test]
fn fields_that_frame_a_message_are_refused_elsewhere() {
    assert_eq!(error(""), Some(Misplaced { tag: 35 }));
    assert_eq!(error("34=1|35=0|"), Some(Misplaced { tag: 34 }));
    assert_eq!(error("35=0|35=0|"), Some(Misplaced { tag: 35 }));
    assert_eq!(error("35=0|34=1|35=A|"), Some(Misplaced { tag: 35 }));
    assert_eq!(error("35=0|8=FIX.4.2|"), Some(Misplaced { tag: 8 }));
    assert_eq!(error("35=0|9=5|"), Some(Misplaced { tag: 9 }));
    assert_eq!(error("35=0|10=000|34=1|"), Some(Misplaced { tag: 10 }));
}

#[test]
fn data_fields_may_contain_any_bytes_of_their_length() {
    for (length, data) in [
        (90, 91),
        (93, 89),
        (95, 96),
        (212, 213),
        (348, 349),
        (350, 351),
        (352, 353),
        (354, 355),
        (356, 357),
        (358, 359),
        (360, 361),
        (362, 363),
        (364, 365),
        (1401, 1402),
    ] {
        let fields = |value: &[u8]| {
            let count = value.len().to_string().into_bytes();
            vec![(35, b"0".to_vec()), (length, count), (data, value.to_vec()), (1, b"X".to_vec())]
        };
        for value in [&b""[..], b"abc", b"\x01", b"a\x0149=EVIL\x0110=000\x01", b"\0\xFF="] {
            assert_eq!(scan(&body(&fields(value))), Ok(fields(value)), "{length}/{data}");
        }
        let wrong = |text: String| error(&format!("35=0|{text}1=X|"));
        let bad_length = Some(DataLength { tag: length });
        assert_eq!(wrong(format!("{length}=2|{data}=abc|")), bad_length, "too short");
        assert_eq!(wrong(format!("{length}=4|{data}=abc|")), bad_length, "too long");
        assert_eq!(wrong(format!("{length}=999999|{data}=abc|")), bad_length, "far too long");
        assert_eq!(wrong(format!("{length}=|{data}=abc|")), bad_length, "no number");
        assert_eq!(wrong(format!("{length}=+3|{data}=abc|")), bad_length, "a sign");
        assert_eq!(wrong(format!("{length}=0000003|{data}=abc|")), bad_length, "7 digits");
        assert_eq!(wrong(format!("{length}=3|58=abc|{data}=abc|")), bad_length, "not the next");
        assert_eq!(wrong(format!("{length}=3|")), bad_length, "not there");
        assert_eq!(wrong(format!("{length}=3|{length}=3|{data}=abc|")), bad_length, "twice");
        assert_eq!(error(&format!("35=0|{length}=3|")), bad_length, "at the end");
        assert_eq!(wrong(format!("{data}=abc|")), Some(DataWithoutLength { tag: data }));
        assert_eq!(
            wrong(format!("{length}=3|{data}=abc|{data}=abc|")),
            Some(DataWithoutLength { tag: data })
        );
    }
}

#[test]
fn a_malformed_data_field_gives_one_error() {
    assert!(matches!(error("35=0|95=3|abc|"), Some(MalformedField { .. })));
}

#[test]
fn names_are_in_order_for_the_binary_search() {
    assert!(NAMES.is_sorted_by(|(a, _), (b, _)| a < b));
    assert!(NAMES.iter().all(|(tag, name)| name_of(*tag) == *name));
    assert_eq!(name_of(5000), "field");
}

proptest! {
    #![proptest_config(cases(1_000))]

    #[test]
    fn all_fields_that_are_written_are_read(
        fields in prop::collection::vec((1000..1400_u32, "[^\u{1}]{0,30}"), 0..20),
    ) {
        let first = (35, b"0".to_vec());
        let rest = fields.into_iter().map(|(tag, value)| (tag, value.into_bytes()));
        let fields: Vec<_> = std::iter::once(first).chain(rest).collect();
        prop_assert_eq!(scan(&body(&fields)), Ok(fields));
    }
}
