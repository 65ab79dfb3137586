//! Secret keys and signatures as texts: what is accepted, and what exactly is refused.

use SecretKeyError::{Alphabet, NotUrlSafe, Padding, SpareBits, TooLong, TooShort, WhiteSpace};
use gatepass_core::{DiagnosisKey, SecretKeyError, Signature, SigningKey};
use proptest::prelude::*;

use crate::build::{SECRET, base64url, cases, key, padded};

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

fn refusal(text: &str) -> Option<SecretKeyError> {
    SigningKey::from_base64url(text.as_bytes()).err()
}

#[test]
fn secret_keys_are_decoded_strictly() {
    let with = |from: &str, to: &str| SECRET.replacen(from, to, 1);
    let table: Vec<(&str, String, Option<SecretKeyError>)> = vec![
        ("as issued, 32 bytes", SECRET.into(), None),
        ("exactly padded", format!("{SECRET}="), None),
        ("16 bytes", "A".repeat(21) + "A", None),
        ("16 bytes, padded", "A".repeat(22) + "==", None),
        ("48 bytes need no padding", "A".repeat(64), None),
        ("128 bytes", "A".repeat(171), None),
        ("128 bytes, padded", "A".repeat(171) + "=", None),
        ("a space inside", with("7", " "), Some(WhiteSpace)),
        ("a space before", format!(" {SECRET}"), Some(WhiteSpace)),
        ("a space after", format!("{SECRET} "), Some(WhiteSpace)),
        ("a line end", format!("{SECRET}\n"), Some(WhiteSpace)),
        ("a Windows line end", format!("{SECRET}\r\n"), Some(WhiteSpace)),
        ("a tab", with("7", "\t"), Some(WhiteSpace)),
        ("plus", with("7", "+"), Some(NotUrlSafe)),
        ("slash", with("_", "/"), Some(NotUrlSafe)),
        ("a full stop", with("7", "."), Some(Alphabet)),
        ("NUL", with("7", "\0"), Some(Alphabet)),
        ("a letter beyond ASCII", with("7", "é"), Some(Alphabet)),
        ("a no-break space", with("7", "\u{A0}"), Some(Alphabet)),
        ("quoted", format!("\"{SECRET}\""), Some(Alphabet)),
        ("one = too many", format!("{SECRET}=="), Some(Padding)),
        ("a whole group of =", format!("{SECRET}====="), Some(Padding)),
        ("= too few", "A".repeat(22) + "=", Some(Padding)),
        ("= where none belongs", "A".repeat(64) + "====", Some(Padding)),
        ("= at the beginning", format!("={}", &SECRET[..39]), Some(Padding)),
        ("= inside", with("7", "="), Some(Padding)),
        ("= inside, length right", "A".repeat(20) + "=AAA", Some(Padding)),
        ("= before the last", "A".repeat(22) + "=A", Some(Padding)),
        ("only =", "====".into(), Some(Padding)),
        ("spare bits", SECRET[..42].to_owned() + "5", Some(SpareBits)),
        ("spare bits, padded", SECRET[..42].to_owned() + "5=", Some(SpareBits)),
        ("one character of a group", "A".repeat(41), Some(SpareBits)),
        ("empty", String::new(), Some(TooShort)),
        ("15 bytes", "A".repeat(20), Some(TooShort)),
        ("1 byte, padded", "AA==".into(), Some(TooShort)),
        ("129 bytes", "A".repeat(172), Some(TooLong)),
        ("130 bytes, padded", "A".repeat(174) + "==", Some(TooLong)),
        ("very long", "A".repeat(100_000), Some(TooLong)),
    ];
    for (name, text, expected) in table {
        assert_eq!(refusal(&text), expected, "{name}");
    }
}

#[test]
fn every_byte_outside_the_alphabet_is_refused_everywhere() {
    for at in 0..SECRET.len() {
        for byte in (0..=255).filter(|byte| !ALPHABET.contains(byte)) {
            let mut text = SECRET.as_bytes().to_vec();
            text[at] = byte;
            let expected = match byte {
                b'=' => Padding,
                b'+' | b'/' => NotUrlSafe,
                b' ' | b'\t' | b'\n' | b'\r' | 0x0C => WhiteSpace,
                _ => Alphabet,
            };
            assert_eq!(SigningKey::from_base64url(&text).err(), Some(expected), "{byte} at {at}");
        }
    }
}

#[test]
fn padding_does_not_change_the_key() {
    let padded = SigningKey::from_base64url(format!("{SECRET}=").as_bytes()).unwrap();
    assert_eq!(padded.sign(b"x").as_bytes(), key().sign(b"x").as_bytes());
}

#[test]
fn the_undecoded_key_is_recognised_and_never_accepted() {
    let ring_key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, SECRET.as_bytes());
    let wrong = ring::hmac::sign(&ring_key, b"message");
    let text = DiagnosisKey::from_text(SECRET.as_bytes());
    assert!(text.made(b"message", wrong.as_ref()));
    assert!(!text.made(b"massage", wrong.as_ref()));
    assert!(!text.made(b"message", &wrong.as_ref()[..31]));
    assert!(!key().verify(b"message", wrong.as_ref()));
    let right = key().sign(b"message");
    assert!(!text.made(b"message", right.as_bytes()));
}

#[test]
fn a_signature_text_has_one_spelling() {
    let text = key().sign(b"message").to_base64url();
    assert_eq!(
        Signature::from_base64url(&text).unwrap().as_bytes(),
        key().sign(b"message").as_bytes()
    );
    for at in 0..text.len() {
        for byte in 0..=255 {
            let mut text = text;
            text[at] = byte;
            let sextet = ALPHABET.iter().position(|known| *known == byte);
            // 43 characters have 258 bits; the last two must be zero.
            let legal = sextet.is_some_and(|sextet| at < 42 || sextet % 4 == 0);
            assert_eq!(Signature::from_base64url(&text).is_some(), legal, "{byte} at {at}");
        }
    }
    for length in 0..text.len() {
        assert!(Signature::from_base64url(&text[..length]).is_none());
    }
    assert!(Signature::from_base64url(&[&text[..], b"="].concat()).is_none());
    assert!(Signature::from_base64url(&[&text[..], b"A"].concat()).is_none());
    assert!(Signature::from_base64url(&[&text[..], &text[..]].concat()).is_none());
}

proptest! {
    #![proptest_config(cases(1_000))]

    #[test]
    fn only_keys_of_16_to_128_bytes_are_accepted(
        bytes in prop::collection::vec(any::<u8>(), 0..140)
    ) {
        let expected = match bytes.len() {
            ..16 => Some(TooShort),
            16..=128 => None,
            _ => Some(TooLong),
        };
        prop_assert_eq!(refusal(&base64url(&bytes)), expected);
        prop_assert_eq!(refusal(&padded(&bytes)), expected);
        if expected.is_none() {
            let key = SigningKey::from_base64url(padded(&bytes).as_bytes()).unwrap();
            let bare = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, &bytes);
            let bare = ring::hmac::sign(&bare, b"message");
            let signature = key.sign(b"message");
            prop_assert_eq!(&signature.as_bytes()[..], bare.as_ref());
        }
    }

    #[test]
    fn a_signature_is_read_back_from_its_text(bytes in any::<[u8; 32]>()) {
        let text = Signature::from_bytes(bytes).to_base64url();
        let expected = base64url(&bytes);
        prop_assert_eq!(&text[..], expected.as_bytes());
        let read = Signature::from_base64url(&text).unwrap();
        prop_assert_eq!(read.as_bytes(), &bytes);
    }
}

#[test]
fn a_key_says_how_many_bytes_it_has() {
    for count in 16..=128_usize {
        let key = SigningKey::from_base64url(base64url(&vec![7; count]).as_bytes()).unwrap();
        assert_eq!(key.length(), count);
        assert_eq!(key.has_usual_length(), [32, 48].contains(&count));
    }
}
