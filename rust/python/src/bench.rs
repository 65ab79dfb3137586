//! Measures the core from inside, for `gatepass bench`: no Python between two readings.

use std::hint::black_box;
use std::time::Instant;

use gatepass_core::{FIX_LOGON, SigningKey};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

use crate::errors;

/// Nanoseconds per signature, as (MAC alone over prepared bytes, canonicalise + MAC + encode), one
/// pair per round, measured alternately.
#[pyfunction]
#[pyo3(signature = (secret, values, rounds, loops, /))]
pub fn measure_core(
    secret: &str,
    values: Vec<String>,
    rounds: usize,
    loops: u32,
) -> PyResult<Vec<(f64, f64)>> {
    let key = SigningKey::from_base64url(secret.as_bytes()).map_err(errors::secret_key)?;
    let slots: Vec<_> = values.iter().map(|value| Some(value.as_bytes())).collect();
    let slots = slots.try_into().map_err(|_| PyValueError::new_err("eleven values are needed"))?;
    let canonical = FIX_LOGON.canonical(&slots).map_err(errors::field)?;
    let ready = canonical.as_bytes();
    let bare = || {
        black_box(key.sign(black_box(ready)));
    };
    let whole = || {
        if let Ok(signature) = FIX_LOGON.sign(&key, black_box(&slots)) {
            black_box(signature.to_base64url());
        }
    };
    Ok((0..rounds).map(|_| (time(loops, bare), time(loops, whole))).collect())
}

fn time(loops: u32, work: impl Fn()) -> f64 {
    let started = Instant::now();
    (0..loops).for_each(|_| work());
    started.elapsed().as_nanos() as f64 / f64::from(loops)
}
