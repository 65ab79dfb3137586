//! `Logon`: one Logon, scanned once, for callers that need its parts.

use std::ops::Range;

use gatepass_core::{AccessKeyId, FIX_LOGON, FieldError, Logon, Signature};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::errors;

const SENDER_COMP_ID: usize = index_of(49);
const SENDING_TIME: usize = index_of(52);

/// One Logon (35=A), signed or not.
#[pyclass(frozen, name = "Logon", module = "gatepass._native")]
pub struct PyLogon {
    message: Py<PyBytes>,
    /// Where each signed value is in the message.
    values: [Option<Range<usize>>; FIX_LOGON.fields.len()],
    canonical: Result<Py<PyBytes>, FieldError>,
    access_key_id: Result<Py<PyBytes>, FieldError>,
    signature: Result<Py<PyBytes>, FieldError>,
}

#[pymethods]
impl PyLogon {
    #[new]
    #[pyo3(signature = (message, /))]
    fn new(message: Bound<'_, PyBytes>) -> PyResult<Self> {
        let py = message.py();
        let bytes = |value: &[u8]| PyBytes::new(py, value).unbind();
        let logon = Logon::parse(message.as_bytes()).map_err(errors::logon)?;
        Ok(Self {
            values: logon.values().map(|value| value.map(|value| place(message.as_bytes(), value))),
            canonical: logon.canonical().map(|canonical| bytes(canonical.as_bytes())),
            access_key_id: logon.access_key_id().map(bytes),
            signature: logon.signature().map(|signature| bytes(signature.as_bytes())),
            message: message.clone().unbind(),
        })
    }

    #[getter]
    fn message(&self, py: Python<'_>) -> Py<PyBytes> {
        self.message.clone_ref(py)
    }

    #[getter]
    fn values(&self, py: Python<'_>) -> Vec<Option<Py<PyBytes>>> {
        self.values.iter().map(|place| self.at(py, place)).collect()
    }

    #[getter]
    fn sender_comp_id(&self, py: Python<'_>) -> Option<Py<PyBytes>> {
        self.at(py, &self.values[SENDER_COMP_ID])
    }

    #[getter]
    fn sending_time(&self, py: Python<'_>) -> Option<Py<PyBytes>> {
        self.at(py, &self.values[SENDING_TIME])
    }

    #[getter]
    fn canonical(&self, py: Python<'_>) -> PyResult<Py<PyBytes>> {
        part(py, &self.canonical)
    }

    #[getter]
    fn access_key_id(&self, py: Python<'_>) -> PyResult<Py<PyBytes>> {
        part(py, &self.access_key_id)
    }

    #[getter]
    fn signature(&self, py: Python<'_>) -> PyResult<Py<PyBytes>> {
        part(py, &self.signature)
    }

    #[pyo3(signature = (access_key_id, signature, /))]
    fn with_credentials<'py>(
        &self,
        py: Python<'py>,
        access_key_id: &str,
        signature: &[u8],
    ) -> PyResult<Bound<'py, PyBytes>> {
        let access_key = AccessKeyId::new(access_key_id).map_err(errors::field)?;
        let signature = signature
            .try_into()
            .map(Signature::from_bytes)
            .map_err(|_| PyValueError::new_err("a signature is 32 bytes"))?;
        let logon = Logon::parse(self.message.as_bytes(py)).map_err(errors::logon)?;
        logon.canonical().map_err(errors::field)?;
        let len = logon.signed_len(access_key).map_err(errors::framing)?;
        PyBytes::new_with(py, len, |out| {
            logon.write_signed(access_key, &signature, out);
            Ok(())
        })
    }

    fn __repr__(&self, py: Python<'_>) -> String {
        format!("<Logon of {} bytes>", self.message.as_bytes(py).len())
    }
}

impl PyLogon {
    fn at(&self, py: Python<'_>, place: &Option<Range<usize>>) -> Option<Py<PyBytes>> {
        let value = self.message.as_bytes(py).get(place.clone()?)?;
        Some(PyBytes::new(py, value).unbind())
    }
}

/// The index of a tag among the signed fields.
const fn index_of(tag: u32) -> usize {
    let mut index = 0;
    while FIX_LOGON.fields[index].tag != tag {
        index += 1;
    }
    index
}

/// Where a value of a message begins and ends.
fn place(message: &[u8], value: &[u8]) -> Range<usize> {
    let start = value.as_ptr().addr() - message.as_ptr().addr();
    start..start + value.len()
}

fn part(py: Python<'_>, part: &Result<Py<PyBytes>, FieldError>) -> PyResult<Py<PyBytes>> {
    part.as_ref().map(|bytes| bytes.clone_ref(py)).map_err(|error| errors::field(*error))
}
