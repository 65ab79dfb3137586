//! The reader of CME's key file: from its bytes to key pairs that sign.
//!
//! A file is a header line that names the columns, and one line per key pair, its values in fixed
//! columns with blanks in between. CME does not document it; the names and widths are those of the
//! one public reader and its samples.
//!
//! A file flows through the modules in this order: `lines` → [`layout`] (driven by the [`columns`])
//! → [`record`] → [`table`]. A secret goes from the given bytes directly into its [`SigningKey`];
//! no error quotes a line.
//!
//! [`SigningKey`]: crate::SigningKey

pub mod columns;
pub mod date;
pub mod error;
mod index;
pub mod layout;
mod lines;
pub mod name;
pub mod record;
pub mod table;

pub use date::Date;
pub use error::{KeyFileError, KeyFileProblem};
pub use name::MAX_PAIRS_PER_SESSION;
pub use record::KeyPair;
pub use table::KeyTable;

use layout::Layout;
use lines::Line;

impl KeyTable {
    /// Reads the pairs of a key file, in the file's order.
    ///
    /// The columns are found from the header line; Environment may be absent; blank lines, CRLF
    /// and a byte order mark are accepted. With `may_be_empty`, a file may contain a header and no
    /// pairs. With `diagnosis`, each pair gets its [`KeyPair::diagnosis_key`]. The caller wipes
    /// `file`.
    ///
    /// # Errors
    /// [`KeyFileError`], with the line, for anything else.
    pub fn parse(file: &[u8], may_be_empty: bool, diagnosis: bool) -> Result<Self, KeyFileError> {
        let whole = |problem| KeyFileError { line: None, problem };
        let lines: Vec<Line> = lines::lines(file).collect();
        let (header, records) = lines.split_first().ok_or(whole(KeyFileProblem::Empty))?;
        let layout = lines::refuse_illegal(header.text)
            .and_then(|()| Layout::of(header.text))
            .map_err(|problem| at(header, problem))?;
        let (pairs, problem) = lines::read(&layout, records, diagnosis);
        let failed = pairs.len();
        let table = Self::new(pairs);
        // All pairs come before the line that failed: the first error is reported.
        if let Some((earlier, later)) = table.repeated() {
            let line = records[earlier].number;
            return Err(at(&records[later], KeyFileProblem::RepeatedAccessKeyId { line }));
        }
        if let Some(problem) = problem {
            return Err(at(&records[failed], problem));
        }
        let nothing = table.pairs().is_empty() && !may_be_empty;
        let problem = nothing.then_some(KeyFileProblem::HeaderOnly).or_else(|| table.crowded());
        problem.map_or(Ok(table), |problem| Err(whole(problem)))
    }
}

fn at(line: &Line, problem: KeyFileProblem) -> KeyFileError {
    KeyFileError { line: Some(line.number), problem }
}
