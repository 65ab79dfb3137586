//! The rules that need no state, with the vectors that the Python suite also uses.

use gatepass_core::fix::rules::{
    Answer, Context, HEADER, LOGON, Phase, Values, header_fault, logon_faults,
};
use gatepass_core::{Frame, MAX_MESSAGE};
use proptest::prelude::*;
use serde_json::{Map, Value};

use crate::build::{BODY, cases, framed, soh, summed};
use crate::vectors::logon_rules;

/// E1's Logon after a change: tags with other values, added tags, removed tags.
fn changed(change: &Map<String, Value>) -> Vec<u8> {
    let mut fields: Vec<(String, String)> = BODY
        .split_terminator('|')
        .filter_map(|field| field.split_once('='))
        .map(|(tag, value)| (tag.to_owned(), value.to_owned()))
        .collect();
    for (tag, value) in change.iter().filter(|(tag, _)| *tag != "8") {
        let at = fields.iter().position(|(other, _)| other == tag);
        match (at, value.as_str()) {
            (Some(at), Some(value)) => value.clone_into(&mut fields[at].1),
            (Some(at), None) => drop(fields.remove(at)),
            (None, Some(value)) => fields.push((tag.clone(), value.to_owned())),
            (None, None) => {}
        }
    }
    let body: String = fields.iter().map(|(tag, value)| format!("{tag}={value}\x01")).collect();
    let begin = change.get("8").and_then(Value::as_str).unwrap_or("FIX.4.2");
    let mut message = format!("8={begin}\x019={}\x01", body.len()).into_bytes();
    message.extend_from_slice(body.as_bytes());
    summed(message)
}

fn values(message: &[u8]) -> Values<'_> {
    Values::of(&Frame::parse(message, MAX_MESSAGE).unwrap()).unwrap()
}

fn tags(message: &[u8], context: &Context<'_>) -> Vec<u64> {
    logon_faults(&values(message), context).map(|fault| u64::from(fault.tag)).collect()
}

#[test]
fn a_logon_that_the_tables_allow_has_no_fault() {
    for case in logon_rules("good") {
        let message = changed(case["set"].as_object().unwrap());
        assert_eq!(tags(&message, &Context::default()), [0_u64; 0], "{case}");
    }
}

#[test]
fn faults_are_named_in_the_order_of_the_gateway() {
    for case in logon_rules("bad") {
        let message = changed(case["set"].as_object().unwrap());
        let expected: Vec<u64> =
            case["faults"].as_array().unwrap().iter().map(|tag| tag.as_u64().unwrap()).collect();
        assert_eq!(tags(&message, &Context::default()), expected, "{case}");
        let context = Context::default();
        let first = logon_faults(&values(&message), &context).next().unwrap();
        let reason = first.reason(&context);
        assert!(reason.contains(case["says"].as_str().unwrap()), "{reason}");
    }
}

#[test]
fn every_rule_is_broken_by_a_vector_or_by_the_context() {
    let context = Context::default();
    let mut broken: Vec<*const _> = Vec::new();
    for case in logon_rules("bad") {
        let message = changed(case["set"].as_object().unwrap());
        broken
            .extend(logon_faults(&values(&message), &context).map(|f| std::ptr::from_ref(f.rule)));
    }
    for (tag, on) in
        [("141", true), ("49", false), ("50", false), ("52", false), ("57", false), ("108", false)]
    {
        let mut change = Map::new();
        change.insert(tag.to_owned(), Value::Null);
        let known = Context { phase: on.then_some(Phase::LoggedOn), ..context };
        let message = changed(&change);
        broken.extend(logon_faults(&values(&message), &known).map(|f| std::ptr::from_ref(f.rule)));
    }
    for rule in HEADER.iter().chain(&LOGON) {
        assert!(broken.contains(&std::ptr::from_ref(rule)), "no vector breaks {rule:?}");
    }
}

#[test]
fn the_context_of_a_gateway_gives_more_faults() {
    let message = framed(&soh(BODY));
    let other = Context { target_sub_id: Some(b"64"), ..Context::default() };
    let fault = header_fault(&values(&message), &other).unwrap();
    assert_eq!(fault.rule.answer, Answer::Reject);
    assert_eq!(
        fault.text(&other),
        "TargetSubId (57) tag has an incorrect value: (92), should be 64"
    );
    assert_eq!(fault.reason(&other), "TargetSubID (57) is 92: it must be 64");
    let drop_copy = Context { first_indicators: b"N", ..Context::default() };
    assert_eq!(tags(&message, &drop_copy), [0_u64; 0]);
    let fault_tolerant = framed(&soh(&BODY.replace("B08004N", "B08004U")));
    assert_eq!(tags(&fault_tolerant, &drop_copy), [49]);
    assert_eq!(tags(&message, &Context { phase: Some(Phase::LoggedOn), ..drop_copy }), [141]);
}

#[test]
fn a_repeated_tag_is_named_once() {
    let twice = framed(&soh(&format!("{BODY}141=N|141=Y|141=N|")));
    assert_eq!(tags(&twice, &Context::default()), [141]);
}

#[test]
fn placeholders_in_a_value_are_not_filled_and_a_long_value_is_cut() {
    let context = Context::default();
    let message = framed(&soh(&BODY.replace("56=CME", "56={target}{value}")));
    let values = values(&message);
    let fault = header_fault(&values, &context).unwrap();
    assert_eq!(fault.reason(&context), "TargetCompID (56) is {target}{value}: it must be CME");
    let long = framed(&soh(&BODY.replace("56=CME", &format!("56={}", "x".repeat(500)))));
    let long = self::values(&long);
    let fault = header_fault(&long, &context).unwrap();
    assert!(fault.reason(&context).len() < 100);
}

proptest! {
    #![proptest_config(cases(256))]

    #[test]
    fn every_message_gets_reasons_without_placeholders(body in "[ -~]{0,12}", tag in 1_u32..2000) {
        prop_assume!(![8, 9, 10, 35].contains(&tag));
        let message = framed(&soh(&format!("35=A|{tag}={}|", body.replace('|', "x"))));
        if let Ok(values) = Values::of(&Frame::parse(&message, MAX_MESSAGE).unwrap()) {
            for fault in logon_faults(&values, &Context::default()) {
                let reason = fault.reason(&Context::default());
                prop_assert!(!reason.contains(['{', '}']) || body.contains(['{', '}']), "{}", reason);
            }
        }
    }
}
