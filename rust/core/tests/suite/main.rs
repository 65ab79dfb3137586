//! The core from outside: one file per module, and known answers, error texts and redaction.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod build;
mod canonical;
mod credentials;
mod error_texts;
mod fix;
mod key;
mod key_file;
mod key_file_errors;
mod known_answers;
mod likely_secret;
mod redaction;
mod robustness;
mod vectors;
