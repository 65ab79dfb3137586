//! A signed logon is valid, does not change when it is signed again, and is not valid when changed.
#![no_main]

use gatepass_core::{AccessKeyId, FIX_LOGON, SigningKey, Verdict, sign_logon, verify_logon};
use libfuzzer_sys::fuzz_target;

/// The signed values, whether to make them legal, other fields of the body, and a byte of the
/// signed values to change.
type Input = ([Vec<u8>; 11], bool, Vec<u8>, (u8, u8, u8));

fuzz_target!(|input: Input| {
    let (mut values, make_legal, other, (index, at, change)) = input;
    if make_legal {
        for value in &mut values {
            value.push(b'.');
            value.iter_mut().for_each(|byte| *byte = 0x20 + *byte % 0x5F);
        }
    }
    let key = SigningKey::from_base64url(&[b'k'; 44]).expect("44 characters are a key");
    let access_key = AccessKeyId::new("oNDxM33uE81ohWuVRtWT").expect("a legal Access Key ID");

    let legal = values
        .iter()
        .all(|value| !value.is_empty() && value.iter().all(|byte| matches!(byte, 0x20..=0x7E)));
    let joined = values.join(&b'\n');
    let borrowed = values.each_ref().map(|value| Some(&value[..]));
    let canonical = FIX_LOGON.canonical(&borrowed);
    assert_eq!(canonical.is_ok(), legal && joined.len() <= 256);
    if let Ok(canonical) = &canonical {
        assert_eq!(canonical.as_bytes(), joined);
        let signature = FIX_LOGON.sign(&key, &borrowed).expect("legal values can be signed");
        assert!(key.verify(&joined, signature.as_bytes()));
    }

    let mut signed = Vec::new();
    if sign_logon(&key, access_key, &logon(&values, &other), &mut signed).is_err() {
        assert!(signed.is_empty());
        return;
    }
    let verdict = |message: &[u8]| verify_logon(message, |_| Some(&key));
    assert_eq!(verdict(&signed), Verdict::Valid);
    let mut again = Vec::new();
    sign_logon(&key, access_key, &signed, &mut again).expect("a signed logon can be signed");
    assert_eq!(again, signed);

    // A value can be changed only if all values are in the logon as given.
    if canonical.is_err() || change == 0 {
        return;
    }
    let mut changed = values;
    let value = &mut changed[usize::from(index) % 11];
    let at = usize::from(at) % value.len();
    value[at] ^= change;
    let credentials = credentials(&signed);
    let message = logon(&changed, &[&other, credentials].concat());
    assert_ne!(verdict(&message), Verdict::Valid);
});

fn logon(values: &[Vec<u8>; 11], other: &[u8]) -> Vec<u8> {
    let mut body = b"35=A\x01".to_vec();
    for (field, value) in FIX_LOGON.fields.iter().zip(values) {
        body.extend_from_slice(format!("{}=", field.tag).as_bytes());
        body.extend_from_slice(value);
        body.push(0x01);
    }
    body.extend_from_slice(other);
    framed(&body)
}

fn framed(body: &[u8]) -> Vec<u8> {
    let mut message = format!("8=FIX.4.2\x019={}\x01", body.len()).into_bytes();
    message.extend_from_slice(body);
    let sum = message.iter().fold(0_u8, |sum, byte| sum.wrapping_add(*byte));
    message.extend_from_slice(format!("10={sum:03}\x01").as_bytes());
    message
}

/// The credential fields, which end the body of a signed logon.
fn credentials(signed: &[u8]) -> &[u8] {
    let length = "354=20|355=|1400=CME-1-SHA-256|1401=43|1402=|".len() + 20 + 43;
    let end = signed.len() - "10=000|".len();
    &signed[end - length..end]
}
