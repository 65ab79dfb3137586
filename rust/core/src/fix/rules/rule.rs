//! One rule, and what breaks it.

use std::fmt;

use crate::fix::fields::name_of;
use crate::fix::rules::Context;
use crate::fix::rules::time::is_utc_timestamp;
use crate::likely_secret::{Place, hidden, may_have_secret};

/// What a value must be. A missing tag has no value.
#[derive(Debug, Clone, Copy)]
pub enum Test {
    /// The tag is present and not empty.
    NotEmpty,
    /// The tag is present and has more than blanks.
    NotBlank,
    /// The tag is absent.
    Absent,
    /// One of these values.
    OneOf(&'static [&'static str]),
    /// The least and the most characters.
    Length(usize, usize),
    /// 1 to 9 digits that make a number from the first to the second.
    Number(u32, u32),
    /// As [`Number`](Self::Number), without leading zeros.
    PlainNumber(u32, u32),
    /// Letters, digits and `_ - : @ .`, as CME has them in an Operator ID.
    Operator,
    /// Session ID (3) and firm (3 to 5), or Drop Copy's Session ID (6), and then one letter.
    Sender,
    /// The last character is one of these.
    EndsIn(&'static str),
    /// The last character is an indicator of [`Context::first_indicators`].
    FirstIndicator,
    /// TargetSubID of [`Context::target_sub_id`].
    TargetSubId,
    /// A UTCTimestamp of a time that exists, with or without milliseconds.
    Time,
}

/// What a gateway does about a message that breaks a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// Session Level Reject (35=3).
    Reject,
    /// Logout (35=5), and the connection is closed.
    Logout,
}

/// Whether a session is logged on when a Logon comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// No session is logged on: it is the connection's first Logon.
    First,
    /// The session is logged on, and starts again: an In-Session Logon.
    LoggedOn,
}

/// One check of one tag.
#[derive(Debug)]
pub struct Rule {
    /// The tag; 0 for a rule about any.
    pub tag: u32,
    /// What its value must be.
    pub test: Test,
    /// Whether the tag may be left out.
    pub optional: bool,
    /// The Logons that it applies to; `None` for all.
    pub phase: Option<Phase>,
    /// What the gateway answers.
    pub answer: Answer,
    /// CME's words in Text (58), with `{value}`, `{indicator}`, `{length}` and `{target}`.
    pub text: &'static str,
    /// What is wrong, in words for the sender's staff, to follow the tag's name.
    pub why: &'static str,
}

impl Rule {
    pub(super) fn is_met(&self, value: Option<&[u8]>, context: &Context<'_>) -> bool {
        if self.optional && value.is_none() {
            return true;
        }
        let given = value.unwrap_or_default();
        match self.test {
            Test::NotEmpty => !given.is_empty(),
            Test::NotBlank => !given.trim_ascii().is_empty(),
            Test::Absent => value.is_none(),
            Test::OneOf(allowed) => allowed.iter().any(|one| one.as_bytes() == given),
            Test::Length(min, max) => (min..=max).contains(&given.len()),
            Test::Number(min, max) => number(given).is_some_and(|n| (min..=max).contains(&n)),
            Test::PlainNumber(min, max) => {
                let plain = !given.starts_with(b"0") || given == b"0";
                plain && number(given).is_some_and(|n| (min..=max).contains(&n))
            }
            Test::Operator => {
                given.iter().all(|b| b.is_ascii_alphanumeric() || b"_-:@.".contains(b))
            }
            Test::Sender => is_sender(given),
            Test::EndsIn(allowed) => ends_in(given, allowed.as_bytes()),
            Test::FirstIndicator => ends_in(given, context.first_indicators),
            Test::TargetSubId => context.target_sub_id.map_or_else(
                || given == b"G" || (given.len() == 2 && given.iter().all(u8::is_ascii_digit)),
                |wanted| given == wanted,
            ),
            Test::Time => is_utc_timestamp(given),
        }
    }
}

/// A rule that a message breaks, and the value that breaks it.
#[derive(Clone, Copy)]
pub struct Fault<'a> {
    /// The tag.
    pub tag: u32,
    /// The rule.
    pub rule: &'static Rule,
    /// The value as received; `None` if the tag is missing.
    pub value: Option<&'a [u8]>,
}

impl Fault<'_> {
    /// Text (58) of the gateway's answer, in Latin-1 like the message itself. A possible secret key
    /// is not repeated.
    #[must_use]
    pub fn text(&self, context: &Context<'_>) -> String {
        let value = hidden(self.value.unwrap_or_default(), Place::Value(self.tag));
        let latin: String = value.iter().map(|byte| char::from(*byte)).collect();
        self.filled(self.rule.text, if latin.is_empty() { "null" } else { &latin }, context)
    }

    /// What is wrong, in words for the sender's staff: printable, the value cut at 40 bytes. A
    /// possible secret key is not repeated, and the words say so.
    #[must_use]
    pub fn reason(&self, context: &Context<'_>) -> String {
        let place = Place::Value(self.tag);
        let value = self.value.map(|value| hidden(value, place));
        let shown = match value.as_deref() {
            None => "missing".to_owned(),
            Some([]) => "empty".to_owned(),
            Some(value) if value.len() > MAX_SHOWN => {
                format!("{}...", value[..MAX_SHOWN].escape_ascii())
            }
            Some(value) => value.escape_ascii().to_string(),
        };
        let why = self.filled(self.rule.why, &shown, context);
        let may_be_key = self.value.is_some_and(|value| may_have_secret(value, place));
        let warning = if may_be_key { MAY_BE_KEY } else { "" };
        format!("{} ({}) {why}{warning}", name_of(self.tag), self.tag)
    }

    fn filled(&self, template: &str, value: &str, context: &Context<'_>) -> String {
        let given = self.value.unwrap_or_default();
        let target = context.target_sub_id.map_or_else(
            || "G, or two digits of a market segment".to_owned(),
            |wanted| String::from_utf8_lossy(wanted).into_owned(),
        );
        let indicator =
            given.last().map_or_else(String::new, |byte| byte.escape_ascii().to_string());
        let expected = context.first_indicators.iter().map(|b| char::from(*b).to_string());
        // The value comes last: placeholders in it must not be filled.
        template
            .replace("{indicator}", &indicator)
            .replace("{length}", &given.len().to_string())
            .replace("{target}", &target)
            .replace("{first}", &expected.collect::<Vec<_>>().join(" or "))
            .replace("{value}", value)
    }
}

/// Shows the tag, not the value, which may be an old password.
impl fmt::Debug for Fault<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Fault({})", self.tag)
    }
}

/// Added where a value is not shown because it may be a secret key.
const MAY_BE_KEY: &str = " (the value looks like a Secret Key, which must never be sent)";
/// The most bytes of a value that words for people show.
const MAX_SHOWN: usize = 40;

/// The value of 1 to 9 digits.
fn number(digits: &[u8]) -> Option<u32> {
    if !(1..=9).contains(&digits.len()) || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    Some(digits.iter().fold(0, |number, digit| number * 10 + u32::from(digit - b'0')))
}

fn is_sender(value: &[u8]) -> bool {
    let Some((last, names)) = value.split_last() else { return false };
    (6..=8).contains(&names.len())
        && names.iter().all(u8::is_ascii_alphanumeric)
        && last.is_ascii_alphabetic()
}

fn ends_in(value: &[u8], allowed: &[u8]) -> bool {
    value.last().is_some_and(|last| allowed.contains(last))
}
