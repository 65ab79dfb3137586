//! Access Key IDs.

use gatepass_core::{AccessKeyId, FieldError, FieldRule};

#[test]
fn an_access_key_id_has_1_to_32_letters_digits_dashes_and_underscores() {
    for text in ["a", "oNDxM33uE81ohWuVRtWT", "TXkgU2VjcmV0IEtleQ", "-_", &"x".repeat(32)] {
        let id = AccessKeyId::new(text).unwrap();
        assert_eq!((id.as_str(), id.as_bytes()), (text, text.as_bytes()));
    }
    let refused = |text: &str, rule| {
        let error = FieldError { tag: 355, name: "EncodedText", rule };
        assert_eq!(AccessKeyId::new(text).err(), Some(error), "{text:?}");
    };
    refused("", FieldRule::Empty);
    refused(&"x".repeat(33), FieldRule::TooLong { max: 32 });
    refused("ab c", FieldRule::Illegal { at: 2, byte: b' ' });
    refused("abc\u{1}", FieldRule::Illegal { at: 3, byte: 1 });
    refused("ab=", FieldRule::Illegal { at: 2, byte: b'=' });
    refused("é", FieldRule::Illegal { at: 0, byte: 0xC3 });
    for byte in 0..128_u8 {
        let legal = byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
        assert_eq!(AccessKeyId::new(&char::from(byte).to_string()).is_ok(), legal, "{byte}");
    }
}
