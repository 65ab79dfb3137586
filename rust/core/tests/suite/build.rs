//! Messages and values to test with.

use gatepass_core::SigningKey;
use proptest::prelude::*;

pub const SOH: u8 = 0x01;

/// Published with the EPAM FIX Antenna unit tests, expired in 2018.
pub const SECRET: &str = "2HlZ7exg8jTKltXnURjKvm3GS5iF5n4ClzHiEm_ocv4";
pub const ACCESS_KEY: &str = "oNDxM33uE81ohWuVRtWT";

/// The body of a Logon, `|` for SOH.
pub const BODY: &str = "35=A|34=1|49=B08004N|50=MSG|52=20170623-14:48:42.855|56=CME|57=92|\
    142=US,NY|369=0|108=60|1603=BRIO|1604=8.0|1605=ABC|";

/// The tags of the signed fields, in signed order.
pub const SIGNED: [u32; 11] = [34, 49, 50, 52, 57, 108, 142, 369, 1603, 1604, 1605];

pub fn key() -> SigningKey {
    SigningKey::from_base64url(SECRET.as_bytes()).unwrap()
}

/// `text` with SOH for each `|`.
pub fn soh(text: &str) -> Vec<u8> {
    text.replace('|', "\x01").into_bytes()
}

/// `body` with its BeginString, BodyLength and CheckSum.
pub fn framed(body: &[u8]) -> Vec<u8> {
    let mut message = format!("8=FIX.4.2\x019={}\x01", body.len()).into_bytes();
    message.extend_from_slice(body);
    summed(message)
}

/// `message` with the CheckSum of its bytes.
pub fn summed(mut message: Vec<u8>) -> Vec<u8> {
    let sum: usize = message.iter().map(|byte| usize::from(*byte)).sum();
    message.extend_from_slice(format!("10={:03}\x01", sum % 256).as_bytes());
    message
}

/// `message` with its CheckSum corrected.
pub fn resummed(mut message: Vec<u8>) -> Vec<u8> {
    message.truncate(message.len() - "10=000|".len());
    summed(message)
}

/// A framed Logon of `body`, `|` for SOH.
pub fn logon(body: &str) -> Vec<u8> {
    framed(&soh(body))
}

/// The bytes of these fields in a body.
pub fn body(fields: &[(u32, Vec<u8>)]) -> Vec<u8> {
    let mut body = Vec::new();
    for (tag, value) in fields {
        body.extend_from_slice(format!("{tag}=").as_bytes());
        body.extend_from_slice(value);
        body.push(SOH);
    }
    body
}

/// The position of `part` in `whole`.
pub fn find(whole: &[u8], part: &[u8]) -> Option<usize> {
    whole.windows(part.len()).position(|window| window == part)
}

pub fn replaced(whole: &[u8], from: &str, to: &str) -> Vec<u8> {
    let (from, to) = (soh(from), soh(to));
    let at = find(whole, &from).unwrap();
    [&whole[..at], &to, &whole[at + from.len()..]].concat()
}

/// base64url without padding, bit by bit: independent, because the crate's codec is under test.
pub fn base64url(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let bit = |n: usize| bytes.get(n / 8).is_some_and(|byte| byte >> (7 - n % 8) & 1 == 1);
    let sextet = |n: usize| (0..6).fold(0, |sum, k| sum * 2 + usize::from(bit(n * 6 + k)));
    (0..(bytes.len() * 8).div_ceil(6)).map(|n| char::from(ALPHABET[sextet(n)])).collect()
}

/// The same with `=` up to a multiple of four.
pub fn padded(bytes: &[u8]) -> String {
    let text = base64url(bytes);
    let padding = text.len().next_multiple_of(4) - text.len();
    text + &"=".repeat(padding)
}

/// Properties without files of past failures: a failure becomes a named test instead.
pub fn cases(count: u32) -> ProptestConfig {
    ProptestConfig { cases: count, failure_persistence: None, ..ProptestConfig::default() }
}

/// One legal signed value.
pub fn value() -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(0x20..=0x7E_u8, 1..=20)
}

/// Legal values of all signed fields of a FIX logon.
pub fn values() -> impl Strategy<Value = Vec<Vec<u8>>> {
    prop::collection::vec(value(), SIGNED.len())
}

/// The fields of an unsigned Logon in any order, with fields that are not signed between them,
/// and some that signing must leave out.
pub fn logon_fields() -> impl Strategy<Value = Vec<(u32, Vec<u8>)>> {
    let extra = prop::sample::subsequence(vec![56_u32, 141, 58, 9553, 5000, 98, 1400], 0..=7);
    let bytes = prop::collection::vec(any::<u8>(), 0..=20);
    let data = prop::sample::subsequence(vec![(95_u32, 96_u32), (354, 355), (90, 91)], 0..=3);
    (values(), extra, value(), data, bytes).prop_flat_map(|(values, extra, text, data, bytes)| {
        let mut groups: Vec<Vec<(u32, Vec<u8>)>> =
            SIGNED.into_iter().zip(values).map(|field| vec![field]).collect();
        groups.extend(extra.into_iter().map(|tag| vec![(tag, text.clone())]));
        groups.extend(data.into_iter().map(|(length, data)| {
            vec![(length, bytes.len().to_string().into_bytes()), (data, bytes.clone())]
        }));
        Just(groups).prop_shuffle().prop_map(|groups| {
            let msg_type = vec![(35, b"A".to_vec())];
            std::iter::once(msg_type).chain(groups).flatten().collect()
        })
    })
}
