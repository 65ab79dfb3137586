//! With any bytes there is no panic, and no logon that was not signed is valid.

use gatepass_core::{
    AccessKeyId, Frame, Framer, Logon, MAX_MESSAGE, Signature, SigningKey, Verdict, sign_logon,
    verify_logon,
};
use proptest::prelude::*;
use proptest::sample::Index;

use crate::build::{ACCESS_KEY, body, cases, framed, key, logon_fields};

/// Gives bytes to everything that reads bytes.
fn read(bytes: &[u8]) {
    let key = key();
    if let Ok(frame) = Frame::parse(bytes, MAX_MESSAGE) {
        // An error ends the fields, so there are never more of them than bytes.
        assert!(frame.fields().count() <= bytes.len());
    }
    if let Ok(logon) = Logon::parse(bytes) {
        let _ = (logon.canonical(), logon.access_key_id(), logon.signature());
    }
    let mut framer = Framer::new(1_024);
    framer.push(bytes);
    while framer.next_event().is_some() {}

    let _ = SigningKey::from_base64url(bytes);
    let _ = Signature::from_base64url(bytes);
    assert_ne!(verify_logon(bytes, |_| Some(&key)), Verdict::Valid);

    let mut out = Vec::new();
    let access_key = AccessKeyId::new(ACCESS_KEY).unwrap();
    match sign_logon(&key, access_key, bytes, &mut out) {
        Ok(()) => assert_eq!(verify_logon(&out, |_| Some(&key)), Verdict::Valid),
        Err(_) => assert!(out.is_empty()),
    }
}

proptest! {
    #![proptest_config(cases(2_000))]

    #[test]
    fn random_bytes_are_safe(bytes in prop::collection::vec(any::<u8>(), 0..512)) {
        read(&bytes);
    }

    #[test]
    fn random_bytes_in_a_right_frame_are_safe(body in prop::collection::vec(any::<u8>(), 0..512)) {
        read(&framed(&body));
    }

    #[test]
    fn random_fields_are_safe(text in "(35=A\u{1})?([0-9]{1,7}=?[ -~]{0,9}\u{1}?){0,20}") {
        read(&framed(text.as_bytes()));
    }

    #[test]
    fn logons_with_a_few_changed_bytes_are_safe(
        fields in logon_fields(),
        changes in prop::collection::vec((any::<Index>(), any::<u8>()), 1..5),
        frame_too in any::<bool>(),
    ) {
        let mut bytes = body(&fields);
        if frame_too {
            bytes = framed(&bytes);
        }
        for (at, byte) in changes {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        read(&if frame_too { bytes } else { framed(&bytes) });
    }
}
