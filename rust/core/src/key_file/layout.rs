//! Where each column of one file begins and ends.

use crate::key_file::columns::{COLUMNS, Column};
use crate::key_file::error::KeyFileProblem;

/// The bounds of each column, made from the header line.
#[derive(Debug)]
pub struct Layout {
    bounds: [Option<Bounds>; COLUMNS.len()],
}

#[derive(Debug, Clone, Copy)]
struct Bounds {
    begin: usize,
    /// Where the next column begins; for the last column, beyond any line.
    end: usize,
}

impl Layout {
    /// Finds the columns of a header line of printable ASCII.
    ///
    /// # Errors
    /// [`KeyFileProblem`] naming a column that is missing or repeated, or the position of one that
    /// is not known.
    pub fn of(header: &[u8]) -> Result<Self, KeyFileProblem> {
        // In the order of the header.
        let mut found: Vec<(usize, usize)> = Vec::with_capacity(COLUMNS.len());
        let mut unknown = None;
        let mut at = 0;
        while at < header.len() {
            if header[at] == b' ' {
                at += 1;
            } else if let Some((column, length)) = column_at(&header[at..]) {
                if found.iter().any(|(other, _)| *other == column) {
                    return Err(KeyFileProblem::RepeatedColumn(COLUMNS[column].name));
                }
                found.push((column, at));
                at += length;
            } else {
                unknown = unknown.or(Some(at));
                at += word_length(&header[at..]);
            }
        }
        let is_missing = |column: &usize| {
            !COLUMNS[*column].optional && found.iter().all(|(other, _)| other != column)
        };
        let missing: Vec<_> = (0..COLUMNS.len()).filter(is_missing).collect();
        if !missing.is_empty() {
            let names = missing.into_iter().map(|column| COLUMNS[column].name).collect();
            return Err(KeyFileProblem::MissingColumns(names));
        }
        if let Some(at) = unknown {
            return Err(KeyFileProblem::UnknownColumn { at });
        }
        Ok(Self { bounds: bounds_of(&found) })
    }

    /// One value of a record, without the blanks around it; empty if there is none.
    ///
    /// # Errors
    /// [`KeyFileProblem`] when it has a blank inside, or begins before the column.
    pub fn cell<'a>(&self, line: &'a [u8], column: Column) -> Result<&'a [u8], KeyFileProblem> {
        let Some(Bounds { begin, end }) = self.bounds[column as usize] else { return Ok(b"") };
        if begin >= line.len() {
            return Ok(b"");
        }
        let spec = column.spec();
        if begin > 0 && line[begin - 1] != b' ' && line[begin] != b' ' {
            return Err(KeyFileProblem::RunsInto(spec.name));
        }
        let value = trim(&line[begin..end.min(line.len())]);
        if !spec.blanks && value.contains(&b' ') {
            return Err(KeyFileProblem::BlankInside(spec.name));
        }
        Ok(value)
    }
}

/// Removes blanks from both ends.
fn trim(text: &[u8]) -> &[u8] {
    let begin = text.iter().position(|byte| *byte != b' ').unwrap_or(text.len());
    let mut value = &text[begin..];
    // Half of a file is blanks, so eight at a time come first.
    while let Some(shorter) = value.strip_suffix(b"        ") {
        value = shorter;
    }
    while let Some(shorter) = value.strip_suffix(b" ") {
        value = shorter;
    }
    value
}

/// The column whose name the text begins with, as whole words, and the name's length.
fn column_at(text: &[u8]) -> Option<(usize, usize)> {
    let names = COLUMNS.iter().enumerate().flat_map(|(column, spec)| {
        std::iter::once(&spec.name).chain(spec.aliases).map(move |name| (column, *name))
    });
    let mut matching = names.filter(|(_, name)| {
        text.strip_prefix(name.as_bytes()).is_some_and(|rest| matches!(rest, [] | [b' ', ..]))
    });
    matching.next().map(|(column, name)| (column, name.len()))
}

fn word_length(text: &[u8]) -> usize {
    text.iter().position(|byte| *byte == b' ').unwrap_or(text.len())
}

fn bounds_of(found: &[(usize, usize)]) -> [Option<Bounds>; COLUMNS.len()] {
    let mut bounds = [None; COLUMNS.len()];
    for (place, (column, start)) in found.iter().enumerate() {
        // Blanks before the first name belong to the first column.
        let begin = if place == 0 { 0 } else { *start };
        let end = found.get(place + 1).map_or(usize::MAX, |(_, next)| *next);
        bounds[*column] = Some(Bounds { begin, end });
    }
    bounds
}
