//! The columns of CME's key file, as data.

/// The name of a column in the header, how wide a writer makes it, and what it may contain.
#[derive(Debug)]
pub struct ColumnSpec {
    /// The name in the header.
    pub name: &'static str,
    /// Other names that a reader accepts.
    pub aliases: &'static [&'static str],
    /// Its width in characters for a writer. A reader takes the bounds from the header line.
    pub width: usize,
    /// Whether the column may be absent, and its values empty.
    pub optional: bool,
    /// Whether a value may be several words.
    pub blanks: bool,
}

/// One column, as an index into [`COLUMNS`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Column {
    /// The Session ID.
    Session,
    /// The Access Key ID.
    AccessKeyId,
    /// The secret key, as base64url.
    Secret,
    /// The first day of the pair's life.
    Created,
    /// The last day of the pair's life.
    Expires,
    /// Where the pair is used.
    Environment,
}

impl Column {
    /// The column's row in [`COLUMNS`].
    #[must_use]
    pub fn spec(self) -> &'static ColumnSpec {
        &COLUMNS[self as usize]
    }
}

const fn column(name: &'static str, width: usize) -> ColumnSpec {
    ColumnSpec { name, aliases: &[], width, optional: false, blanks: false }
}

/// Every column, in a writer's order, which is that of [`Column`].
pub static COLUMNS: [ColumnSpec; 6] = [
    column("Session ID", 21),
    ColumnSpec { aliases: &["Access Key ID"], ..column("Access ID", 31) },
    column("Secret Key", 51),
    column("Creation Date", 21),
    column("Expiration Date", 21),
    // CME's names for production and certification are not public: they may be two words.
    ColumnSpec { optional: true, blanks: true, ..column("Environment", 21) },
];
