//! The reader of key files: any bytes, and good records with some bytes changed. Every pair that is
//! read is found, and no error quotes the file.
#![no_main]

use gatepass_core::KeyTable;
use libfuzzer_sys::fuzz_target;

const FILE: &str = concat!(
    "Session ID Access ID  Secret Key                                  Creation Date ",
    "Expiration Date Environment\n",
    "B08        oldoldold  AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8 2025-02-03    ",
    "2026-02-03      PRODUCTION\n",
    "XYZABC     otherother oKGio6SlpqeoqaqrrK2ur7CxsrO0tba3uLm6u7y9vr8 2025-06-01    ",
    "2026-06-01\r\n",
);

/// Any bytes, and changes to a good file: where, and to what.
type Input<'a> = (&'a [u8], Vec<(u16, u8)>);

fuzz_target!(|input: Input| {
    let (bytes, changes) = input;
    let mut changed = FILE.as_bytes().to_vec();
    for (at, byte) in changes {
        let at = usize::from(at) % changed.len();
        changed[at] = byte;
    }
    let header = FILE.split_inclusive('\n').next().unwrap_or_default().as_bytes();
    for file in [bytes, &[header, bytes].concat(), &changed, &[&changed, bytes].concat()] {
        match KeyTable::parse(file, true, false) {
            Ok(table) => found_again(&table),
            Err(error) => assert!(!error.to_string().contains("CAwQFBgcICQoLDA0ODxAREhMUFRYX")),
        }
    }
});

fn found_again(table: &KeyTable) {
    for (index, pair) in table.pairs().iter().enumerate() {
        assert_eq!(table.find(pair.access_key_id.as_str().as_bytes()), Some(index));
        assert!(table.of_session(pair.session.as_str().as_bytes()).any(|found| found == index));
        assert!(pair.created <= pair.expires);
    }
    let sessions = table.sessions();
    let counts = sessions.iter().map(|session| table.of_session(session.as_bytes()).count());
    assert_eq!(counts.sum::<usize>(), table.pairs().len());
    assert!(table.keeps_all_of(table) && table.gone_since(table).is_empty());
}
