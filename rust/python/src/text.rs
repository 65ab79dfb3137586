//! Text arguments, borrowed as fast as the stable ABI allows.

use std::{slice, str};

use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyString};
use pyo3::{Borrowed, ffi};

use crate::errors;

/// The bytes for a `str` that cannot be encoded, because it contains half of a surrogate pair: the
/// first byte that UTF-8 would have for it. It is illegal in every value, so the error names the
/// field.
const NO_TEXT: &[u8] = &[0xED];

/// The UTF-8 bytes of a `str`.
///
/// PyO3's `&str` checks the type and then gets the bytes. Getting the bytes does both at once, and
/// a signature has eleven such arguments.
///
/// With a `TAG` it is the value of that field, and the error for another type names the field.
pub struct Text<'a, const TAG: u32 = 0>(pub &'a [u8]);

impl<'a, const TAG: u32> Text<'a, TAG> {
    /// The text; if it cannot be encoded, a text that every rule refuses.
    pub fn as_str(&self) -> &'a str {
        str::from_utf8(self.0).unwrap_or("\u{0}")
    }
}

impl<'a, 'py, const TAG: u32> FromPyObject<'a, 'py> for Text<'a, TAG> {
    type Error = PyErr;

    #[inline(always)]
    fn extract(object: Borrowed<'a, 'py, PyAny>) -> PyResult<Self> {
        let mut size = 0;
        // SAFETY: `object` is alive for 'a and the GIL is held. The bytes are the object's own,
        // immutable, and live as long as it does. Anything but a `str` gives null.
        let data = unsafe { ffi::PyUnicode_AsUTF8AndSize(object.as_ptr(), &mut size) };
        if data.is_null() {
            return refuse(&object);
        }
        // SAFETY: as above; `size` is the length of those bytes and never negative.
        Ok(Self(unsafe { slice::from_raw_parts(data.cast(), size as usize) }))
    }
}

#[cold]
fn refuse<'a, const TAG: u32>(object: &Bound<'_, PyAny>) -> PyResult<Text<'a, TAG>> {
    drop(PyErr::take(object.py()));
    match object.cast::<PyString>() {
        Ok(_) => Ok(Text(NO_TEXT)),
        Err(error) if TAG == 0 => Err(error.into()),
        Err(_) => Err(errors::no_text(TAG, &kind_of(object))),
    }
}

/// The names of the arguments that are bytes, by the number of a `Given`.
const BYTES: [&str; 3] = ["canonical", "signature", "logon"];

/// The bytes of an argument, borrowed: the error for another type names the argument.
pub struct Given<'a, const ARGUMENT: usize>(pub &'a [u8]);

impl<'a, 'py, const ARGUMENT: usize> FromPyObject<'a, 'py> for Given<'a, ARGUMENT> {
    type Error = PyErr;

    #[inline]
    fn extract(object: Borrowed<'a, 'py, PyAny>) -> PyResult<Self> {
        <&'a [u8]>::extract(object).map(Self).map_err(|_| {
            let name = BYTES[ARGUMENT];
            let message = format!("{name} is of type {}: give bytes", kind_of(&object));
            errors::argument(name, message)
        })
    }
}

fn kind_of(object: &Bound<'_, PyAny>) -> String {
    object.get_type().name().map_or_else(|_| "unknown".into(), |name| name.to_string())
}

/// The bytes of a `str` or `bytes`, borrowed.
pub fn bytes_of<'a>(value: &'a Bound<'_, PyAny>) -> PyResult<&'a [u8]> {
    match value.cast::<PyBytes>() {
        Ok(bytes) => Ok(bytes.as_bytes()),
        Err(_) => value.extract::<Text<'a>>().map(|text| text.0),
    }
}
