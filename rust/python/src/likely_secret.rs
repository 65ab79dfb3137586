//! Hides possible secret keys in the wrong place.

use gatepass_core::likely_secret::{self, Place};
use pyo3::prelude::*;
use pyo3::types::PyBytes;

#[pyfunction]
#[pyo3(signature = (value, tag = None, /, *, keep_length = false))]
pub fn hide_secrets<'py>(
    py: Python<'py>,
    value: &[u8],
    tag: Option<u32>,
    keep_length: bool,
) -> Bound<'py, PyBytes> {
    let place = tag.map_or(Place::Words, Place::Value);
    let hide = if keep_length { likely_secret::starred } else { likely_secret::hidden };
    PyBytes::new(py, &hide(value, place))
}
