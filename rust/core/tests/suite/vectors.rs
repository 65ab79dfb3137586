//! The data files in `tests/vectors`, at the root of the repository.

use serde_json::Value;

use crate::build::base64url;

macro_rules! vectors {
    ($name:literal) => {
        include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/vectors/", $name))
    };
}

/// A key, a message and their claimed tag.
pub struct Mac {
    pub name: String,
    pub key: Vec<u8>,
    pub message: Vec<u8>,
    pub tag: Vec<u8>,
    /// Whether the tag is right, as far as it goes.
    pub right: bool,
}

impl Mac {
    /// The key, written as a Secret Key.
    pub fn secret(&self) -> String {
        base64url(&self.key)
    }
}

pub fn rfc4231() -> Vec<Mac> {
    let cases = list(vectors!("rfc4231.json"), "cases");
    cases.iter().map(|case| mac(case, "case", true)).collect()
}

/// The cases of one list of `logon_rules.json`.
pub fn logon_rules(name: &str) -> Vec<Value> {
    list(vectors!("logon_rules.json"), name)
}

pub fn wycheproof() -> Vec<Mac> {
    let tests = list(vectors!("wycheproof_hmac_sha256.json"), "tests");
    tests.iter().map(|test| mac(test, "tcId", test["result"] == "valid")).collect()
}

fn mac(case: &Value, id: &str, right: bool) -> Mac {
    Mac {
        name: format!("{} {}", case[id], case["comment"]),
        key: hex(text(case, "key")),
        message: hex(text(case, "msg")),
        tag: hex(text(case, "tag")),
        right,
    }
}

/// Field values, their claimed canonical string, and its signature.
pub struct LogonVector {
    pub id: String,
    pub profile: String,
    /// Whether a correct tool builds this canonical string.
    pub valid: bool,
    pub secret: String,
    pub canonical: String,
    pub signature: Vec<u8>,
    pub signature_text: String,
    case: Value,
}

impl LogonVector {
    /// The value of the field with this tag or name.
    pub fn value(&self, tag: u32, name: &str) -> Option<&[u8]> {
        let fields = &self.case["fields"];
        let value = fields.get(tag.to_string()).or_else(|| fields.get(name))?;
        Some(value.as_str().unwrap().as_bytes())
    }

    /// Another text of the vector, such as its raw message.
    pub fn text(&self, name: &str) -> &str {
        text(&self.case, name)
    }
}

pub fn logons() -> Vec<LogonVector> {
    let vectors = list(vectors!("logon_vectors.json"), "vectors");
    let vector = |case: Value| LogonVector {
        id: text(&case, "id").to_owned(),
        profile: text(&case, "profile").to_owned(),
        valid: case["valid"].as_bool().unwrap(),
        secret: text(&case, "secret_key").to_owned(),
        canonical: text(&case, "canonical").to_owned(),
        signature: hex(text(&case, "signature_hex")),
        signature_text: text(&case, "signature_base64url").to_owned(),
        case,
    };
    vectors.into_iter().map(vector).collect()
}

fn list(file: &str, name: &str) -> Vec<Value> {
    let mut file: Value = serde_json::from_str(file).unwrap();
    serde_json::from_value(file[name].take()).unwrap()
}

fn text<'a>(case: &'a Value, name: &str) -> &'a str {
    case[name].as_str().unwrap()
}

fn hex(text: &str) -> Vec<u8> {
    let digits = |at| u8::from_str_radix(&text[at..at + 2], 16).unwrap();
    (0..text.len()).step_by(2).map(digits).collect()
}
