//! What CME checks in a message without knowing the session.

use gatepass_core::fix::rules::{self, Answer, Context, Fault, Phase, Values};
use gatepass_core::{Frame, MAX_MESSAGE};
use pyo3::prelude::*;

use crate::errors;

/// A tag, Text (58) of the answer, whether that is a Logout, and what is wrong in plain words.
type Row = (u32, String, bool, String);

#[pyfunction]
#[pyo3(signature = (message, /, target_sub_id = None))]
pub fn header_fault(message: &[u8], target_sub_id: Option<&str>) -> PyResult<Option<Row>> {
    let context = Context { target_sub_id: target_sub_id.map(str::as_bytes), ..Context::default() };
    let fault = rules::header_fault(&values(message)?, &context);
    Ok(fault.map(|fault| row(&fault, &context)))
}

#[pyfunction]
#[pyo3(signature = (message, /, target_sub_id = None, first_indicators = "UN", logged_on = None))]
pub fn logon_faults(
    message: &[u8],
    target_sub_id: Option<&str>,
    first_indicators: &str,
    logged_on: Option<bool>,
) -> PyResult<Vec<Row>> {
    let context = Context {
        target_sub_id: target_sub_id.map(str::as_bytes),
        first_indicators: first_indicators.as_bytes(),
        phase: logged_on.map(|on| if on { Phase::LoggedOn } else { Phase::First }),
    };
    let values = values(message)?;
    Ok(rules::logon_faults(&values, &context).map(|fault| row(&fault, &context)).collect())
}

fn values(message: &[u8]) -> PyResult<Values<'_>> {
    Frame::parse(message, MAX_MESSAGE).and_then(|frame| Values::of(&frame)).map_err(errors::framing)
}

fn row(fault: &Fault<'_>, context: &Context<'_>) -> Row {
    let ends = fault.rule.answer == Answer::Logout;
    (fault.tag, fault.text(context), ends, fault.reason(context))
}
