//! One line of a key file: a key pair.

use std::sync::Arc;

use crate::credentials;
use crate::key::{DiagnosisKey, SigningKey};
use crate::key_file::columns::Column;
use crate::key_file::date::Date;
use crate::key_file::error::KeyFileProblem;
use crate::key_file::layout::Layout;
use crate::key_file::name::{AccessKeyId, SessionId};

/// A key pair of a key file.
#[derive(Debug, Clone)]
pub struct KeyPair {
    /// The start of SenderCompID (49).
    pub session: SessionId,
    /// EncodedText (355).
    pub access_key_id: AccessKeyId,
    /// The key to sign with.
    pub signing_key: SigningKey,
    /// What recognises the text of its secret used as a key, if the reader asked for it.
    pub diagnosis_key: Option<DiagnosisKey>,
    /// The first day of its life.
    pub created: Date,
    /// The last day of its life.
    pub expires: Date,
    /// Where it is used, if the file says so; neighbours share it, because few files have several.
    pub environment: Option<Arc<str>>,
}

impl KeyPair {
    /// Reads a line of printable ASCII; `before` is the pair before it, `diagnosis` asks for a
    /// `diagnosis_key`.
    ///
    /// # Errors
    /// [`KeyFileProblem`] for the first value that is missing, cut or wrong.
    pub fn read(
        layout: &Layout,
        line: &[u8],
        before: Option<&Self>,
        diagnosis: bool,
    ) -> Result<Self, KeyFileProblem> {
        let value = |column: Column| match layout.cell(line, column)? {
            b"" if !column.spec().optional => Err(KeyFileProblem::EmptyValue(column.spec().name)),
            value => Ok(value),
        };
        let date = |column: Column| {
            Date::parse(value(column)?).ok_or(KeyFileProblem::NoDate(column.spec().name))
        };
        let session = session_id(value(Column::Session)?)?;
        let access_key_id = access_key_id(value(Column::AccessKeyId)?)?;
        let secret = value(Column::Secret)?;
        let signing_key = SigningKey::from_base64url(secret).map_err(KeyFileProblem::Secret)?;
        let diagnosis_key = diagnosis.then(|| DiagnosisKey::from_text(secret));
        let (created, expires) = (date(Column::Created)?, date(Column::Expires)?);
        let environment = environment(value(Column::Environment)?, before);
        if created > expires {
            return Err(KeyFileProblem::DatesReversed { created, expires });
        }
        Ok(Self {
            session,
            access_key_id,
            signing_key,
            diagnosis_key,
            created,
            expires,
            environment,
        })
    }

    /// Whether another pair is equal in everything; the keys are compared by a signature.
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        const PROBE: &[u8] = b"gatepass";
        self.session == other.session
            && self.access_key_id == other.access_key_id
            && (self.created, self.expires) == (other.created, other.expires)
            && self.environment == other.environment
            && self.signing_key.verify(PROBE, other.signing_key.sign(PROBE).as_bytes())
    }
}

fn session_id(text: &[u8]) -> Result<SessionId, KeyFileProblem> {
    let legal = matches!(text.len(), 3 | 6) && text.iter().all(u8::is_ascii_alphanumeric);
    SessionId::new(text).filter(|_| legal).ok_or(KeyFileProblem::SessionId)
}

fn access_key_id(text: &[u8]) -> Result<AccessKeyId, KeyFileProblem> {
    let max = credentials::AccessKeyId::MAX;
    let id = AccessKeyId::new(text).ok_or(KeyFileProblem::AccessKeyIdTooLong { max })?;
    match credentials::AccessKeyId::new(id.as_str()) {
        Ok(_) => Ok(id),
        // The value is not repeated: it may be a secret in the wrong place.
        Err(_) => Err(KeyFileProblem::AccessKeyIdIllegal),
    }
}

fn environment(text: &[u8], before: Option<&KeyPair>) -> Option<Arc<str>> {
    let known = before.and_then(|pair| pair.environment.as_ref());
    match (text, known) {
        (b"", _) => None,
        (_, Some(known)) if known.as_bytes() == text => Some(Arc::clone(known)),
        // Printable ASCII is UTF-8, so this cannot fail.
        _ => str::from_utf8(text).ok().map(Arc::from),
    }
}
