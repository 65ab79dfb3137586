//! The one way from a core error to a Python exception. The classes live in `gatepass.errors`.

use gatepass_core::{
    FIX_LOGON, FieldError, FramingError, KeyFileError, LogonError, SecretKeyError,
};
use pyo3::{Bound, PyAny, PyErr};

mod python {
    #![allow(missing_docs)]
    use pyo3::import_exception;
    import_exception!(gatepass.errors, ArgumentError);
    import_exception!(gatepass.errors, FieldError);
    import_exception!(gatepass.errors, FramingError);
    import_exception!(gatepass.errors, KeyFileError);
    import_exception!(gatepass.errors, SecretKeyError);
}

pub fn field(error: FieldError) -> PyErr {
    python::FieldError::new_err((error.to_string(), error.tag, error.name, error.rule.name()))
}

/// A wrong argument; `message` never contains the value, which may be a secret.
pub fn argument(name: &'static str, message: String) -> PyErr {
    python::ArgumentError::new_err((message, name))
}

/// A value of the field `tag` that is not text.
pub fn no_text(tag: u32, kind: &str) -> PyErr {
    let signed = FIX_LOGON.fields.iter().find(|field| field.tag == tag);
    let name = signed.map_or("EncodedText", |field| field.name);
    let message = format!("{name} ({tag}) is of type {kind}: give it as text, as on the wire");
    python::FieldError::new_err((message, tag, name, "illegal"))
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
