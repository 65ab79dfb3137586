//! What the user reads: each text says what to do, and none contains a secret.

use gatepass_core::{
    AccessKeyId, FieldError, FieldRule, FramingError, LogonError, SecretKeyError, SigningKey,
};

use crate::build::SECRET;

#[test]
fn texts_of_field_errors() {
    let comp_id = |rule| FieldError { tag: 49, name: "SenderCompID", rule };
    for (error, text) in [
        (comp_id(FieldRule::Missing), "SenderCompID (49) is missing: add it to the logon"),
        (comp_id(FieldRule::Empty), "SenderCompID (49) is empty: give it a value"),
        (comp_id(FieldRule::Repeated), "SenderCompID (49) occurs more than once: send it once"),
        (
            comp_id(FieldRule::Illegal { at: 0, byte: 0x0A }),
            "SenderCompID (49) contains the illegal byte 0x0A at position 1: \
             use printable ASCII (0x20 to 0x7E) only",
        ),
        (
            comp_id(FieldRule::TooLong { max: 256 }),
            "SenderCompID (49) is too long: all signed values together take at most 256 bytes",
        ),
        (
            comp_id(FieldRule::Unexpected { expected: "this" }),
            "SenderCompID (49) has an unexpected value: it must be this",
        ),
        (
            AccessKeyId::new("a b").unwrap_err(),
            "EncodedText (355) contains the illegal byte 0x20 at position 2: \
             use A-Z a-z 0-9 - _ only",
        ),
        (
            AccessKeyId::new(&"a".repeat(33)).unwrap_err(),
            "EncodedText (355) is too long: at most 32 characters",
        ),
    ] {
        assert_eq!(error.to_string(), text);
        assert_eq!(LogonError::from(error).to_string(), text);
    }
}

#[test]
fn rules_have_short_names() {
    for (rule, name) in [
        (FieldRule::Missing, "missing"),
        (FieldRule::Empty, "empty"),
        (FieldRule::Repeated, "repeated"),
        (FieldRule::Illegal { at: 0, byte: 0 }, "illegal"),
        (FieldRule::TooLong { max: 1 }, "too long"),
        (FieldRule::Unexpected { expected: "" }, "unexpected"),
    ] {
        assert_eq!(rule.name(), name);
    }
}

#[test]
fn texts_of_framing_errors() {
    use FramingError as E;
    for (error, text) in [
        (E::Empty, "there is no message: give one whole FIX message"),
        (
            E::BeginString,
            "the message does not begin with 8=FIX... closed by SOH (0x01): give it from its first byte",
        ),
        (E::BodyLengthMissing, "BodyLength (9) must be the second field, with 1 to 6 digits"),
        (
            E::BodyLength { declared: 5, actual: Some(6) },
            "BodyLength (9) is 5, but must be 6, the bytes of the body",
        ),
        (
            E::BodyLength { declared: 5, actual: None },
            "BodyLength (9) is 5, but CheckSum (10) is not where the body would end",
        ),
        (
            E::Truncated { missing: Some(7) },
            "the message is truncated: give the 7 missing bytes as well",
        ),
        (E::CheckSumForm, "CheckSum (10) must have 3 digits, such as 007"),
        (E::Truncated { missing: None }, "the message is truncated: give the whole message"),
        (E::TooLong { max: 9 }, "the message is too long: at most 9 bytes are accepted"),
        (
            E::CheckSum { declared: 1, actual: 23 },
            "CheckSum (10) is 001, but must be 023 for these bytes",
        ),
        (
            E::TrailingBytes { count: 2 },
            "there are extra bytes after the end of the message (2): give one message",
        ),
        (
            E::MalformedField { at: 16 },
            "the field at byte 16 must be tag=value, closed by SOH (0x01)",
        ),
        (
            E::Misplaced { tag: 10 },
            "tag 10 is in the wrong place: a message is 8, 9, 35, the other fields, 10",
        ),
        (
            E::DataLength { tag: 95 },
            "tag 95 must give the length of the data field that directly follows it",
        ),
        (E::DataWithoutLength { tag: 96 }, "data field 96 must directly follow its length field"),
    ] {
        assert_eq!(error.to_string(), text);
        assert_eq!(LogonError::from(error).to_string(), text);
    }
}

#[test]
fn texts_of_secret_key_errors() {
    use SecretKeyError as E;
    for (error, text) in [
        (E::WhiteSpace, "the secret key contains white space: copy it again, as one word"),
        (
            E::NotUrlSafe,
            "the secret key contains '+' or '/': it must be base64url, with '-' and '_'",
        ),
        (E::Alphabet, "the secret key contains a character that is not base64url: copy it again"),
        (
            E::Padding,
            "the secret key is wrongly padded: leave out '=', or give exactly the right number",
        ),
        (
            E::SpareBits,
            "the secret key ends in the middle of a byte: it was cut or altered, copy it again",
        ),
        (E::TooShort, "the secret key is too short: at least 16 bytes (22 characters) are needed"),
        (E::TooLong, "the secret key is too long: at most 128 bytes (171 characters) are accepted"),
    ] {
        assert_eq!(error.to_string(), text);
    }
}

#[test]
fn no_text_contains_a_piece_of_the_secret() {
    let damaged = [
        SECRET.replacen('7', " ", 1),
        SECRET.replacen('7', "+", 1),
        SECRET.replacen('7', "é", 1),
        format!("{SECRET}=="),
        SECRET[..41].to_owned(),
        SECRET[..20].to_owned(),
        SECRET.repeat(4),
    ];
    for secret in &damaged {
        let error = SigningKey::from_base64url(secret.as_bytes()).unwrap_err();
        for shown in [error.to_string(), format!("{error:?}")] {
            for piece in SECRET.as_bytes().windows(3) {
                let piece = std::str::from_utf8(piece).unwrap();
                assert!(!shown.contains(piece), "{shown:?} contains {piece:?}");
            }
        }
    }
}
