//! What `Debug` shows: never a secret, a signature, a value or a canonical string.

use std::fmt::Debug;

use gatepass_core::{
    AccessKeyId, DiagnosisKey, FIX_LOGON, Frame, Framer, KeyTable, Logon, MAX_MESSAGE, Verdict,
    sign_logon, verify_logon,
};

use crate::build::{ACCESS_KEY, BODY, SECRET, key, logon};

/// `{:?}` and `{:#?}` of `value` contain no part of these bytes, as text or as a list.
fn shows_nothing(value: &dyn Debug, kept: &[&[u8]]) {
    for shown in [format!("{value:?}"), format!("{value:#?}").replace(char::is_whitespace, "")] {
        for window in kept.iter().flat_map(|bytes| bytes.windows(5)) {
            let text = window.escape_ascii().to_string();
            let list = format!("{window:?}").replace(['[', ']'], "");
            for form in [&text, &list, &list.replace(' ', "")] {
                assert!(!shown.contains(form), "{shown} shows {form}");
            }
        }
    }
}

#[test]
fn no_value_shows_its_content() {
    let key = key();
    let mut signed = Vec::new();
    let access_key = AccessKeyId::new(ACCESS_KEY).unwrap();
    sign_logon(&key, access_key, &logon(BODY), &mut signed).unwrap();
    let frame = Frame::parse(&signed, MAX_MESSAGE).unwrap();
    let parsed = Logon::parse(&signed).unwrap();
    let signature = parsed.signature().unwrap();
    let text = signature.to_base64url();
    let canonical = parsed.canonical().unwrap();
    let kept = [SECRET.as_bytes(), &text, signature.as_bytes(), canonical.as_bytes(), &signed];

    shows_nothing(&key, &kept);
    let file = include_str!("../../../../tests/vectors/sample-keys.txt");
    let table = KeyTable::parse(file.as_bytes(), false, true).unwrap();
    let secret = [SECRET.as_bytes()]; // an Access Key ID may be shown: it is not a secret
    shows_nothing(&table, &secret);
    shows_nothing(&table.pairs(), &secret);
    shows_nothing(&KeyTable::parse(file.replace("2018", "2016").as_bytes(), false, true), &secret);
    shows_nothing(&signature, &kept);
    shows_nothing(&canonical, &kept);
    shows_nothing(&FIX_LOGON.canonical(&parsed.values()).unwrap(), &kept);
    shows_nothing(&frame, &kept);
    shows_nothing(&parsed, &kept);
    shows_nothing(&frame.fields(), &kept);
    shows_nothing(&frame.fields().collect::<Vec<_>>(), &kept);
    let mut framer = Framer::new(MAX_MESSAGE);
    framer.push(&signed);
    shows_nothing(&framer, &kept);
    shows_nothing(&framer.next_event(), &kept);
    shows_nothing(&verify_logon(&signed, |_| Some(&key)), &kept);
    assert_eq!(verify_logon(&signed, |_| None), Verdict::UnknownAccessKey);
}

#[test]
fn lengths_and_names_are_shown_instead() {
    assert_eq!(format!("{:?}", key()), "SigningKey([redacted])");
    let diagnosis_key = DiagnosisKey::from_text(SECRET.as_bytes());
    assert_eq!(format!("{diagnosis_key:?}"), "DiagnosisKey([redacted])");
    assert_eq!(format!("{:?}", key().sign(b"")), "Signature([redacted])");
    let message = logon(BODY);
    let frame = Frame::parse(&message, MAX_MESSAGE).unwrap();
    assert_eq!(format!("{frame:?}"), "Frame(140 bytes)");
    assert_eq!(format!("{:?}", frame.fields()), "Fields(16..133)");
    let field = frame.fields().nth(1).unwrap().unwrap();
    assert_eq!(format!("{field:?}"), "Field(34, 1 bytes, 21..26)");
    let logon = Logon::parse(&message).unwrap();
    assert_eq!(format!("{logon:?}"), "Logon(140 bytes)");
    assert_eq!(format!("{:?}", logon.canonical().unwrap()), "CanonicalString(62 bytes)");
    let mut framer = Framer::new(MAX_MESSAGE);
    framer.push(&message);
    assert_eq!(format!("{framer:?}"), "Framer(140 bytes pending at 0)");
    assert_eq!(format!("{:?}", framer.next_event()), "Some(Message(140 bytes at 0))");
    framer.push(b"x");
    assert_eq!(format!("{:?}", framer.next_event()), "Some(Garbled(BeginString at 140))");
}
