//! What can be wrong with a key file, as data. No variant quotes a line: it may contain a secret.

use std::error::Error;
use std::fmt;

use crate::error::SecretKeyError;
use crate::key_file::columns::COLUMNS;
use crate::key_file::date::Date;
use crate::key_file::name::{MAX_PAIRS_PER_SESSION, SessionId};

/// Why a key file cannot be used, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyFileError {
    /// The line, from 1; `None` if it is about the whole file.
    pub line: Option<usize>,
    /// What is wrong.
    pub problem: KeyFileProblem,
}

/// What is wrong with a key file, or with one line of it. Places count from 0.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeyFileProblem {
    /// The file has no line.
    Empty,
    /// The file has a header but no key pair.
    HeaderOnly,
    /// A byte is not printable ASCII.
    IllegalCharacter {
        /// Where in the line.
        at: usize,
    },
    /// The header lacks columns.
    MissingColumns(Vec<&'static str>),
    /// The header names a column twice.
    RepeatedColumn(&'static str),
    /// The header has a word that is not the name of a column.
    UnknownColumn {
        /// Where in the line.
        at: usize,
    },
    /// A value does not end before this column begins.
    RunsInto(&'static str),
    /// A value of this column is several words.
    BlankInside(&'static str),
    /// There is no value in this column.
    EmptyValue(&'static str),
    /// The Session ID is malformed.
    SessionId,
    /// The Access Key ID has more characters than this.
    AccessKeyIdTooLong {
        /// The most characters allowed.
        max: usize,
    },
    /// The Access Key ID contains an illegal character.
    AccessKeyIdIllegal,
    /// The secret key is unusable.
    Secret(SecretKeyError),
    /// The value of this column is not a date.
    NoDate(&'static str),
    /// The pair ends before it begins.
    DatesReversed {
        /// The Creation Date.
        created: Date,
        /// The Expiration Date.
        expires: Date,
    },
    /// An earlier line has the same Access Key ID.
    RepeatedAccessKeyId {
        /// That line, from 1.
        line: usize,
    },
    /// A session has more pairs than can exist.
    TooManyPairs {
        /// The session.
        session: SessionId,
        /// How many pairs it has.
        count: usize,
    },
}

impl fmt::Display for KeyFileProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const AGAIN: &str = "download it again from the Request Center";
        match self {
            Self::Empty => write!(f, "it is empty: {AGAIN}"),
            Self::HeaderOnly => write!(f, "it has a header but no key pair: {AGAIN}"),
            Self::IllegalCharacter { at } => write!(
                f,
                "the character at position {} is a tab, NUL or not ASCII: \
                 a key file is plain ASCII text",
                at + 1
            ),
            Self::MissingColumns(names) => write!(
                f,
                "the header has no column {}: the first line must name the columns, \
                 as in the file from the Request Center",
                names.join(", ")
            ),
            Self::RepeatedColumn(name) => write!(f, "the header has the column {name} twice"),
            Self::UnknownColumn { at } => write!(
                f,
                "the header has an unknown column at position {}: the columns are {}",
                at + 1,
                COLUMNS.each_ref().map(|column| column.name).join(", ")
            ),
            Self::RunsInto(name) => write!(f, "a value runs into the column {name}"),
            Self::BlankInside(name) => write!(
                f,
                "{name} has a blank inside: it may have been cut, which moves the columns"
            ),
            Self::EmptyValue(name) => write!(f, "{name} is empty"),
            Self::SessionId => write!(
                f,
                "Session ID, the start of SenderCompID (49), must be 3 or 6 characters \
                 of A-Z a-z 0-9"
            ),
            Self::AccessKeyIdTooLong { max } => {
                write!(f, "Access Key ID (355) is too long: at most {max} characters")
            }
            Self::AccessKeyIdIllegal => write!(
                f,
                "Access Key ID (355) contains an illegal character: use A-Z a-z 0-9 - _ only"
            ),
            Self::Secret(error) => error.fmt(f),
            Self::NoDate(name) => write!(f, "{name} is not a date of the form YYYY-MM-DD"),
            Self::DatesReversed { created, expires } => {
                write!(f, "Creation Date {created} is after Expiration Date {expires}")
            }
            Self::RepeatedAccessKeyId { line } => {
                write!(f, "the same Access Key ID is in line {line}: keep one of them")
            }
            Self::TooManyPairs { session, count } => write!(
                f,
                "session {} has {count} key pairs, and only {MAX_PAIRS_PER_SESSION} can exist: \
                 delete one at the Request Center and download the file again",
                session.as_str()
            ),
        }
    }
}

impl fmt::Display for KeyFileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(line) = self.line {
            write!(f, "line {line}: ")?;
        }
        self.problem.fmt(f)
    }
}

impl Error for KeyFileError {}
