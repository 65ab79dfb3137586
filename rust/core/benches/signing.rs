//! What the core costs compared with the MAC alone.
//!
//! `cargo bench -p gatepass-core`. Absolute times drift from run to run, so the last line is a
//! ratio of two paths timed alternately in one run: canonicalise, sign and encode from eleven
//! values, against `ring::hmac::sign` with a prepared key over the same bytes.
#![allow(missing_docs, clippy::unwrap_used)]

use std::hint::black_box;
use std::time::{Duration, Instant};

use criterion::Criterion;
use gatepass_core::{AccessKeyId, FIX_LOGON, SigningKey, Verdict, sign_logon, verify_logon};
use ring::hmac;

const BAR: f64 = 1.25;

// Published with the EPAM FIX Antenna unit tests, expired in 2018; the secret decodes to KEY.
const SECRET: &[u8] = b"2HlZ7exg8jTKltXnURjKvm3GS5iF5n4ClzHiEm_ocv4";
const KEY: [u8; 32] = [
    0xD8, 0x79, 0x59, 0xED, 0xEC, 0x60, 0xF2, 0x34, 0xCA, 0x96, 0xD5, 0xE7, 0x51, 0x18, 0xCA, 0xBE,
    0x6D, 0xC6, 0x4B, 0x98, 0x85, 0xE6, 0x7E, 0x02, 0x97, 0x31, 0xE2, 0x12, 0x6F, 0xE8, 0x72, 0xFE,
];
const ACCESS_KEY: &str = "oNDxM33uE81ohWuVRtWT";
const SIGNATURE: &[u8; 43] = b"oHZ2Dx1ihFAp7kHOFcJPkijm27xfApJFp-ZhsSCxr3s";
const CANONICAL: &[u8] =
    b"1\nB08004N\nMSG\n20170623-14:48:42.855\n92\n60\nUS,NY\n0\nBRIO\n8.0\nABC";
const RAW: &str = "8=FIX.4.2|9=117|35=A|34=1|49=B08004N|50=MSG|52=20170623-14:48:42.855|56=CME|\
    57=92|142=US,NY|369=0|108=60|1603=BRIO|1604=8.0|1605=ABC|10=098|";

fn main() {
    if cfg!(debug_assertions) {
        eprintln!("a debug build gives no useful numbers: use cargo bench");
        std::process::exit(1);
    }
    let ring_key = hmac::Key::new(hmac::HMAC_SHA256, &KEY);
    let key = SigningKey::from_base64url(SECRET).unwrap();
    let access_key = AccessKeyId::new(ACCESS_KEY).unwrap();
    let raw = RAW.replace('|', "\x01").into_bytes();
    let mut parts = CANONICAL.split(|byte| *byte == b'\n');
    let values: [Option<&[u8]>; 11] = std::array::from_fn(|_| parts.next());

    let bare = || hmac::sign(&ring_key, black_box(CANONICAL));
    let core = || FIX_LOGON.sign(&key, black_box(&values)).unwrap().to_base64url();
    let sign = |out: &mut Vec<u8>| sign_logon(&key, access_key, black_box(&raw), out).unwrap();
    let verify = |signed: &[u8]| verify_logon(black_box(signed), |_| Some(&key));

    // A wrong answer must not count as fast.
    let mut signed = Vec::with_capacity(512);
    sign(&mut signed);
    assert_eq!(key.sign(CANONICAL).as_bytes(), bare().as_ref());
    assert_eq!(&core(), SIGNATURE);
    assert!(signed.windows(SIGNATURE.len()).any(|window| window == SIGNATURE));
    assert_eq!(verify(&signed), Verdict::Valid);

    let mut criterion = Criterion::default().configure_from_args();
    let mut group = criterion.benchmark_group("signing");
    group.bench_function("ring_sign", |b| b.iter(bare));
    group.bench_function("core_sign", |b| b.iter(core));
    let mut out = Vec::with_capacity(512);
    group.bench_function("sign_logon", |b| b.iter(|| sign(&mut out)));
    group.bench_function("verify_logon", |b| b.iter(|| verify(&signed)));
    group.finish();
    criterion.final_summary();

    let ratio = ratio(core, bare);
    let met = if ratio <= BAR { "met" } else { "MISSED" };
    println!("core / ring = {ratio:.3} (bar: at most {BAR}, {met})");
}

/// The time of `ours` divided by that of `theirs`, alternately: the median of many short rounds.
fn ratio<A, B>(ours: impl Fn() -> A, theirs: impl Fn() -> B) -> f64 {
    const ROUNDS: usize = 301;
    let mut ratios: Vec<f64> =
        (0..ROUNDS).map(|_| time(&ours).as_secs_f64() / time(&theirs).as_secs_f64()).collect();
    ratios.sort_by(f64::total_cmp);
    ratios[ROUNDS / 2]
}

fn time<T>(work: impl Fn() -> T) -> Duration {
    const CALLS: usize = 5_000;
    let start = Instant::now();
    for _ in 0..CALLS {
        black_box(work());
    }
    start.elapsed()
}
