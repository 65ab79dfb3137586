//! Raw Logon to signed Logon, and signed Logon to verdict.

use gatepass_core::fix::fields::name_of;
use gatepass_core::{
    AccessKeyId, FieldError, FieldRule, Frame, FramingError, Logon, LogonError, MAX_MESSAGE,
    Signature, Verdict, sign_logon, verify_logon,
};
use proptest::prelude::*;
use proptest::sample::Index;

use crate::build::{
    ACCESS_KEY, BODY, SIGNED, body, cases, find, framed, key, logon, logon_fields, replaced,
    resummed, soh,
};

const CREDENTIALS: [u32; 5] = [354, 355, 1400, 1401, 1402];

fn try_sign(message: &[u8]) -> Result<Vec<u8>, LogonError> {
    // Old content of the buffer must not be mistaken for a signed message.
    let mut out = b"8=FIX.4.2\x01".to_vec();
    let signed = sign_logon(&key(), AccessKeyId::new(ACCESS_KEY).unwrap(), message, &mut out);
    assert_eq!(out.is_empty(), signed.is_err());
    signed.map(|()| out)
}

fn sign(message: &[u8]) -> Vec<u8> {
    try_sign(message).unwrap()
}

fn verdict(message: &[u8]) -> Verdict {
    let key = key();
    verify_logon(message, |id| (id == ACCESS_KEY.as_bytes()).then_some(&key))
}

fn refusal(tag: u32, rule: FieldRule) -> LogonError {
    LogonError::Field(FieldError { tag, name: name_of(tag), rule })
}

/// The body is neither signed nor accepted, with this error. The signature is an intact logon's.
fn refused(raw_body: &str, error: LogonError) {
    assert_eq!(try_sign(&logon(raw_body)), Err(error), "{raw_body}");
    let credentials =
        fields(&sign(&logon(BODY))).into_iter().filter(|(tag, _)| CREDENTIALS.contains(tag));
    let credentials = body(&credentials.collect::<Vec<_>>());
    let signed = framed(&[&soh(raw_body)[..], &credentials].concat());
    assert_eq!(verdict(&signed), Verdict::Unreadable(error), "{raw_body}");
}

/// The fields of a message's body.
fn fields(message: &[u8]) -> Vec<(u32, Vec<u8>)> {
    let frame = Frame::parse(message, MAX_MESSAGE).unwrap();
    frame.fields().map(|field| field.map(|f| (f.tag, f.value.to_vec())).unwrap()).collect()
}

/// `tag=value|` of this tag in [`BODY`].
fn field_in_body(tag: u32) -> &'static str {
    BODY.split_inclusive('|').find(|field| field.starts_with(&format!("{tag}="))).unwrap()
}

#[test]
fn a_missing_empty_or_repeated_signed_field_is_refused() {
    for tag in SIGNED {
        let field = field_in_body(tag);
        refused(&BODY.replace(field, ""), refusal(tag, FieldRule::Missing));
        refused(&BODY.replace(field, &format!("{tag}=|")), refusal(tag, FieldRule::Empty));
        refused(&format!("{BODY}{field}"), refusal(tag, FieldRule::Repeated));
        refused(&format!("{BODY}{tag}=other|"), refusal(tag, FieldRule::Repeated));
        refused(&format!("{BODY}{tag}=|"), refusal(tag, FieldRule::Repeated));
    }
}

#[test]
fn illegal_bytes_in_a_signed_field_are_refused() {
    for tag in SIGNED {
        for text in ["\n", "\r", "\0", "\t", "\u{7F}", "é"] {
            let rule = FieldRule::Illegal { at: 1, byte: text.as_bytes()[0] };
            let illegal = format!("{tag}=A{text}B|");
            refused(&BODY.replace(field_in_body(tag), &illegal), refusal(tag, rule));
        }
        // SOH ends the value, and the rest is not a field.
        let split = BODY.replace(field_in_body(tag), &format!("{tag}=A|B|"));
        assert!(matches!(
            try_sign(&logon(&split)),
            Err(LogonError::Framing(FramingError::MalformedField { .. }))
        ));
    }
}

#[test]
fn another_message_is_refused() {
    let rule = FieldRule::Unexpected { expected: "A, for a Logon" };
    for msg_type in ["0", "AA", "a", "5", ""] {
        let other = BODY.replace("35=A|", &format!("35={msg_type}|"));
        refused(&other, refusal(35, rule));
    }
    refused(&BODY.replace("35=A|", ""), FramingError::Misplaced { tag: 34 }.into());
    refused(&format!("{BODY}35=A|"), FramingError::Misplaced { tag: 35 }.into());
    let empty = LogonError::Framing(FramingError::Misplaced { tag: 35 });
    assert_eq!(try_sign(&framed(b"")), Err(empty));
}

#[test]
fn a_damaged_frame_is_neither_signed_nor_accepted() {
    let raw = logon(BODY);
    let signed = sign(&raw);
    for length in 0..raw.len() {
        assert!(try_sign(&raw[..length]).is_err());
    }
    for length in 0..signed.len() {
        let cut = verdict(&signed[..length]);
        assert!(matches!(cut, Verdict::Unreadable(LogonError::Framing(_))), "{length}");
    }
    let twice = [&raw[..], &raw].concat();
    let trailing = FramingError::TrailingBytes { count: raw.len() };
    assert_eq!(try_sign(&twice), Err(trailing.into()));
    let wrong = replaced(&raw, "|10=098|", "|10=099|");
    assert_eq!(try_sign(&wrong), Err(FramingError::CheckSum { declared: 99, actual: 98 }.into()));
    let wrong = resummed(replaced(&raw, "|9=117|", "|9=118|"));
    assert_eq!(
        try_sign(&wrong),
        Err(FramingError::BodyLength { declared: 118, actual: Some(117) }.into())
    );
}

#[test]
fn old_credentials_passwords_and_98_are_left_out() {
    let old = "98=0|95=8|96=pa|ss|wd|354=3|355=old|1400=MD5|1401=3|1402=a|b|";
    let plain = sign(&logon(BODY));
    assert_eq!(sign(&logon(&format!("{BODY}{old}"))), plain);
    assert_eq!(sign(&logon(&BODY.replace("34=1|", &format!("{old}34=1|")))), plain);
    // Each one alone as well.
    for field in ["98=0|", "95=8|96=pa|ss|wd|", "354=3|355=old|", "1400=MD5|", "1401=1|1402=a|"] {
        assert_eq!(sign(&logon(&BODY.replace("50=MSG|", &format!("{field}50=MSG|")))), plain);
    }
    // A field that occurs twice is refused: there is no guessing.
    for (field, tag) in [("98=0|", 98), ("354=1|355=A|", 354), ("1400=A|", 1400)] {
        let error = refusal(tag, FieldRule::Repeated);
        assert_eq!(try_sign(&logon(&format!("{BODY}{field}{field}"))), Err(error));
    }
}

#[test]
fn every_part_of_the_credentials_is_checked() {
    let signed = sign(&logon(BODY));
    let length = signed.len() - "8=FIX.4.2|9=225|".len() - "10=000|".len();
    let read = |from: &str, to: &str| {
        let is = length + to.len() - from.len();
        let message = replaced(&signed, from, to);
        verdict(&resummed(replaced(&message, "|9=225|", &format!("|9={is}|"))))
    };
    let unreadable = |tag, rule| Verdict::Unreadable(refusal(tag, rule));
    let missing = FieldRule::Missing;

    let method = FieldRule::Unexpected { expected: "CME-1-SHA-256" };
    for wrong in ["CME-1-SHA-255", "CME-1-SHA-25", "CME-1-SHA-2566", "cme-1-sha-256"] {
        assert_eq!(read("CME-1-SHA-256", wrong), unreadable(1400, method));
    }
    assert_eq!(read("1400=CME-1-SHA-256|", ""), unreadable(1400, missing));
    assert_eq!(read("1400=CME-1-SHA-256|", "1400=|"), unreadable(1400, FieldRule::Empty));

    let key_id = format!("354=20|355={ACCESS_KEY}|");
    assert_eq!(read(&key_id, ""), unreadable(355, missing));
    assert_eq!(read(&key_id, "354=0|355=|"), unreadable(355, FieldRule::Empty));
    assert_eq!(read(&key_id, "354=3|355=ABC|"), Verdict::UnknownAccessKey);
    let twice = format!("{key_id}{key_id}");
    assert_eq!(read(&key_id, &twice), unreadable(354, FieldRule::Repeated));

    let text = "1401=43|1402=oHZ2Dx1ihFAp7kHOFcJPkijm27xfApJFp-ZhsSCxr3s|";
    assert_eq!(read(text, ""), unreadable(1402, missing));
    let spelling = FieldRule::Unexpected { expected: "43 characters of base64url without padding" };
    for wrong in [
        "oHZ2Dx1ihFAp7kHOFcJPkijm27xfApJFp+ZhsSCxr3s",
        "oHZ2Dx1ihFAp7kHOFcJPkijm27xfApJFp-ZhsSCxr3t",
        "oHZ2Dx1ihFAp7kHOFcJPkijm27xfApJFp-ZhsSCxr3s=",
    ] {
        let wrong = format!("1401={}|1402={wrong}|", wrong.len());
        assert_eq!(read(text, &wrong), unreadable(1402, spelling));
    }
    assert_eq!(verdict(&logon(BODY)), unreadable(1400, missing));
}

#[test]
fn a_logon_that_would_be_too_long_is_not_signed() {
    let fill = MAX_MESSAGE - logon(&format!("{BODY}58=|")).len() - 5;
    let of = |length: usize| logon(&format!("{BODY}58={}|", "x".repeat(length)));
    let raw = of(fill);
    assert!(Frame::parse(&raw, MAX_MESSAGE).is_ok());
    assert_eq!(try_sign(&raw), Err(FramingError::TooLong { max: MAX_MESSAGE }.into()));

    let added = sign(&of(60_000)).len() - of(60_000).len();
    let fits = sign(&of(MAX_MESSAGE - added - of(60_000).len() + 60_000));
    assert_eq!((fits.len(), verdict(&fits)), (MAX_MESSAGE, Verdict::Valid));
}

#[test]
fn a_signature_of_another_signer_is_inserted() {
    let (raw, access_key) = (logon(BODY), AccessKeyId::new(ACCESS_KEY).unwrap());
    let parsed = Logon::parse(&raw).unwrap();
    assert_eq!(parsed.frame().as_bytes(), raw);
    let elsewhere = key().sign(parsed.canonical().unwrap().as_bytes());
    let mut out = vec![0; parsed.signed_len(access_key).unwrap()];
    let signature = Signature::from_bytes(*elsewhere.as_bytes());
    parsed.write_signed(access_key, &signature, &mut out);
    assert_eq!(out, sign(&raw));
    let signed = Logon::parse(&out).unwrap();
    assert_eq!(signed.access_key_id(), Ok(ACCESS_KEY.as_bytes()));
    assert_eq!(signed.signature().unwrap().as_bytes(), elsewhere.as_bytes());
    assert_eq!(signed.values(), parsed.values());
}

proptest! {
    #![proptest_config(cases(1_000))]

    #[test]
    fn a_signed_logon_is_valid(fields in logon_fields()) {
        prop_assert_eq!(verdict(&sign(&framed(&body(&fields)))), Verdict::Valid);
    }

    #[test]
    fn signing_again_changes_nothing(fields in logon_fields()) {
        let once = sign(&framed(&body(&fields)));
        prop_assert_eq!(&sign(&once), &once);
    }

    /// All other fields and their order are unchanged; the credentials come last.
    #[test]
    fn the_rest_of_the_logon_is_kept(raw in logon_fields()) {
        let signed = fields(&sign(&framed(&body(&raw))));
        let cut = [95, 96, 98, 354, 355, 1400, 1401, 1402];
        let kept: Vec<_> = raw.into_iter().filter(|(tag, _)| !cut.contains(tag)).collect();
        let (before, credentials) = signed.split_at(signed.len() - CREDENTIALS.len());
        prop_assert_eq!(before, &kept[..]);
        let tags: Vec<u32> = credentials.iter().map(|(tag, _)| *tag).collect();
        prop_assert_eq!(tags, CREDENTIALS);
    }

    #[test]
    fn any_changed_byte_of_a_signed_value_is_noticed(
        fields in logon_fields(), tag in prop::sample::select(&SIGNED[..]),
        at in any::<Index>(), change in 1..=255_u8,
    ) {
        let signed = sign(&framed(&body(&fields)));
        let value = &fields.iter().find(|field| field.0 == tag).unwrap().1;
        let start = find(&signed, &body(&[(tag, value.clone())])).unwrap();
        let at = start + tag.to_string().len() + 1 + at.index(value.len());

        let mut changed = signed;
        changed[at] ^= change;
        let damaged = verdict(&changed);
        let noticed = matches!(
            damaged,
            Verdict::Unreadable(LogonError::Framing(FramingError::CheckSum { .. }))
        );
        prop_assert!(noticed, "{:?}", damaged);
        prop_assert_ne!(verdict(&resummed(changed)), Verdict::Valid);
    }

    /// Another value, with a right frame.
    #[test]
    fn any_other_signed_value_is_noticed(
        fields in logon_fields(), tag in prop::sample::select(&SIGNED[..]),
        other in "[ -~]{1,20}",
    ) {
        let mut signed = self::fields(&sign(&framed(&body(&fields))));
        let value = &mut signed.iter_mut().find(|field| field.0 == tag).unwrap().1;
        prop_assume!(*value != other.as_bytes());
        *value = other.into_bytes();
        prop_assert_eq!(verdict(&framed(&body(&signed))), Verdict::SignatureMismatch);
    }

    /// Fields that are not signed may change on the way.
    #[test]
    fn unsigned_fields_do_not_matter(fields in logon_fields(), other in "[ -~]{1,20}") {
        let mut signed = self::fields(&sign(&framed(&body(&fields))));
        signed.retain(|(tag, _)| *tag != 56);
        signed.push((56, other.into_bytes()));
        prop_assert_eq!(verdict(&framed(&body(&signed))), Verdict::Valid);
    }
}
