//! Signing and verifying do not allocate on the heap, and a signing key allocates one state.
//!
//! A separate test binary, because it counts all allocations of its thread.
#![allow(unsafe_code, clippy::unwrap_used)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::hint::black_box;

use gatepass_core::{
    AccessKeyId, DiagnosisKey, FIX_LOGON, Signature, SigningKey, Verdict, sign_logon, verify_logon,
};

struct Counting;

thread_local! {
    static ALLOCATIONS: Cell<usize> = const { Cell::new(0) };
    static BYTES: Cell<usize> = const { Cell::new(0) };
}

fn count(size: usize) {
    ALLOCATIONS.with(|allocations| allocations.set(allocations.get() + 1));
    BYTES.with(|bytes| bytes.set(bytes.get() + size));
}

// SAFETY: every call goes unchanged to the system's allocator. Counting does not allocate, because
// it uses a thread-local cell without a destructor, and does not touch the memory.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size());
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        count(layout.size());
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, memory: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count(size);
        unsafe { System.realloc(memory, layout, size) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        unsafe { System.dealloc(memory, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// How many times `work` allocates.
fn allocations(work: impl FnOnce()) -> usize {
    let before = ALLOCATIONS.get();
    work();
    ALLOCATIONS.get() - before
}

/// How many bytes `work` asked for.
fn bytes(work: impl FnOnce()) -> usize {
    let before = BYTES.get();
    work();
    BYTES.get() - before
}

const SECRET: &[u8] = b"2HlZ7exg8jTKltXnURjKvm3GS5iF5n4ClzHiEm_ocv4";
const CANONICAL: &str = "1\nB08004N\nMSG\n20170623-14:48:42.855\n92\n60\nUS,NY\n0\nBRIO\n8.0\nABC";
const SIGNATURE: &[u8] = b"oHZ2Dx1ihFAp7kHOFcJPkijm27xfApJFp-ZhsSCxr3s";
const RAW: &str = "8=FIX.4.2|9=117|35=A|34=1|49=B08004N|50=MSG|52=20170623-14:48:42.855|56=CME|\
    57=92|142=US,NY|369=0|108=60|1603=BRIO|1604=8.0|1605=ABC|10=098|";

#[test]
fn allocations_are_counted() {
    assert_eq!(allocations(|| drop(black_box(Vec::<u8>::with_capacity(1)))), 1);
    assert_eq!(allocations(|| drop(black_box(vec![0_u8; 9]))), 1);
    let mut vec = vec![0_u8; 9];
    assert_eq!(allocations(|| vec.reserve_exact(black_box(99))), 1);
    assert_eq!(bytes(|| drop(black_box(vec![0_u8; 9]))), 9);
}

#[test]
fn a_signing_key_has_one_prepared_state() {
    let state = size_of::<ring::hmac::Key>();
    let signing = bytes(|| drop(black_box(SigningKey::from_base64url(SECRET).unwrap())));
    let diagnosis = bytes(|| drop(black_box(DiagnosisKey::from_text(SECRET))));
    assert!((state..2 * state).contains(&signing), "{signing} bytes, and a state has {state}");
    assert!((state..2 * state).contains(&diagnosis), "{diagnosis} bytes, and a state has {state}");
}

#[test]
fn signing_values_does_not_allocate() {
    let key = SigningKey::from_base64url(SECRET).unwrap();
    let mut parts = CANONICAL.split('\n').map(str::as_bytes);
    let values: [Option<&[u8]>; 11] = std::array::from_fn(|_| parts.next());
    let mut texts = [[0; Signature::TEXT_LEN]; 2];
    let asked = allocations(|| {
        let canonical = FIX_LOGON.canonical(&values).unwrap();
        texts[0] = key.sign(canonical.as_bytes()).to_base64url();
        texts[1] = FIX_LOGON.sign(&key, &values).unwrap().to_base64url();
    });
    assert_eq!(texts, [SIGNATURE, SIGNATURE]);
    assert_eq!(asked, 0);
}

#[test]
fn signing_a_message_into_a_large_buffer_does_not_allocate() {
    let key = SigningKey::from_base64url(SECRET).unwrap();
    let access_key = AccessKeyId::new("oNDxM33uE81ohWuVRtWT").unwrap();
    let raw = RAW.replace('|', "\x01").into_bytes();
    let mut out = Vec::with_capacity(512);
    let asked = allocations(|| sign_logon(&key, access_key, &raw, &mut out).unwrap());
    assert!(out.windows(SIGNATURE.len()).any(|window| window == SIGNATURE));
    assert_eq!(asked, 0);
}

#[test]
fn verifying_a_message_does_not_allocate() {
    let key = SigningKey::from_base64url(SECRET).unwrap();
    let access_key = AccessKeyId::new("oNDxM33uE81ohWuVRtWT").unwrap();
    let raw = RAW.replace('|', "\x01").into_bytes();
    let mut signed = Vec::new();
    sign_logon(&key, access_key, &raw, &mut signed).unwrap();
    let mut verdicts = [Verdict::UnknownAccessKey; 2];
    let asked = allocations(|| {
        verdicts[0] = verify_logon(&signed, |_| Some(&key));
        verdicts[1] = verify_logon(&raw, |_| Some(&key));
    });
    assert_eq!(verdicts[0], Verdict::Valid);
    assert!(matches!(verdicts[1], Verdict::Unreadable(_)));
    assert_eq!(asked, 0);
}
