//! A `str` argument, borrowed as fast as the stable ABI allows.

use std::slice;

use pyo3::prelude::*;
use pyo3::{Borrowed, ffi};

/// The UTF-8 bytes of a `str`.
///
/// PyO3's `&str` asks for the type and then for the bytes. Asking for the bytes alone answers
/// both, and a signature has eleven such arguments.
pub struct Text<'a>(pub &'a [u8]);

impl<'a, 'py> FromPyObject<'a, 'py> for Text<'a> {
    type Error = PyErr;

    #[inline]
    fn extract(object: Borrowed<'a, 'py, PyAny>) -> PyResult<Self> {
        let mut size = 0;
        // SAFETY: `object` is alive for 'a and the GIL is held. The bytes are the object's own,
        // immutable, and live as long as it does. Anything but a `str` gives null.
        let data = unsafe { ffi::PyUnicode_AsUTF8AndSize(object.as_ptr(), &mut size) };
        if data.is_null() {
            // PyO3's own way words the refusal better.
            drop(PyErr::take(object.py()));
            return object.extract::<&str>().map(|text| Self(text.as_bytes())).map_err(Into::into);
        }
        // SAFETY: as above; `size` is the length of those bytes and never negative.
        Ok(Self(unsafe { slice::from_raw_parts(data.cast(), size as usize) }))
    }
}
