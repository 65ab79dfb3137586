//! `verify_batch`: many logons on several threads with the GIL released.

use std::collections::HashMap;
use std::num::NonZeroUsize;

use gatepass_core::{SigningKey, Verdict, verify_logon};
use pyo3::prelude::*;
use pyo3::pybacked::PyBackedBytes;
use pyo3::types::{PyBytes, PyDict};

use crate::key::PySigningKey;

#[pyfunction]
#[pyo3(signature = (keys, logons, threads, /))]
pub fn verify_batch<'py>(
    py: Python<'py>,
    keys: &Bound<'py, PyDict>,
    logons: Vec<PyBackedBytes>,
    threads: NonZeroUsize,
) -> PyResult<Bound<'py, PyBytes>> {
    let mut owned: Vec<(String, Py<PySigningKey>)> = Vec::with_capacity(keys.len());
    for (access_key_id, key) in keys {
        owned.push((access_key_id.extract()?, key.cast::<PySigningKey>()?.clone().unbind()));
    }
    let keys: HashMap<&[u8], &SigningKey> =
        owned.iter().map(|(id, key)| (id.as_bytes(), &key.get().0)).collect();
    let mut codes = vec![0; logons.len()];
    let share = logons.len().div_ceil(threads.get()).max(1);
    py.detach(|| {
        std::thread::scope(|scope| {
            for (logons, codes) in logons.chunks(share).zip(codes.chunks_mut(share)) {
                let keys = &keys;
                scope.spawn(move || {
                    for (logon, code) in logons.iter().zip(codes) {
                        *code = code_of(verify_logon(logon, |id| keys.get(id).copied()));
                    }
                });
            }
        });
    });
    Ok(PyBytes::new(py, &codes))
}

fn code_of(verdict: Verdict) -> u8 {
    match verdict {
        Verdict::Valid => 0,
        Verdict::Unreadable(_) => 1,
        Verdict::UnknownAccessKey => 2,
        Verdict::SignatureMismatch => 3,
    }
}
