//! What is said of a key file that is refused: its line, and what is wrong with it.

use crate::build::SECRET;
use crate::key_file::{file, record, refusal, sample};

const FROM: &str = "2026-01-05";
const TO: &str = "2027-01-05";

fn says(file: &str, words: &str) {
    assert_eq!(refusal(file).to_string(), words);
}

#[test]
fn a_file_without_pairs() {
    says("", "it is empty: download it again from the Request Center");
    let words = "it has a header but no key pair: download it again from the Request Center";
    says(sample().0, words);
}

#[test]
fn a_header() {
    let header = sample().0;
    says("Access ID  Access Key ID", "line 1: the header has the column Access ID twice");
    says(
        &format!("{header}Owner"),
        "line 1: the header has an unknown column at position 167: the columns are Session ID, \
         Access ID, Secret Key, Creation Date, Expiration Date, Environment",
    );
    says(
        "Session ID  Secret Key  Expiration Date",
        "line 1: the header has no column Access ID, Creation Date: the first line must name the \
         columns, as in the file from the Request Center",
    );
    says(
        "Session ID\tAccess ID",
        "line 1: the character at position 11 is a tab, NUL or not ASCII: a key file is plain \
         ASCII text",
    );
}

#[test]
fn a_value() {
    let words = |record: String, words| says(&file(&[record]), &format!("line 2: {words}"));
    words(record("", "a", FROM, TO), "Session ID is empty");
    words(
        record("B0", "a", FROM, TO),
        "Session ID, the start of SenderCompID (49), must be 3 or 6 characters of A-Z a-z 0-9",
    );
    words(record("B08", &"a".repeat(32), FROM, TO), "a value runs into the column Secret Key");
    words(
        record("B08", "a?", FROM, TO),
        "Access Key ID (355) contains an illegal character: use A-Z a-z 0-9 - _ only",
    );
    words(
        record("B08", "a", "5 Jan", TO),
        "Creation Date has a blank inside: it may have been cut, which moves the columns",
    );
    words(
        record("B08", "a", FROM, "never"),
        "Expiration Date is not a date of the form YYYY-MM-DD",
    );
    words(
        record("B08", "a", TO, FROM),
        "Creation Date 2027-01-05 is after Expiration Date 2026-01-05",
    );
}

#[test]
fn an_access_key_id_that_is_too_long_or_there_already() {
    let header = "Session ID Access ID                         Secret Key  ";
    let (header, row) = (
        format!("{header:90}Creation Date  Expiration Date"),
        format!("B08        {:34}{SECRET:45}{FROM}     {TO}", "a".repeat(33)),
    );
    says(
        &format!("{header}\n{row}"),
        "line 2: Access Key ID (355) is too long: at most 32 characters",
    );
    let twice = [record("B08", "a", FROM, TO), record("XYZ", "a", FROM, TO)];
    says(&file(&twice), "line 3: the same Access Key ID is in line 2: keep one of them");
}
