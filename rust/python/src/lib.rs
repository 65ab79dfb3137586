//! `gatepass._native`: gatepass-core for Python. Thin: it converts, calls and converts back.

mod batch;
mod bench;
mod canonical;
mod errors;
mod key;
mod key_table;
mod likely_secret;
mod logon;
mod message;
mod rules;
mod stream;
mod text;

use pyo3::prelude::*;

/// The native core: one scanner, one canonicaliser, one MAC.
#[pymodule(gil_used = false)]
mod _native {
    use super::*;

    #[pymodule_export]
    use super::batch::verify_batch;
    #[pymodule_export]
    use super::bench::measure_core;
    #[pymodule_export]
    use super::canonical::{canonical_string, decode_signature, encode_signature};
    #[pymodule_export]
    use super::key::{PyDiagnosisKey, PySigningKey};
    #[pymodule_export]
    use super::key_table::PyKeyTable;
    #[pymodule_export]
    use super::likely_secret::hide_secrets;
    #[pymodule_export]
    use super::logon::PyLogon;
    #[pymodule_export]
    use super::message::PyMessage;
    #[pymodule_export]
    use super::rules::{header_fault, logon_faults};
    #[pymodule_export]
    use super::stream::{
        PyFramer, complete_draft, read_fields, scan, scan_unchecked, write_fields,
    };

    #[pymodule_init]
    fn init(module: &Bound<'_, PyModule>) -> PyResult<()> {
        let profile = if cfg!(debug_assertions) { "debug" } else { "release" };
        module.add("BUILD_PROFILE", profile)?;
        module.add("VERSION", env!("CARGO_PKG_VERSION"))?;
        module.add("ALGORITHM", gatepass_core::ALGORITHM)?;
        module.add("MAX_MESSAGE", gatepass_core::MAX_MESSAGE)?;
        module.add("MAX_PAIRS_PER_SESSION", gatepass_core::key_file::MAX_PAIRS_PER_SESSION)?;
        module.add("KEY_FILE_COLUMNS", key_table::columns(module.py())?)?;
        module.add("TAG_NAMES", canonical::tag_names(module.py())?)?;
        module.add("PROFILES", canonical::profiles(module.py())?)
    }
}
