//! The core from outside: one file a module, beside known answers, error texts and redaction.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod build;
mod canonical;
mod credentials;
mod draft;
mod error_texts;
mod fields;
mod frame;
mod key;
mod key_file;
mod known_answers;
mod likely_secret;
mod logon;
mod redaction;
mod robustness;
mod rules;
mod stream;
mod vectors;
