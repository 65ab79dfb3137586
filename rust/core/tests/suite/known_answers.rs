//! RFC 4231, Wycheproof and the logon vectors, each through every path that accepts it.

use gatepass_core::{
    AccessKeyId, FIX_LOGON, FieldError, FieldRule, ILINK3_ESTABLISH, ILINK3_NEGOTIATE, LogonError,
    Profile, SecretKeyError, Signature, SigningKey, Verdict, sign_logon, verify_logon,
};

use crate::build::{replaced, resummed, soh};
use crate::vectors::{LogonVector, Mac, logons, rfc4231, wycheproof};

/// How many keys were accepted, and how many were refused as too short or too long.
#[derive(Default, Debug, PartialEq)]
struct Keys {
    taken: usize,
    short: usize,
    long: usize,
}

#[test]
fn rfc_4231() {
    assert_eq!(check(&rfc4231()), Keys { taken: 4, short: 1, long: 2 });
}

#[test]
fn wycheproof_hmac_sha256() {
    assert_eq!(check(&wycheproof()), Keys { taken: 174, short: 0, long: 0 });
}

fn check(macs: &[Mac]) -> Keys {
    let mut keys = Keys::default();
    for mac in macs {
        let key = SigningKey::from_base64url(mac.secret().as_bytes());
        match mac.key.len() {
            ..16 => {
                assert_eq!(key.err(), Some(SecretKeyError::TooShort), "{}", mac.name);
                keys.short += 1;
            }
            16..=128 => {
                check_tag(&key.unwrap(), mac);
                keys.taken += 1;
            }
            _ => {
                assert_eq!(key.err(), Some(SecretKeyError::TooLong), "{}", mac.name);
                keys.long += 1;
            }
        }
    }
    keys
}

fn check_tag(key: &SigningKey, mac: &Mac) {
    let whole = mac.tag.len() == Signature::LEN;
    let signature = key.sign(&mac.message);
    assert_eq!(signature.as_bytes().starts_with(&mac.tag), mac.right, "{}", mac.name);
    // The beginning of the right tag is not the tag.
    assert_eq!(key.verify(&mac.message, &mac.tag), mac.right && whole, "{}", mac.name);
    check_only(key, &mac.message, signature.as_bytes());
}

/// `signature` verifies; with any one bit flipped, cut anywhere or lengthened, it does not.
fn check_only(key: &SigningKey, message: &[u8], signature: &[u8]) {
    assert!(key.verify(message, signature));
    for bit in 0..signature.len() * 8 {
        assert!(!key.verify(message, &flipped(signature, bit)), "bit {bit}");
    }
    for length in 0..signature.len() {
        assert!(!key.verify(message, &signature[..length]), "the first {length} bytes");
        assert!(!key.verify(message, &signature[length + 1..]), "without {length} bytes");
    }
    assert!(!key.verify(message, &[signature, &[0]].concat()));
    assert!(!key.verify(message, &[signature, signature].concat()));
}

fn flipped(signature: &[u8], bit: usize) -> Vec<u8> {
    let mut signature = signature.to_vec();
    signature[bit / 8] ^= 1 << (bit % 8);
    signature
}

#[test]
fn the_logon_vectors_are_right_by_their_values() {
    let mut checked = Vec::new();
    for vector in logons() {
        match vector.profile.as_str() {
            "fix-logon" => check_values(&FIX_LOGON, &vector),
            "ilink3-negotiate" => check_values(&ILINK3_NEGOTIATE, &vector),
            "ilink3-establish" => check_values(&ILINK3_ESTABLISH, &vector),
            other => panic!("{} has the unknown profile {other}", vector.id),
        }
        checked.push(vector.id);
    }
    assert_eq!(checked, ["E1", "R1", "R2", "R5"]);
}

fn check_values<const N: usize>(profile: &Profile<N>, vector: &LogonVector) {
    assert_eq!(profile.name, vector.profile);
    let values = profile.fields.map(|field| vector.value(field.tag, field.name));
    let key = SigningKey::from_base64url(vector.secret.as_bytes()).unwrap();
    let signature = key.sign(vector.canonical.as_bytes());
    assert_eq!(&signature.as_bytes()[..], vector.signature, "{}", vector.id);
    assert_eq!(&signature.to_base64url()[..], vector.signature_text.as_bytes(), "{}", vector.id);
    let read = Signature::from_base64url(vector.signature_text.as_bytes()).unwrap();
    assert_eq!(&read.as_bytes()[..], vector.signature, "{}", vector.id);
    check_only(&key, vector.canonical.as_bytes(), &vector.signature);

    let canonical = profile.canonical(&values);
    let signed = profile.sign(&key, &values);
    if vector.valid {
        assert_eq!(canonical.unwrap().as_bytes(), vector.canonical.as_bytes(), "{}", vector.id);
        assert_eq!(&signed.unwrap().as_bytes()[..], vector.signature, "{}", vector.id);
    } else {
        // R5's first empty field: a correct tool does not build this string.
        let empty = FieldError { tag: 1603, name: "TradingSystemName", rule: FieldRule::Empty };
        assert_eq!(canonical.err(), Some(empty), "{}", vector.id);
        assert_eq!(signed.err(), Some(empty), "{}", vector.id);
    }
}

#[test]
fn the_logon_vectors_are_right_by_their_messages() {
    let messages = logons().into_iter().filter(|vector| vector.profile == "fix-logon");
    let checked: Vec<String> = messages.map(|vector| check_message(&vector)).collect();
    assert_eq!(checked, ["E1"]);
}

fn check_message(vector: &LogonVector) -> String {
    let key = SigningKey::from_base64url(vector.secret.as_bytes()).unwrap();
    let other = SigningKey::from_base64url(&[b'A'; 43]).unwrap();
    let access_key = AccessKeyId::new(vector.text("access_key_id")).unwrap();
    let expected = soh(vector.text("signed"));
    let verdict = |message: &[u8]| verify_logon(message, |_| Some(&key));

    let mut signed = Vec::new();
    sign_logon(&key, access_key, &soh(vector.text("raw")), &mut signed).unwrap();
    assert_eq!(signed, expected);

    let asked = verify_logon(&expected, |id| (id == access_key.as_bytes()).then_some(&key));
    assert_eq!(asked, Verdict::Valid);
    assert_eq!(verify_logon(&expected, |_| Some(&other)), Verdict::SignatureMismatch);
    assert_eq!(verify_logon(&expected, |_| None), Verdict::UnknownAccessKey);

    let text = vector.signature_text.as_str();
    for bit in 0..Signature::LEN * 8 {
        let bytes = flipped(&vector.signature, bit).try_into().unwrap();
        let flipped = Signature::from_bytes(bytes).to_base64url();
        let flipped = std::str::from_utf8(&flipped).unwrap();
        let message = resummed(replaced(&expected, text, flipped));
        assert_eq!(verdict(&message), Verdict::SignatureMismatch, "bit {bit}");
    }
    for length in 0..Signature::TEXT_LEN {
        let message = with_signature(&expected, text, &text[..length]);
        let refused = Verdict::Unreadable(LogonError::Field(FieldError {
            tag: 1402,
            name: "EncryptedPassword",
            rule: match length {
                0 => FieldRule::Empty,
                _ => {
                    FieldRule::Unexpected { expected: "43 characters of base64url without padding" }
                }
            },
        }));
        assert_eq!(verdict(&message), refused, "the first {length} characters");
    }
    for longer in [format!("{text}="), format!("{text}A"), format!("{text}{text}")] {
        let verdict = verdict(&with_signature(&expected, text, &longer));
        assert!(matches!(verdict, Verdict::Unreadable(LogonError::Field(e)) if e.tag == 1402));
    }
    vector.id.clone()
}

/// `message` with this signature instead, with the right lengths and CheckSum.
fn with_signature(message: &[u8], from: &str, to: &str) -> Vec<u8> {
    let (old, new) =
        (format!("1401={}|1402={from}|", from.len()), format!("1401={}|1402={to}|", to.len()));
    let shift = |length: usize| length + new.len() - old.len();
    let start = "8=FIX.4.2|9=".len();
    let digits = std::str::from_utf8(&message[start..start + 3]).unwrap();
    let message = replaced(message, &old, &new);
    let length: usize = digits.parse().unwrap();
    let (was, is) = (format!("|9={digits}|"), format!("|9={}|", shift(length)));
    resummed(replaced(&message, &was, &is))
}
