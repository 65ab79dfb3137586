//! Text arguments, borrowed as fast as the stable ABI allows.

use std::slice;

use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyString};
use pyo3::{Borrowed, ffi};

/// Stands for a `str` that is no text, because it holds half of a surrogate pair: the byte with
/// which UTF-8 would begin that. No value may hold it, so the refusal names the field.
const NO_TEXT: &[u8] = &[0xED];

/// The UTF-8 bytes of a `str`.
///
/// PyO3's `&str` asks for the type and then for the bytes. Asking for the bytes alone answers
/// both, and a signature has eleven such arguments.
pub struct Text<'a>(pub &'a [u8]);

impl<'a, 'py> FromPyObject<'a, 'py> for Text<'a> {
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
fn refuse<'a>(object: &Bound<'_, PyAny>) -> PyResult<Text<'a>> {
    drop(PyErr::take(object.py()));
    object.cast::<PyString>()?;
    Ok(Text(NO_TEXT))
}

/// The bytes of a `str` or `bytes`, borrowed.
pub fn bytes_of<'a>(value: &'a Bound<'_, PyAny>) -> PyResult<&'a [u8]> {
    match value.cast::<PyBytes>() {
        Ok(bytes) => Ok(bytes.as_bytes()),
        Err(_) => value.extract::<Text<'a>>().map(|text| text.0),
    }
}
