//! FIX: tag=value messages and their Logon.
//!
//! [`frame`] → [`fields`] → [`logon`] is the way of a Logon; [`stream`] cuts messages out of what
//! comes over a connection, [`draft`] makes a message whole that a person wrote, [`rules`] is the
//! one table of what a message's fields must be.

pub mod draft;
pub mod fields;
pub mod frame;
pub mod logon;
pub mod rules;
pub mod stream;
