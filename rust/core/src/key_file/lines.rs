//! The lines of a key file, and the pairs in them.

use std::io::BufRead as _;
use std::panic::resume_unwind;
use std::thread::{Builder, scope};

use crate::key_file::error::KeyFileProblem;
use crate::key_file::layout::Layout;
use crate::key_file::record::KeyPair;

/// Editors on Windows put this at the start of a text; it is skipped.
const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";
/// From so many lines on a second thread pays: starting it takes the time of some twenty lines.
const MANY_LINES: usize = 1000;

/// A line without its line ending.
#[derive(Clone, Copy)]
pub struct Line<'a> {
    /// Its number in the file, from 1.
    pub number: usize,
    /// Its bytes.
    pub text: &'a [u8],
}

/// Each line of a file that is not blank.
pub fn lines(file: &[u8]) -> impl Iterator<Item = Line<'_>> {
    let mut rest = file.strip_prefix(BYTE_ORDER_MARK).unwrap_or(file);
    let next = move || {
        let from = rest;
        // On a slice this cannot fail, and it is several times as fast as checking each byte.
        let length = rest.skip_until(b'\n').ok().filter(|length| *length > 0)?;
        let line = &from[..length];
        let Some(line) = line.strip_suffix(b"\n") else { return Some(line) };
        Some(line.strip_suffix(b"\r").unwrap_or(line))
    };
    let numbered = (1..).zip(std::iter::from_fn(next));
    let lines = numbered.map(|(number, text)| Line { number, text });
    lines.filter(|line| line.text.iter().any(|byte| *byte != b' '))
}

/// Refuses bytes that are not printable ASCII.
pub fn refuse_illegal(line: &[u8]) -> Result<(), KeyFileProblem> {
    let illegal = |byte: &u8| !matches!(byte, b' '..=b'~');
    // Without an early exit, many bytes are checked in one step.
    if line.iter().fold(false, |found, byte| found | illegal(byte)) {
        let at = line.iter().position(illegal).unwrap_or_default();
        return Err(KeyFileProblem::IllegalCharacter { at });
    }
    Ok(())
}

/// The pairs of the lines before the first that cannot be used, and what is wrong with that one.
pub fn read(
    layout: &Layout,
    lines: &[Line],
    diagnosis: bool,
) -> (Vec<KeyPair>, Option<KeyFileProblem>) {
    if lines.len() < MANY_LINES {
        return read_in_order(layout, lines, diagnosis);
    }
    let (first, second) = lines.split_at(lines.len() / 2);
    scope(|scope| {
        let beside =
            Builder::new().spawn_scoped(scope, || read_in_order(layout, second, diagnosis));
        let (mut pairs, problem) = read_in_order(layout, first, diagnosis);
        let (more, later) = match beside {
            Ok(beside) => beside.join().unwrap_or_else(|panic| resume_unwind(panic)),
            // The system has no free thread at the moment.
            Err(_) => read_in_order(layout, second, diagnosis),
        };
        if problem.is_some() {
            return (pairs, problem);
        }
        pairs.extend(more);
        (pairs, later)
    })
}

fn read_in_order(
    layout: &Layout,
    lines: &[Line],
    diagnosis: bool,
) -> (Vec<KeyPair>, Option<KeyFileProblem>) {
    let mut pairs: Vec<KeyPair> = Vec::with_capacity(lines.len());
    for line in lines {
        let legal = refuse_illegal(line.text);
        match legal.and_then(|()| KeyPair::read(layout, line.text, pairs.last(), diagnosis)) {
            Ok(pair) => pairs.push(pair),
            Err(problem) => return (pairs, Some(problem)),
        }
    }
    (pairs, None)
}
