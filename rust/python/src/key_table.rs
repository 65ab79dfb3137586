//! `KeyTable`: the pairs of a key file, read and looked up without a Python object for each.

use gatepass_core::KeyTable;
use gatepass_core::key_file::columns::COLUMNS;
use pyo3::exceptions::{PyIndexError, PyTypeError};
use pyo3::prelude::*;
use pyo3::types::{PyByteArray, PyDate, PyTuple};
use zeroize::Zeroize;

use crate::errors;
use crate::key::{PyDiagnosisKey, PySigningKey};
use crate::text::Text;

/// The key pairs of a key file.
#[pyclass(frozen, name = "KeyTable", module = "gatepass._native")]
pub struct PyKeyTable(KeyTable);

/// A pair's Session ID, Access Key ID, key, Creation Date, Expiration Date, environment and what
/// recognises its secret used as text.
type Row<'py> = (
    String,
    String,
    PySigningKey,
    Bound<'py, PyDate>,
    Bound<'py, PyDate>,
    Option<String>,
    Option<PyDiagnosisKey>,
);

#[pymethods]
impl PyKeyTable {
    #[new]
    #[pyo3(signature = (text, /, path = None, *, may_be_empty = false, diagnosis = false))]
    fn new(
        text: &Bound<'_, PyAny>,
        path: Option<Bound<'_, PyAny>>,
        may_be_empty: bool,
        diagnosis: bool,
    ) -> PyResult<Self> {
        let copy = Wiped(PyByteArray::from(text)?);
        // SAFETY: this copy was made above and is not shared, so nothing can change or move its
        // bytes, with or without the GIL.
        let bytes = unsafe { copy.0.as_bytes() };
        let table = text.py().detach(|| KeyTable::parse(bytes, may_be_empty, diagnosis));
        table.map(Self).map_err(|error| errors::key_file(error, path))
    }

    fn __len__(&self) -> usize {
        self.0.pairs().len()
    }

    #[pyo3(signature = (index, /))]
    fn pair<'py>(&self, py: Python<'py>, index: usize) -> PyResult<Row<'py>> {
        let pair = self.0.pairs().get(index);
        let pair = pair.ok_or_else(|| PyIndexError::new_err("there is no such pair"))?;
        let date = |date: gatepass_core::key_file::Date| {
            PyDate::new(py, i32::from(date.year()), date.month(), date.day())
        };
        Ok((
            pair.session.as_str().to_owned(),
            pair.access_key_id.as_str().to_owned(),
            PySigningKey(pair.signing_key.clone()),
            date(pair.created)?,
            date(pair.expires)?,
            pair.environment.as_deref().map(str::to_owned),
            pair.diagnosis_key.clone().map(PyDiagnosisKey),
        ))
    }

    #[pyo3(signature = (access_key_id, /))]
    fn find(&self, access_key_id: Text<'_>) -> Option<usize> {
        self.0.find(access_key_id.0)
    }

    #[pyo3(signature = (session, /))]
    fn of_session<'py>(&self, py: Python<'py>, session: Text<'_>) -> PyResult<Bound<'py, PyTuple>> {
        PyTuple::new(py, self.0.of_session(session.0).collect::<Vec<_>>())
    }

    #[getter]
    fn unusual(&self) -> Vec<usize> {
        self.0.unusual().collect()
    }

    #[getter]
    fn sessions(&self) -> Vec<&str> {
        self.0.sessions()
    }

    #[pyo3(signature = (older, /))]
    fn gone_since<'a>(&self, older: &'a Bound<'_, Self>) -> Vec<&'a str> {
        self.0.gone_since(&older.get().0)
    }

    #[pyo3(signature = (older, /))]
    fn keeps_all_of(&self, py: Python<'_>, older: &Bound<'_, Self>) -> bool {
        let older = &older.get().0;
        py.detach(|| self.0.keeps_all_of(older))
    }

    fn __repr__(&self) -> String {
        format!("<KeyTable of {} pairs>", self.0.pairs().len())
    }

    fn __reduce__(&self) -> PyResult<()> {
        Err(PyTypeError::new_err("a KeyTable contains secrets: it cannot be pickled or copied"))
    }
}

/// The one copy of a file's text in this module; it is wiped even if reading fails.
struct Wiped<'py>(Bound<'py, PyByteArray>);

impl Drop for Wiped<'_> {
    fn drop(&mut self) {
        // SAFETY: this object is not shared, and nothing borrowed from it is left.
        unsafe { self.0.as_bytes_mut() }.zeroize();
    }
}

/// The columns in a writer's order: name, width, and whether a file may lack it.
pub fn columns(py: Python<'_>) -> PyResult<Bound<'_, PyTuple>> {
    PyTuple::new(py, COLUMNS.iter().map(|column| (column.name, column.width, column.optional)))
}
