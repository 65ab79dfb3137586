//! Everything that reads bytes of unknown origin; and a stream must give the same events whole and
//! cut into pieces.
#![no_main]

use gatepass_core::{Frame, Framer, Logon, MAX_MESSAGE, StreamEvent};
use libfuzzer_sys::fuzz_target;

/// Small, so that the fuzzer finds the limit.
const MAX: usize = 512;

fuzz_target!(|data: &[u8]| {
    let Some((piece, bytes)) = data.split_first() else { return };
    read(bytes);
    read(&framed(bytes));
    stream(bytes, usize::from(*piece) + 1);
    // The same with intact messages, which the fuzzer would hardly find.
    let bytes = [&framed(bytes)[..], bytes, &framed(bytes)].concat();
    stream(&bytes, usize::from(*piece) + 1);
});

fn framed(body: &[u8]) -> Vec<u8> {
    let mut message = format!("8=FIX.4.2\x019={}\x01", body.len()).into_bytes();
    message.extend_from_slice(body);
    let sum = message.iter().fold(0_u8, |sum, byte| sum.wrapping_add(*byte));
    message.extend_from_slice(format!("10={sum:03}\x01").as_bytes());
    message
}

fn read(bytes: &[u8]) {
    let Ok(frame) = Frame::parse(bytes, MAX_MESSAGE) else {
        assert!(Logon::parse(bytes).is_err());
        return;
    };
    let mut end = frame.body().start;
    let mut failed = false;
    for field in frame.fields() {
        assert!(!failed, "an error ends the fields");
        match field {
            Ok(field) => {
                assert_eq!(field.start, end);
                end = field.end;
                let text = [format!("{}=", field.tag).as_bytes(), field.value, b"\x01"].concat();
                assert_eq!(&bytes[field.start..field.end], text);
            }
            Err(_) => failed = true,
        }
    }
    assert!(failed || end == frame.body().end);

    let Ok(logon) = Logon::parse(bytes) else { return };
    assert!(!failed);
    let _ = (logon.access_key_id(), logon.signature());
    if let Ok(canonical) = logon.canonical() {
        let values = logon.values().map(|value| value.expect("all values must be there"));
        assert_eq!(canonical.as_bytes(), values.join(&b'\n'));
        assert!(values.iter().all(|value| value.iter().all(|byte| matches!(byte, 0x20..=0x7E))));
    }
}

fn stream(bytes: &[u8], piece: usize) {
    let whole = events(bytes, bytes.len().max(1));
    assert_eq!(events(bytes, piece), whole);
    assert_eq!(events(bytes, 1), whole);
    let mut end = 0;
    for event in &whole {
        let offset = match event {
            StreamEvent::Message { offset, bytes: message } => {
                let at = *offset as usize;
                assert!(bytes[at..].starts_with(message));
                assert!(Frame::parse(message, MAX).is_ok());
                *offset
            }
            StreamEvent::Garbled { offset, .. } => *offset,
        };
        assert!(offset >= end);
        end = offset + 1;
    }
    if bytes.len() <= MAX && Frame::parse(bytes, MAX).is_ok() {
        assert_eq!(whole, [StreamEvent::Message { offset: 0, bytes: bytes.to_vec() }]);
    }
}

fn events(bytes: &[u8], piece: usize) -> Vec<StreamEvent> {
    let mut framer = Framer::new(MAX);
    let mut events = Vec::new();
    for piece in bytes.chunks(piece) {
        framer.push(piece);
        events.extend(std::iter::from_fn(|| framer.next_event()));
        assert!(framer.pending() < MAX);
    }
    events
}
