//! A secret key in the wrong field is not repeated in any message.

use gatepass_core::fix::rules::{Context, Phase, Values, header_fault, logon_faults};
use gatepass_core::likely_secret::{Place, hidden, may_have_secret, starred};
use gatepass_core::{Frame, MAX_MESSAGE};
use proptest::prelude::*;

use crate::build::{BODY, SECRET, SIGNED, cases, framed, soh};

/// Every tag that a rule checks, and one without a rule.
const TAGS: [u32; 20] =
    [34, 43, 49, 50, 52, 56, 57, 95, 96, 98, 108, 122, 141, 142, 355, 369, 1603, 1604, 1605, 9999];

fn shown(text: &[u8]) -> String {
    String::from_utf8_lossy(text).into_owned()
}

fn has_piece(text: &str, secret: &str) -> bool {
    secret.as_bytes().windows(8).any(|piece| text.contains(&*shown(piece)))
}

/// Texts that contain a secret key, and the key: short and long, cut, within other text.
fn texts() -> impl Strategy<Value = (String, String)> {
    let key = prop_oneof!["[A-Za-z0-9_-]{33,80}", "[A-Za-z0-9+/]{43}=", "[0-9a-f]{64}"];
    (key, "[a-z]{0,4}[:. ]?", "[,. ]?[A-Z]{0,2}")
        .prop_map(|(key, before, behind)| (format!("{before}{key}{behind}"), key))
}

proptest! {
    #![proptest_config(cases(256))]

    #[test]
    fn no_rule_repeats_a_key((text, key) in texts(), tag in prop::sample::select(&TAGS[..])) {
        let others = BODY.split_terminator('|').filter(|f| !f.starts_with(&format!("{tag}=")));
        let fields = others.chain([&*format!("{tag}={text}")]).collect::<Vec<_>>().join("|");
        let message = framed(&soh(&format!("{fields}|")));
        let Ok(frame) = Frame::parse(&message, MAX_MESSAGE) else { return Ok(()) };
        let Ok(values) = Values::of(&frame) else { return Ok(()) };
        for phase in [None, Some(Phase::First), Some(Phase::LoggedOn)] {
            let context = Context { phase, ..Context::default() };
            let faults = logon_faults(&values, &context).chain(header_fault(&values, &context));
            for fault in faults {
                for words in [fault.reason(&context), fault.text(&context)] {
                    prop_assert!(!has_piece(&words, &key), "{words}");
                }
            }
        }
    }

    #[test]
    fn a_key_is_hidden_in_words_and_in_values(
        (text, key) in texts(), tag in prop::sample::select(&TAGS[..])
    ) {
        for place in [Place::Words, Place::Value(tag)] {
            prop_assert!(may_have_secret(text.as_bytes(), place));
            prop_assert!(!has_piece(&shown(&hidden(text.as_bytes(), place)), &key));
            let stars = starred(text.as_bytes(), place);
            prop_assert!(!has_piece(&shown(&stars), &key));
            prop_assert_eq!(stars.len(), text.len());
        }
    }

    #[test]
    fn both_halves_of_a_broken_key_are_hidden_in_values(
        at in 1..43_usize, gap in "[ .:\n]{1,2}", tag in prop::sample::select(&TAGS[..])
    ) {
        let text = format!("{}{gap}{}", &SECRET[..at], &SECRET[at..]);
        prop_assert!(!has_piece(&shown(&hidden(text.as_bytes(), Place::Value(tag))), SECRET));
    }

    #[test]
    fn a_short_key_is_hidden_where_no_value_is_as_long(key in "[A-Za-z0-9_-]{22,32}") {
        for tag in SIGNED.into_iter().filter(|tag| ![50, 1603].contains(tag)) {
            prop_assert!(may_have_secret(key.as_bytes(), Place::Value(tag)));
        }
    }

    #[test]
    fn a_text_without_a_key_is_not_changed(text in "([A-Za-z0-9]{0,20}[ .:,]){0,6}") {
        for place in [Place::Words, Place::Value(142)] {
            prop_assert!(!may_have_secret(text.as_bytes(), place));
            prop_assert_eq!(hidden(text.as_bytes(), place), text.as_bytes());
        }
    }
}

#[test]
fn usual_values_of_a_logon_are_shown() {
    for (tag, value) in [
        (50, "Operator-2026-in-Chicago-Desk7"),
        (355, "oNDxM33uE81ohWuVRtWToNDxM33uE81o"),
        (1603, "OurTradingSystem2026Release30x"),
        (50, "a desk of the second floor in Chicago"),
        (355, "oNDxM33uE81ohWuVRtWToNDxM33uE81o "),
        (52, "20170623-14:48:42.855"),
    ] {
        assert!(!may_have_secret(value.as_bytes(), Place::Value(tag)), "{value}");
    }
    let words = "ApplicationSystemVendor (1605) is empty: LastMsgSeqNumProcessed (369) is 0";
    assert!(!may_have_secret(words.as_bytes(), Place::Words));
    assert_eq!(&*hidden(format!("49 is {SECRET}N.").as_bytes(), Place::Words), b"49 is ***.");
}
