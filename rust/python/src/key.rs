//! `SigningKey`: sign and verify with one secret key.

use gatepass_core::{
    AccessKeyId, DiagnosisKey, FIX_LOGON, Logon, SigningKey, Verdict, verify_logon,
};
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyByteArray, PyBytes, PyString};
use zeroize::Zeroizing;

use crate::errors;
use crate::text::{Given, Text};

type Canonical<'a> = Given<'a, 0>;
type Signature<'a> = Given<'a, 1>;
type Message<'a> = Given<'a, 2>;

/// What `make` gives for the text of a secret key. Of a `bytearray`, which another thread may change,
/// it gets a copy that is wiped.
fn with_text<T>(secret: &Bound<'_, PyAny>, make: impl FnOnce(&[u8]) -> T) -> PyResult<T> {
    if let Ok(text) = secret.cast::<PyString>() {
        Ok(make(text.to_str().unwrap_or("\u{0}").as_bytes()))
    } else if let Ok(bytes) = secret.cast::<PyBytes>() {
        Ok(make(bytes.as_bytes()))
    } else if let Ok(bytes) = secret.cast::<PyByteArray>() {
        Ok(make(&Zeroizing::new(bytes.to_vec())))
    } else {
        Err(errors::argument("secret", "a secret key is str, bytes or bytearray".into()))
    }
}

/// A secret key, ready to sign.
#[pyclass(frozen, name = "SigningKey", module = "gatepass._native")]
pub struct PySigningKey(pub SigningKey);

#[pymethods]
impl PySigningKey {
    #[new]
    #[pyo3(signature = (secret, /))]
    fn new(secret: &Bound<'_, PyAny>) -> PyResult<Self> {
        let key = with_text(secret, SigningKey::from_base64url)?;
        key.map(Self).map_err(errors::secret_key)
    }

    #[getter]
    fn length(&self) -> usize {
        self.0.length()
    }

    #[getter]
    fn has_usual_length(&self) -> bool {
        self.0.has_usual_length()
    }

    #[pyo3(signature = (canonical, /))]
    fn sign<'py>(&self, py: Python<'py>, canonical: Canonical<'_>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, self.0.sign(canonical.0).as_bytes())
    }

    #[pyo3(signature = (canonical, signature, /))]
    fn verify(&self, canonical: Canonical<'_>, signature: Signature<'_>) -> bool {
        self.0.verify(canonical.0, signature.0)
    }

    // One argument per signed field: positional arguments need no tuple and no list.
    #[allow(clippy::too_many_arguments)]
    #[pyo3(signature = (
        msg_seq_num, sender_comp_id, sender_sub_id, sending_time, target_sub_id, heart_bt_int,
        sender_location_id, last_msg_seq_num_processed, application_system_name,
        trading_system_version, application_system_vendor, /
    ))]
    fn sign_fields<'py>(
        &self,
        py: Python<'py>,
        msg_seq_num: Text<'_, 34>,
        sender_comp_id: Text<'_, 49>,
        sender_sub_id: Text<'_, 50>,
        sending_time: Text<'_, 52>,
        target_sub_id: Text<'_, 57>,
        heart_bt_int: Text<'_, 108>,
        sender_location_id: Text<'_, 142>,
        last_msg_seq_num_processed: Text<'_, 369>,
        application_system_name: Text<'_, 1603>,
        trading_system_version: Text<'_, 1604>,
        application_system_vendor: Text<'_, 1605>,
    ) -> PyResult<Bound<'py, PyString>> {
        let values = [
            Some(msg_seq_num.0),
            Some(sender_comp_id.0),
            Some(sender_sub_id.0),
            Some(sending_time.0),
            Some(target_sub_id.0),
            Some(heart_bt_int.0),
            Some(sender_location_id.0),
            Some(last_msg_seq_num_processed.0),
            Some(application_system_name.0),
            Some(trading_system_version.0),
            Some(application_system_vendor.0),
        ];
        let signature = FIX_LOGON.sign(&self.0, &values).map_err(errors::field)?;
        PyString::from_bytes(py, &signature.to_base64url())
    }

    #[pyo3(signature = (access_key_id, logon, /))]
    fn sign_logon<'py>(
        &self,
        py: Python<'py>,
        access_key_id: Text<'_, 355>,
        logon: Message<'_>,
    ) -> PyResult<Bound<'py, PyBytes>> {
        let access_key = AccessKeyId::new(access_key_id.as_str()).map_err(errors::field)?;
        let logon = Logon::parse(logon.0).map_err(errors::logon)?;
        let signature = logon.sign(&self.0).map_err(errors::field)?;
        let len = logon.signed_len(access_key).map_err(errors::framing)?;
        PyBytes::new_with(py, len, |out| {
            logon.write_signed(access_key, &signature, out);
            Ok(())
        })
    }

    #[pyo3(signature = (logon, /))]
    fn verify_logon(&self, logon: Message<'_>) -> PyResult<bool> {
        match verify_logon(logon.0, |_| Some(&self.0)) {
            Verdict::Valid => Ok(true),
            Verdict::SignatureMismatch | Verdict::UnknownAccessKey => Ok(false),
            Verdict::Unreadable(error) => Err(errors::logon(error)),
        }
    }

    fn __repr__(&self) -> &'static str {
        "<SigningKey [redacted]>"
    }

    fn __reduce__(&self) -> PyResult<()> {
        Err(PyTypeError::new_err("a SigningKey contains a secret: it cannot be pickled or copied"))
    }
}

/// The text of a secret key, used as a key without decoding it.
#[pyclass(frozen, name = "DiagnosisKey", module = "gatepass._native")]
pub struct PyDiagnosisKey(pub DiagnosisKey);

#[pymethods]
impl PyDiagnosisKey {
    #[new]
    #[pyo3(signature = (secret, /))]
    fn new(secret: &Bound<'_, PyAny>) -> PyResult<Self> {
        with_text(secret, DiagnosisKey::from_text).map(Self)
    }

    #[pyo3(signature = (canonical, signature, /))]
    fn made(&self, canonical: Canonical<'_>, signature: Signature<'_>) -> bool {
        self.0.made(canonical.0, signature.0)
    }

    fn __repr__(&self) -> &'static str {
        "<DiagnosisKey [redacted]>"
    }

    fn __reduce__(&self) -> PyResult<()> {
        Err(PyTypeError::new_err(
            "a DiagnosisKey contains a secret: it cannot be pickled or copied",
        ))
    }
}
