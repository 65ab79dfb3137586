//! Sign and verify CME Globex secure logons.
//!
//! CME Globex accepts a Logon only with an HMAC-SHA-256 signature over a canonical string of
//! its fields. This crate contains the one scanner, the one canonicaliser and the one MAC that
//! both sides use, so that signer and verifier cannot disagree about what was signed.
//!
//! A logon flows from its protocol's scanner ([`fix`]) to [`canonical`] (driven by a [`profile`])
//! and [`key`]. [`key_file`] reads the keys; [`likely_secret`] keeps misplaced keys out of messages
//! and logs.
//!
//! ```
//! use gatepass_core::{AccessKeyId, SigningKey, Verdict, sign_logon, verify_logon};
//!
//! // A published test key, expired in 2018.
//! let key = SigningKey::from_base64url(b"2HlZ7exg8jTKltXnURjKvm3GS5iF5n4ClzHiEm_ocv4")?;
//! let access_key = AccessKeyId::new("oNDxM33uE81ohWuVRtWT")?;
//! let raw = b"8=FIX.4.2|9=117|35=A|34=1|49=B08004N|50=MSG|52=20170623-14:48:42.855|56=CME|\
//!             57=92|142=US,NY|369=0|108=60|1603=BRIO|1604=8.0|1605=ABC|10=098|"
//!     .map(|byte| if byte == b'|' { 0x01 } else { byte });
//!
//! let mut signed = Vec::new();
//! sign_logon(&key, access_key, &raw, &mut signed)?;
//!
//! let verdict = verify_logon(&signed, |id| (id == access_key.as_bytes()).then_some(&key));
//! assert_eq!(verdict, Verdict::Valid);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

#![forbid(unsafe_code)]

pub mod canonical;
pub mod credentials;
pub mod error;
pub mod fix;
pub mod key;
pub mod key_file;
pub mod likely_secret;
pub mod profile;

pub use canonical::CanonicalString;
pub use credentials::{ALGORITHM, AccessKeyId};
pub use error::{FieldError, FieldRule, FramingError, LogonError, SecretKeyError};
pub use fix::draft::complete;
pub use fix::fields::{Field, Fields};
pub use fix::frame::{Frame, MAX_MESSAGE, framed};
pub use fix::logon::{Logon, Verdict, sign_logon, verify_logon};
pub use fix::stream::{Framer, StreamEvent};
pub use key::{DiagnosisKey, Signature, SigningKey};
pub use key_file::{KeyFileError, KeyFileProblem, KeyTable};
pub use profile::{FIX_LOGON, FieldSpec, ILINK3_ESTABLISH, ILINK3_NEGOTIATE, Profile};
