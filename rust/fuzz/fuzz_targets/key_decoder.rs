//! Compares the decoder of secret keys and signatures with a slow one that reads bit by bit.
#![no_main]

use gatepass_core::{SecretKeyError, Signature, SigningKey};
use libfuzzer_sys::fuzz_target;
use ring::hmac;

fuzz_target!(|text: &[u8]| {
    let decoded = decode(text);
    match SigningKey::from_base64url(text) {
        Ok(key) => {
            let bytes = decoded.as_ref().expect("only strict base64url is a key");
            assert!((16..=128).contains(&bytes.len()));
            let bare = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, bytes), b"message");
            assert!(key.verify(b"message", bare.as_ref()), "decoded to other bytes");
        }
        Err(SecretKeyError::TooShort) => {
            assert!(decoded.as_ref().is_some_and(|bytes| bytes.len() < 16));
        }
        // A text of more than 172 characters is too long, even if it has other errors.
        Err(SecretKeyError::TooLong) => {
            assert!(text.len() > 172 || decoded.as_ref().is_some_and(|bytes| bytes.len() > 128));
        }
        Err(_) => assert_eq!(decoded, None, "strict base64url was refused"),
    }

    let signature = Signature::from_base64url(text).map(|signature| signature.as_bytes().to_vec());
    assert_eq!(signature, decoded.filter(|_| text.len() == 43));
    if let Some(bytes) = signature {
        let bytes = bytes.try_into().expect("a signature has 32 bytes");
        assert_eq!(&Signature::from_bytes(bytes).to_base64url()[..], text);
    }
});

/// Strict base64url, padded exactly or not at all.
fn decode(text: &[u8]) -> Option<Vec<u8>> {
    let unpadded = match text {
        [rest @ .., b'=', b'='] if rest.len() % 4 == 2 => rest,
        [rest @ .., b'='] if rest.len() % 4 == 3 => rest,
        _ => text,
    };
    let mut bits = Vec::new();
    for character in unpadded {
        let sextet = match character {
            b'A'..=b'Z' => character - b'A',
            b'a'..=b'z' => character - b'a' + 26,
            b'0'..=b'9' => character - b'0' + 52,
            b'-' => 62,
            b'_' => 63,
            _ => return None,
        };
        bits.extend((0..6).rev().map(|bit| sextet >> bit & 1));
    }
    let (bytes, spare) = bits.split_at(bits.len() / 8 * 8);
    if spare.len() >= 6 || spare.contains(&1) {
        return None;
    }
    Some(bytes.chunks(8).map(|bits| bits.iter().fold(0, |byte, bit| byte << 1 | bit)).collect())
}
