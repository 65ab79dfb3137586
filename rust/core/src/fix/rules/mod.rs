//! What CME Globex checks in a message without knowing the session: rules as data.
//!
//! A gateway answers the first fault; a person who studies a recorded Logon wants all of them. Both
//! use the same tables.

mod rule;
mod table;
mod time;
mod values;

pub use rule::{Answer, Fault, Phase, Rule, Test};
pub use table::{HEADER, HEARTBEAT_SECONDS, LOGON, REPEATED};
use values::TagSet;
pub use values::Values;

/// What a check may know of the gateway and the connection; by default as little as possible.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a> {
    /// TargetSubID (57) of this gateway; if it is not known (`None`), `G` or two digits are right.
    pub target_sub_id: Option<&'a [u8]>,
    /// Fault Tolerance Indicators that a connection's first Logon may have.
    pub first_indicators: &'a [u8],
    /// Whether a session is logged on; with `None`, the Logon's ResetSeqNumFlag (141) decides.
    pub phase: Option<Phase>,
}

impl Default for Context<'_> {
    fn default() -> Self {
        Self { target_sub_id: None, first_indicators: b"UN", phase: None }
    }
}

/// The first fault in the header of any message.
#[must_use]
pub fn header_fault<'a>(values: &Values<'a>, context: &Context<'_>) -> Option<Fault<'a>> {
    faults(HEADER.iter(), values, context).next()
}

/// Every fault of a Logon, in the order in which a gateway checks, at most one per tag.
pub fn logon_faults<'a>(
    values: &Values<'a>,
    context: &Context<'_>,
) -> impl Iterator<Item = Fault<'a>> {
    let twice = values.repeated().map(|tag| Fault { tag, rule: &REPEATED, value: values.get(tag) });
    faults(HEADER.iter().chain(&LOGON), values, context).chain(twice)
}

fn faults<'a>(
    rules: impl Iterator<Item = &'static Rule>,
    values: &Values<'a>,
    context: &Context<'_>,
) -> impl Iterator<Item = Fault<'a>> {
    let said = if values.get(141) == Some(b"Y") { Phase::LoggedOn } else { Phase::First };
    let phase = context.phase.unwrap_or(said);
    // A missing tag is not reported as too short as well.
    let mut broken = TagSet::default();
    rules.filter_map(move |rule| {
        let is_due = !broken.has(rule.tag) && rule.phase.is_none_or(|only| only == phase);
        let value = values.get(rule.tag);
        if !is_due || rule.is_met(value, context) {
            return None;
        }
        broken.add(rule.tag);
        Some(Fault { tag: rule.tag, rule, value })
    })
}
