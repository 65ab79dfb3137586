//! The rules, in the order in which a gateway checks them.
//!
//! Texts are those of CME's Session Layer Validation Conditions, unless a comment says otherwise.

use std::ops::RangeInclusive;

use crate::fix::rules::rule::{Answer, Phase, Rule, Test};

/// HeartBtInt (108) that is accepted. CME's pages contradict each other (30-60, 5-60, 5-999).
pub const HEARTBEAT_SECONDS: RangeInclusive<u32> = 5..=60;

/// CME's text for most errors of a Logon.
const INVALID_LOGON: &str = "Invalid logon. Logout forced.";
/// The largest integer: Int(9) has 9 digits.
const MAX_INT: u32 = 999_999_999;

/// A rule of the header, answered with a Session Level Reject.
const fn header(tag: u32, test: Test, text: &'static str, why: &'static str) -> Rule {
    Rule { tag, test, optional: false, phase: None, answer: Answer::Reject, text, why }
}

/// A rule that ends the connection when it is broken.
const fn ends(tag: u32, test: Test, text: &'static str, why: &'static str) -> Rule {
    Rule { answer: Answer::Logout, ..header(tag, test, text, why) }
}

/// A rule of the Logon; CME has one text for all errors that have no text of their own.
const fn logon(tag: u32, test: Test, why: &'static str) -> Rule {
    ends(tag, test, INVALID_LOGON, why)
}

/// A rule of the Logon for a tag that may be left out.
const fn optional(tag: u32, test: Test, why: &'static str) -> Rule {
    Rule { optional: true, ..logon(tag, test, why) }
}

const fn only(phase: Phase, rule: Rule) -> Rule {
    Rule { phase: Some(phase), ..rule }
}

/// The rules for the header of every message.
pub static HEADER: [Rule; 15] = [
    header(
        8,
        Test::OneOf(&["FIX.4.2"]),
        "BeginString (8) tag has an incorrect value, should be FIX4.2",
        "is {value}: it must be FIX.4.2",
    ),
    header(49, Test::NotBlank, "SenderCompId (49) tag is not present", MISSING),
    ends(
        49,
        Test::Sender,
        "Invalid SenderCompID (49) tag. Logout forced.",
        "is {value}: it must be Session ID, firm and Fault Tolerance Indicator, like ABC123N",
    ),
    ends(
        49,
        Test::EndsIn("UPBN"),
        "Received invalid fault tolerance indicator = ({indicator}) Logout forced.",
        "ends in {indicator}: a Fault Tolerance Indicator is U, P, B or N",
    ),
    header(50, Test::NotBlank, "SenderSubId (50) tag is not present", MISSING),
    header(
        50,
        Test::Length(2, usize::MAX),
        "Other '50 (SENDER_SUB_ID) length: 1 min: 2'",
        "has 1 character: it must have at least 2",
    ),
    // CME's text for a value that is too long is not public: this one follows that for a short one.
    header(
        50,
        Test::Length(0, 32),
        "Other '50 (SENDER_SUB_ID) length: {length} max: 32'",
        "has {length} characters: at most 32 are accepted",
    ),
    header(
        50,
        Test::Operator,
        "tag SenderSubID (50) can contain only alphanumeric values",
        "is {value}: use letters, digits and _ - : @ . only",
    ),
    header(52, Test::NotEmpty, "SendingTime (52) tag is not present", MISSING),
    header(
        52,
        Test::Time,
        "SendingTime (52) tag is not formatted properly ({value})",
        "is {value}: it must be a date and time that exist, in UTC, as YYYYMMDD-HH:MM:SS.sss (21 characters)",
    ),
    header(56, Test::NotEmpty, "TargetCompId (56) tag is not present", MISSING),
    header(
        56,
        Test::OneOf(&["CME"]),
        "TargetCompId (56) tag has an incorrect value: ({value}) should be CME",
        "is {value}: it must be CME",
    ),
    header(57, Test::NotEmpty, "TargetSubId (57) tag is not present", MISSING),
    header(
        57,
        Test::TargetSubId,
        "TargetSubId (57) tag has an incorrect value: ({value}), should be {target}",
        "is {value}: it must be {target}",
    ),
    header(142, Test::NotBlank, "SenderLocationId (142) tag is not present", MISSING),
];

/// More rules for a Logon; each ends the connection when it is broken.
pub static LOGON: [Rule; 18] = [
    // CME's certification refuses a Logon with it, according to an engine in use; CME's rule is not
    // public.
    logon(98, Test::Absent, "must not be on the Logon: leave it out"),
    logon(95, Test::Absent, OLD_PASSWORD),
    logon(96, Test::Absent, OLD_PASSWORD),
    logon(122, Test::Absent, "is on the Logon, which is never sent again: leave it out"),
    // Derived: a message that is sent again has 122, and a Logon must not have it.
    optional(43, Test::OneOf(&["N"]), "is {value}, but a Logon is never sent again: leave it out"),
    ends(108, Test::NotEmpty, "Error during logon. Heartbeat tag invalid.", MISSING),
    ends(
        108,
        Test::PlainNumber(*HEARTBEAT_SECONDS.start(), *HEARTBEAT_SECONDS.end()),
        "Error during logon. Heartbeat value invalid. Received: {value}, \
         expected value in range 5-60",
        "is {value}: it must be 5 to 60 seconds",
    ),
    optional(141, Test::OneOf(&["Y", "N"]), "is {value}: it must be Y or N"),
    // CME's tables: Int(9), String(30), String(10), String(10).
    optional(
        34,
        Test::Number(1, MAX_INT),
        "is {value}: it must be a number from 1, with at most 9 digits",
    ),
    optional(
        369,
        Test::Number(0, MAX_INT),
        "is {value}: it must be a number from 0, with at most 9 digits",
    ),
    optional(1603, Test::Length(0, 30), "has {length} characters: CME accepts at most 30"),
    optional(1604, Test::Length(0, 10), TOO_LONG_FOR_TEN),
    optional(1605, Test::Length(0, 10), TOO_LONG_FOR_TEN),
    only(
        Phase::First,
        ends(
            49,
            Test::FirstIndicator,
            "Received initial logon message with Primary Indication = ({indicator}) + Expected U or N",
            "ends in {indicator}: a first Logon has {first}; other roles are only for an \
             In-Session Logon, with 141=Y",
        ),
    ),
    only(
        Phase::LoggedOn,
        ends(
            141,
            Test::OneOf(&["Y"]),
            INVALID_LOGON,
            "is {value}: the session is logged on, and an In-Session Logon has 141=Y",
        ),
    ),
    only(
        Phase::LoggedOn,
        ends(
            34,
            Test::OneOf(&["1"]),
            "In session logon message must have 34=1. Logout forced.",
            "is {value}: an In-Session Logon (141=Y) has 34=1",
        ),
    ),
    only(
        Phase::LoggedOn,
        ends(
            49,
            Test::EndsIn("PBN"),
            "Received invalid fault tolerance indicator = ({indicator}) Logout forced.",
            "ends in {indicator}: an In-Session Logon (141=Y) has the role that CME assigned, P or N",
        ),
    ),
    // CME's rule is not public: a backup has its own numbers, so there is nothing to reset there.
    only(
        Phase::LoggedOn,
        logon(49, Test::EndsIn("PN"), "ends in B: an In-Session Logon goes through the primary"),
    ),
];

/// A tag that occurs twice on the Logon: two readers could take different values.
pub static REPEATED: Rule = logon(0, Test::Absent, "appears more than once: send it once");

const MISSING: &str = "is missing or blank";
const OLD_PASSWORD: &str =
    "is on the Logon: it is the old password, which a signed Logon must not have";
const TOO_LONG_FOR_TEN: &str = "has {length} characters: CME accepts at most 10";
