//! The one way from a core error to a Python exception. The classes live in `gatepass.errors`.

use gatepass_core::{FieldError, FramingError, KeyFileError, LogonError, SecretKeyError};
use pyo3::{Bound, PyAny, PyErr};

mod python {
    #![allow(missing_docs)]
    use pyo3::import_exception;
    import_exception!(gatepass.errors, FieldError);
    import_exception!(gatepass.errors, FramingError);
    import_exception!(gatepass.errors, KeyFileError);
    import_exception!(gatepass.errors, SecretKeyError);
}

pub fn field(error: FieldError) -> PyErr {
    python::FieldError::new_err((error.to_string(), error.tag, error.name, error.rule.name()))
}

pub fn framing(error: FramingError) -> PyErr {
    python::FramingError::new_err(error.to_string())
}

pub fn logon(error: LogonError) -> PyErr {
    match error {
        LogonError::Field(error) => field(error),
        LogonError::Framing(error) => framing(error),
    }
}

pub fn secret_key(error: SecretKeyError) -> PyErr {
    python::SecretKeyError::new_err(error.to_string())
}

/// `path` is the file's, or `None`.
pub fn key_file(error: KeyFileError, path: Option<Bound<'_, PyAny>>) -> PyErr {
    let message = error.problem.to_string();
    python::KeyFileError::new_err((message, path.map(Bound::unbind), error.line))
}
