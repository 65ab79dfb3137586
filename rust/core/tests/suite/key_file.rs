//! Key files: what is read, what is refused and in which line, and how pairs are found.

use gatepass_core::key_file::columns::Column;
use gatepass_core::key_file::layout::Layout;
use gatepass_core::key_file::{Date, KeyFileProblem};
use gatepass_core::{KeyFileError, KeyTable};
use proptest::prelude::*;

use crate::build::{SECRET, cases};

const SAMPLE: &str = include_str!("../../../../tests/vectors/sample-keys.txt");

/// The sample's header and its one record.
pub fn sample() -> (&'static str, &'static str) {
    let (header, record) = SAMPLE.split_once('\n').unwrap();
    (header, record.trim_end_matches('\n'))
}

/// A record of the sample's columns.
pub fn record(session: &str, id: &str, created: &str, expires: &str) -> String {
    format!("{session:21}{id:31}{SECRET:51}{created:21}{expires:21}TEST ONE\n")
}

pub fn file(records: &[String]) -> String {
    format!("{}\n{}", sample().0, records.concat())
}

fn read(file: &str) -> KeyTable {
    KeyTable::parse(file.as_bytes(), false, false).unwrap()
}

pub fn refusal(file: &str) -> KeyFileError {
    KeyTable::parse(file.as_bytes(), false, false).unwrap_err()
}

#[test]
fn the_sample_is_read() {
    let table = read(SAMPLE);
    let [pair] = table.pairs() else { panic!("the sample has one pair") };
    assert_eq!(pair.session.as_str(), "B08");
    assert_eq!(pair.access_key_id.as_str(), "oNDxM33uE81ohWuVRtWT");
    assert_eq!((pair.created.to_string(), pair.expires.to_string()), dates());
    assert_eq!(pair.environment.as_deref(), Some("NEWRELEASE"));
    let message = b"1\nB08004N\nMSG\n20170623-14:48:42.855\n92\n60\nUS,NY\n0\nBRIO\n8.0\nABC";
    let signature = pair.signing_key.sign(message).to_base64url();
    assert_eq!(&signature, b"oHZ2Dx1ihFAp7kHOFcJPkijm27xfApJFp-ZhsSCxr3s");
}

fn dates() -> (String, String) {
    ("2017-06-23".into(), "2018-06-23".into())
}

#[test]
fn only_a_reader_that_asks_for_diagnosis_keys_gets_them() {
    let ring_key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, SECRET.as_bytes());
    let undecoded = ring::hmac::sign(&ring_key, b"message");
    let pair = |n| record(&format!("S{n:05}"), &format!("id{n}"), "2026-01-05", "2027-01-05");
    // The second file is read by two threads.
    for count in [1, 1000] {
        let file = file(&(0..count).map(pair).collect::<Vec<_>>());
        assert!(read(&file).pairs().iter().all(|pair| pair.diagnosis_key.is_none()));
        let asked = KeyTable::parse(file.as_bytes(), false, true).unwrap();
        let keys = asked.pairs().iter().filter_map(|pair| pair.diagnosis_key.as_ref());
        let recognised = keys.filter(|key| key.made(b"message", undecoded.as_ref()));
        assert_eq!(recognised.count(), count);
        assert!(asked.keeps_all_of(&read(&file)) && read(&file).keeps_all_of(&asked));
    }
}

#[test]
fn a_value_is_cut_at_its_columns_bounds() {
    use Column::*;
    let (header, record) = sample();
    let layout = Layout::of(header.as_bytes()).unwrap();
    let all = [Session, AccessKeyId, Secret, Created, Expires, Environment];
    let cells = all.map(|column| layout.cell(record.as_bytes(), column).unwrap());
    let words: Vec<_> = record.split_whitespace().map(str::as_bytes).collect();
    assert_eq!(cells, *words);
    let blanks_first = Layout::of(format!("  {header}").as_bytes()).unwrap();
    assert_eq!(blanks_first.cell(b"B08", Session), Ok(&b"B08"[..]));
}

#[test]
fn a_value_may_fill_its_column_but_not_exceed_it() {
    let layout = Layout::of(sample().0.as_bytes()).unwrap();
    let full = " ".repeat(52) + &"s".repeat(51);
    assert_eq!(layout.cell(full.as_bytes(), Column::Secret), Ok("s".repeat(51).as_bytes()));
    let over = full + "s";
    assert_eq!(layout.cell(over.as_bytes(), Column::Secret), Ok("s".repeat(51).as_bytes()));
    let problem = KeyFileProblem::RunsInto("Creation Date");
    assert_eq!(layout.cell(over.as_bytes(), Column::Created), Err(problem));
}

#[test]
fn only_an_environment_may_have_a_blank_inside() {
    let good = record("B08", "one", "2026-01-05", "2027-01-05");
    assert_eq!(read(&file(&[good])).pairs()[0].environment.as_deref(), Some("TEST ONE"));
    let bad = record("B 8", "one", "2026-01-05", "2027-01-05");
    let error = refusal(&file(&[bad]));
    assert_eq!(error.problem, KeyFileProblem::BlankInside("Session ID"));
    assert_eq!(
        error.to_string(),
        "line 2: Session ID has a blank inside: it may have been cut, which moves the columns"
    );
}

#[test]
fn pairs_are_found_by_session_and_by_access_key_id() {
    let pair = |session, id| record(session, id, "2026-01-05", "2027-01-05");
    let table = read(&file(&[pair("XYZ", "b"), pair("ABC", "c"), pair("XYZ", "a")]));
    assert_eq!(table.sessions(), ["XYZ", "ABC"]);
    assert_eq!(table.of_session(b"XYZ").collect::<Vec<_>>(), [0, 2]);
    assert_eq!(table.of_session(b"ABC123").count(), 0);
    assert_eq!(
        ["a", "b", "c", "d", ""].map(|id| table.find(id.as_bytes())),
        [Some(2), Some(0), Some(1), None, None]
    );
    assert_eq!(table.find(&[b'a'; 33]), None);
    assert_eq!(table.find("é".as_bytes()), None);
}

#[test]
fn pairs_that_a_newer_file_lacks_or_alters_are_found() {
    let pair = |id, expires| record("XYZ", id, "2026-01-05", expires);
    let old = read(&file(&[pair("a", "2027-01-05"), pair("b", "2027-01-05")]));
    let altered = read(&file(&[pair("b", "2027-01-05"), pair("a", "2027-01-06")]));
    let other = pair("b", "2027-01-05").replace(SECRET, &"A".repeat(43));
    let other_key = read(&file(&[pair("a", "2027-01-05"), other]));
    let lacking = read(&file(&[pair("a", "2027-01-05"), pair("c", "2027-01-05")]));
    assert!(old.keeps_all_of(&old) && old.keeps_all_of(&read(&file(&[pair("b", "2027-01-05")]))));
    assert!([altered, other_key].iter().all(|new| !new.keeps_all_of(&old)));
    assert!(!lacking.keeps_all_of(&old));
    assert_eq!(lacking.gone_since(&old), ["b"]);
    assert_eq!(old.gone_since(&old), [""; 0]);
}

#[test]
fn a_large_file_is_read_in_its_order_up_to_the_first_line_that_is_wrong() {
    let names: Vec<_> = (0..2_000).map(|n| format!("pair{n}")).collect();
    let pair = |(n, name): (usize, &String)| {
        record(&format!("A{:05}", n / 2), name, "2026-01-05", "2027-01-05")
    };
    let mut records: Vec<_> = names.iter().enumerate().map(pair).collect();
    let table = read(&file(&records));
    let ids: Vec<_> = table.pairs().iter().map(|pair| pair.access_key_id.as_str()).collect();
    assert_eq!(ids, names);
    for wrong in [1_700, 300] {
        records[wrong] = record("?", "x", "2026-01-05", "2027-01-05");
        let problem = KeyFileProblem::SessionId;
        assert_eq!(refusal(&file(&records)), KeyFileError { line: Some(wrong + 2), problem });
    }
}

#[test]
fn a_session_with_a_third_pair_is_refused() {
    let pair = |session: &str, id: &str| record(session, id, "2026-01-05", "2027-01-05");
    let mut records: Vec<_> = ["a", "b", "c", "d"].map(|id| pair("ZZZ", id)).into();
    records.extend(["e", "f", "g"].map(|id| pair("AAA", id)));
    let error = refusal(&file(&records));
    assert_eq!(error.line, None);
    assert!(error.to_string().starts_with("session ZZZ has 4 key pairs, and only 2 can exist"));
}

#[test]
fn a_header_alone_is_accepted_only_if_the_file_may_be_empty() {
    let header = sample().0.as_bytes();
    assert_eq!(KeyTable::parse(header, true, false).unwrap().pairs().len(), 0);
    let problem = KeyFileProblem::HeaderOnly;
    assert_eq!(
        KeyTable::parse(header, false, false).unwrap_err(),
        KeyFileError { line: None, problem }
    );
    let problem = KeyFileProblem::Empty;
    assert_eq!(
        KeyTable::parse(b" \n", true, false).unwrap_err(),
        KeyFileError { line: None, problem }
    );
}

#[test]
fn a_date_must_exist() {
    for text in ["2024-02-29", "2000-02-29", "0001-01-01", "9999-12-31"] {
        assert_eq!(Date::parse(text.as_bytes()).unwrap().to_string(), text);
    }
    let day = Date::parse(b"2026-04-30").unwrap();
    assert_eq!((day.year(), day.month(), day.day()), (2026, 4, 30));
    for text in [
        "2023-02-29",
        "1900-02-29",
        "2026-04-31",
        "2026-00-01",
        "2026-13-01",
        "2026-01-00",
        "0000-01-01",
        "2026-1-01",
        "20260101",
        "2026-01-011",
        "+026-01-01",
        "2026/01/01",
        "",
    ] {
        assert_eq!(Date::parse(text.as_bytes()), None, "{text}");
    }
}

proptest! {
    #![proptest_config(cases(256))]

    #[test]
    fn any_bytes_give_pairs_or_an_error(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let _ = KeyTable::parse(&bytes, true, false).map_err(|error| error.to_string());
        let behind = [sample().0.as_bytes(), b"\n", &bytes].concat();
        let _ = KeyTable::parse(&behind, true, false).map_err(|error| error.to_string());
    }
}
