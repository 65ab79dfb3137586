//! Completes a message that a person wrote: BodyLength and CheckSum, and SendingTime if asked.

use crate::error::FramingError;
use crate::fix::fields::SOH;
use crate::fix::frame::{Frame, MAX_MESSAGE, framed};

const SENDING_TIME: u32 = 52;

/// Returns the message with the BodyLength (9) and CheckSum (10) that its bytes need.
///
/// In the draft they may be wrong, of any form, or missing; a whole message is returned unchanged.
/// `sending_time` replaces SendingTime (52), or is inserted if there is none. No other byte between
/// 9 and 10 changes.
///
/// # Errors
/// [`FramingError`] if the draft does not begin with BeginString (8), if its last field is not
/// closed by SOH, if it would be too long, and, if a time is given, if a field is malformed.
/// Other errors of the fields are found when the message is read.
pub fn complete(draft: &[u8], sending_time: Option<&[u8]>) -> Result<Vec<u8>, FramingError> {
    let frame = Frame::draft(draft)?;
    let body = frame.body();
    let (from, to, stamp) = match sending_time {
        None => (body.end, body.end, Vec::new()),
        Some(time) => {
            let (from, to) = place_of_time(&frame)?;
            (from, to, [&b"52="[..], time, &[SOH]].concat())
        }
    };
    let fields = [&draft[body.start..from], &stamp, &draft[to..body.end]].concat();
    let whole = framed(frame.begin_string(), &fields);
    if whole.len() <= MAX_MESSAGE {
        Ok(whole)
    } else {
        Err(FramingError::TooLong { max: MAX_MESSAGE })
    }
}

/// Where SendingTime is, or where to insert it: before the first field with a higher tag, because
/// the header's tags ascend.
fn place_of_time(frame: &Frame<'_>) -> Result<(usize, usize), FramingError> {
    let mut place = None;
    for field in frame.fields() {
        let field = field?;
        if field.tag == SENDING_TIME {
            return Ok((field.start, field.end));
        }
        if field.tag > SENDING_TIME && place.is_none() {
            place = Some((field.start, field.start));
        }
    }
    let end = frame.body().end;
    Ok(place.unwrap_or((end, end)))
}
