//! `scan`, `read_fields`, `write_fields`, `complete_draft` and `Framer`: the fields of a message,
//! writing and completing a message, and the messages of a stream.

use std::io::Write;
use std::str;
use std::sync::{Mutex, MutexGuard, PoisonError};

use gatepass_core::{Frame, Framer, MAX_MESSAGE, StreamEvent, complete, framed};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyList, PyString, PyTuple};

use crate::errors;

#[pyfunction]
#[pyo3(signature = (message, /))]
pub fn scan<'py>(py: Python<'py>, message: &[u8]) -> PyResult<Vec<(u32, Bound<'py, PyBytes>)>> {
    let frame = Frame::parse(message, MAX_MESSAGE).map_err(errors::framing)?;
    let field = |tag, value| (tag, PyBytes::new(py, value));
    let begin = frame.begin_string();
    let body = frame.body();
    let length = &message[begin.len()..body.start];
    let mut fields =
        vec![field(8, &begin[2..begin.len() - 1]), field(9, &length[2..length.len() - 1])];
    for item in frame.fields() {
        let item = item.map_err(errors::framing)?;
        fields.push(field(item.tag, item.value));
    }
    fields.push(field(10, &message[body.end + 3..message.len() - 1]));
    Ok(fields)
}

#[pyfunction]
#[pyo3(signature = (message, /))]
pub fn read_fields<'py>(py: Python<'py>, message: &[u8]) -> PyResult<Bound<'py, PyTuple>> {
    let frame = Frame::parse(message, MAX_MESSAGE).map_err(errors::framing)?;
    let mut fields = Vec::with_capacity(24);
    for item in frame.fields() {
        let item = item.map_err(errors::framing)?;
        fields.push((item.tag, latin(py, item.value)));
    }
    PyTuple::new(py, fields)
}

/// A value as text: each byte is one character.
pub fn latin<'py>(py: Python<'py>, value: &[u8]) -> Bound<'py, PyString> {
    match str::from_utf8(value) {
        Ok(text) if text.is_ascii() => PyString::new(py, text),
        _ => PyString::new(py, &value.iter().map(|byte| char::from(*byte)).collect::<String>()),
    }
}

#[pyfunction]
#[pyo3(signature = (fields, /))]
pub fn write_fields<'py>(fields: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyBytes>> {
    let mut body = Vec::with_capacity(512);
    for field in fields.try_iter()? {
        let (tag, value): (u32, Bound<'py, PyString>) = field?.extract()?;
        write!(body, "{tag}=")?;
        write_latin(&mut body, &value)?;
        body.push(b'\x01');
    }
    Ok(PyBytes::new(fields.py(), &framed(b"8=FIX.4.2\x01", &body)))
}

/// Writes a text, one byte for each character, or raises Python's `UnicodeEncodeError`.
fn write_latin(body: &mut Vec<u8>, text: &Bound<'_, PyString>) -> PyResult<()> {
    match text.to_str() {
        Ok(known) if known.is_ascii() => body.extend_from_slice(known.as_bytes()),
        _ => {
            let bytes = text.call_method1("encode", ("latin-1",))?;
            body.extend_from_slice(bytes.cast::<PyBytes>()?.as_bytes());
        }
    }
    Ok(())
}

#[pyfunction]
#[pyo3(signature = (message, /))]
pub fn scan_unchecked<'py>(py: Python<'py>, message: &[u8]) -> Vec<(u32, Bound<'py, PyBytes>)> {
    let fields = Frame::unchecked(message).into_iter().flat_map(|frame| frame.fields());
    let readable = fields.map_while(Result::ok);
    readable.map(|field| (field.tag, PyBytes::new(py, field.value))).collect()
}

#[pyfunction]
#[pyo3(signature = (draft, sending_time = None, /))]
pub fn complete_draft<'py>(
    py: Python<'py>,
    draft: &[u8],
    sending_time: Option<&str>,
) -> PyResult<Bound<'py, PyBytes>> {
    let whole = complete(draft, sending_time.map(str::as_bytes)).map_err(errors::framing)?;
    Ok(PyBytes::new(py, &whole))
}

/// Cuts a byte stream into messages.
#[pyclass(frozen, name = "Framer", module = "gatepass._native")]
pub struct PyFramer(Mutex<Framer>);

#[pymethods]
impl PyFramer {
    #[new]
    #[pyo3(signature = (max_message = 65_536))]
    fn new(max_message: usize) -> Self {
        Self(Mutex::new(Framer::new(max_message)))
    }

    #[pyo3(signature = (data, /))]
    fn feed<'py>(&self, py: Python<'py>, data: &[u8]) -> PyResult<Bound<'py, PyList>> {
        let list = PyList::empty(py);
        for event in self.push(data) {
            match event {
                StreamEvent::Message { bytes, .. } => list.append(PyBytes::new(py, &bytes))?,
                StreamEvent::Garbled { error, .. } => {
                    list.append(errors::framing(error).into_value(py))?;
                }
            }
        }
        Ok(list)
    }

    #[getter]
    fn unfinished<'py>(&self, py: Python<'py>) -> Option<(usize, Bound<'py, PyAny>)> {
        let (count, error) = self.lock().unfinished()?;
        Some((count, errors::framing(error).into_value(py).into_bound(py).into_any()))
    }

    #[getter]
    fn pending(&self) -> usize {
        self.lock().pending()
    }
}

impl PyFramer {
    /// Takes all events out before making a Python object: making one can let another thread run,
    /// and if that thread waited for the lock, both would be stuck.
    fn push(&self, data: &[u8]) -> Vec<StreamEvent> {
        let mut framer = self.lock();
        framer.push(data);
        std::iter::from_fn(|| framer.next_event()).collect()
    }

    /// A panic cannot leave a framer in a harmful state: it only loses bytes.
    fn lock(&self) -> MutexGuard<'_, Framer> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
