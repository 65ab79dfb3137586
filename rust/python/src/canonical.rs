//! Canonical strings, and signatures as text.

use gatepass_core::fix::fields::NAMES;
use gatepass_core::{
    FIX_LOGON, FieldError, FieldRule, ILINK3_ESTABLISH, ILINK3_NEGOTIATE, Profile, Signature,
};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyMappingProxy, PyString, PyTuple};

use crate::errors;
use crate::text::bytes_of;

#[pyfunction]
#[pyo3(signature = (profile, values, /))]
pub fn canonical_string<'py>(
    py: Python<'py>,
    profile: &str,
    values: Vec<Option<Bound<'py, PyAny>>>,
) -> PyResult<Bound<'py, PyBytes>> {
    match profile {
        _ if profile == FIX_LOGON.name => build(py, &FIX_LOGON, &values),
        _ if profile == ILINK3_NEGOTIATE.name => build(py, &ILINK3_NEGOTIATE, &values),
        _ if profile == ILINK3_ESTABLISH.name => build(py, &ILINK3_ESTABLISH, &values),
        _ => Err(PyValueError::new_err("unknown profile: use one of gatepass._native.PROFILES")),
    }
}

fn build<'py, const N: usize>(
    py: Python<'py>,
    profile: &Profile<N>,
    values: &[Option<Bound<'py, PyAny>>],
) -> PyResult<Bound<'py, PyBytes>> {
    if values.len() != N {
        let (name, given) = (profile.name, values.len());
        return Err(PyValueError::new_err(format!("{name} has {N} values, {given} were given")));
    }
    let mut slots = [None; N];
    for (slot, value) in slots.iter_mut().zip(values) {
        *slot = value.as_ref().map(bytes_of).transpose()?;
    }
    let canonical = profile.canonical(&slots).map_err(errors::field)?;
    Ok(PyBytes::new(py, canonical.as_bytes()))
}

#[pyfunction]
#[pyo3(signature = (signature, /))]
pub fn encode_signature<'py>(py: Python<'py>, signature: &[u8]) -> PyResult<Bound<'py, PyString>> {
    let bytes = signature.try_into().map_err(|_| not_a_signature("32 bytes"))?;
    PyString::from_bytes(py, &Signature::from_bytes(bytes).to_base64url())
}

#[pyfunction]
#[pyo3(signature = (text, /))]
pub fn decode_signature<'py>(
    py: Python<'py>,
    text: &Bound<'py, PyAny>,
) -> PyResult<Bound<'py, PyBytes>> {
    let signature = Signature::from_base64url(bytes_of(text)?)
        .ok_or_else(|| not_a_signature("43 characters of base64url without padding"))?;
    Ok(PyBytes::new(py, signature.as_bytes()))
}

fn not_a_signature(expected: &'static str) -> PyErr {
    let rule = FieldRule::Unexpected { expected };
    errors::field(FieldError { tag: 1402, name: "EncryptedPassword", rule })
}

/// Profile name to its (tag, name) pairs in signed order.
pub fn profiles(py: Python<'_>) -> PyResult<Bound<'_, PyMappingProxy>> {
    fn add<const N: usize>(dict: &Bound<'_, PyDict>, profile: &Profile<N>) -> PyResult<()> {
        let fields = profile.fields.iter().map(|field| (field.tag, field.name));
        dict.set_item(profile.name, PyTuple::new(dict.py(), fields)?)
    }
    let dict = PyDict::new(py);
    add(&dict, &FIX_LOGON)?;
    add(&dict, &ILINK3_NEGOTIATE)?;
    add(&dict, &ILINK3_ESTABLISH)?;
    Ok(PyMappingProxy::new(py, dict.as_mapping()))
}

/// Tag to name, for the tags of the session layer.
pub fn tag_names(py: Python<'_>) -> PyResult<Bound<'_, PyMappingProxy>> {
    let dict = PyDict::new(py);
    for (tag, name) in NAMES {
        dict.set_item(tag, name)?;
    }
    Ok(PyMappingProxy::new(py, dict.as_mapping()))
}
