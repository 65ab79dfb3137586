//! `Message`: one FIX message, scanned once; a field becomes a Python object when it is asked for.

use gatepass_core::{Frame, MAX_MESSAGE};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyString, PyTuple};

use crate::errors;
use crate::stream::latin;

/// Most digits of a number in a message (documented by CME: Int(9)).
const MAX_DIGITS: usize = 9;
const MSG_TYPE: i64 = 35;
const MSG_SEQ_NUM: u32 = 34;

/// The fields of one whole message, in order.
#[pyclass(frozen, subclass, name = "Message", module = "gatepass._native")]
pub struct PyMessage {
    #[pyo3(get)]
    wire: Py<PyBytes>,
    #[pyo3(get)]
    possibly_delivered: bool,
    #[pyo3(get)]
    msg_seq_num: Option<u32>,
    places: Box<[Place]>,
}

/// Where a field's value is in the message.
struct Place {
    tag: u32,
    start: u32,
    end: u32,
}

#[pymethods]
impl PyMessage {
    #[new]
    #[pyo3(signature = (wire, /, *, possibly_delivered = false))]
    fn new(wire: Bound<'_, PyBytes>, possibly_delivered: bool) -> PyResult<Self> {
        let bytes = wire.as_bytes();
        let frame = Frame::parse(bytes, MAX_MESSAGE).map_err(errors::framing)?;
        let mut places = Vec::with_capacity(24);
        let mut msg_seq_num = None;
        for field in frame.fields() {
            let field = field.map_err(errors::framing)?;
            // A message has at most `MAX_MESSAGE` bytes, so its offsets fit.
            let end = field.end as u32 - 1;
            let start = end - field.value.len() as u32;
            if field.tag == MSG_SEQ_NUM && msg_seq_num.is_none() {
                msg_seq_num = Some(read_number(field.value));
            }
            places.push(Place { tag: field.tag, start, end });
        }
        Ok(Self {
            wire: wire.unbind(),
            possibly_delivered,
            msg_seq_num: msg_seq_num.flatten(),
            places: places.into_boxed_slice(),
        })
    }

    #[getter]
    fn msg_type<'py>(&self, py: Python<'py>) -> Bound<'py, PyString> {
        latin(py, self.first(py, MSG_TYPE).unwrap_or_default())
    }

    #[getter]
    fn fields<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        let bytes = self.wire.as_bytes(py);
        let field = |place: &Place| (place.tag, latin(py, place.of(bytes)));
        PyTuple::new(py, self.places.iter().map(field))
    }

    #[getter]
    fn has_repeated_tags(&self) -> bool {
        let mut tags: Vec<u32> = self.places.iter().map(|place| place.tag).collect();
        tags.sort_unstable();
        tags.windows(2).any(|pair| pair[0] == pair[1])
    }

    #[pyo3(signature = (tag, /))]
    fn get<'py>(&self, py: Python<'py>, tag: i64) -> Option<Bound<'py, PyString>> {
        self.first(py, tag).map(|value| latin(py, value))
    }

    #[pyo3(signature = (tag, /))]
    fn number(&self, py: Python<'_>, tag: i64) -> Option<u32> {
        self.first(py, tag).and_then(read_number)
    }

    fn __eq__(&self, py: Python<'_>, other: &Bound<'_, Self>) -> bool {
        let other = other.get();
        self.wire.as_bytes(py) == other.wire.as_bytes(py)
            && self.possibly_delivered == other.possibly_delivered
    }

    fn __hash__(&self, py: Python<'_>) -> PyResult<isize> {
        self.wire.bind(py).hash()
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        let number = self.msg_seq_num.map_or_else(|| "?".into(), |number| number.to_string());
        Ok(format!("<Message 35={} 34={number}>", self.msg_type(py).to_str()?))
    }
}

impl PyMessage {
    /// The first value of a tag.
    fn first<'a>(&'a self, py: Python<'a>, tag: i64) -> Option<&'a [u8]> {
        let place = self.places.iter().find(|place| i64::from(place.tag) == tag)?;
        Some(place.of(self.wire.as_bytes(py)))
    }
}

impl Place {
    fn of<'a>(&self, wire: &'a [u8]) -> &'a [u8] {
        &wire[self.start as usize..self.end as usize]
    }
}

/// The value of an integer field; nothing for one that is longer than CME's, or no number.
fn read_number(value: &[u8]) -> Option<u32> {
    let fits = (1..=MAX_DIGITS).contains(&value.len()) && value.iter().all(u8::is_ascii_digit);
    fits.then(|| value.iter().fold(0, |number, digit| number * 10 + u32::from(digit - b'0')))
}
