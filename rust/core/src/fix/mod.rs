//! FIX: tag=value messages and their Logon.
//!
//! A Logon goes through [`frame`] → [`fields`] → [`logon`]. [`stream`] cuts a connection's bytes
//! into messages, [`draft`] completes a message that a person wrote, and [`rules`] is the one table
//! of rules for a message's fields.

pub mod draft;
pub mod fields;
pub mod frame;
pub mod logon;
pub mod rules;
pub mod stream;
