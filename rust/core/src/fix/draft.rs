//! A message as a person writes it, made whole: BodyLength and CheckSum, and SendingTime if asked.

use crate::error::FramingError;
use crate::fix::fields::SOH;
use crate::fix::frame::{Frame, MAX_MESSAGE, framed};

const SENDING_TIME: u32 = 52;

/// Gives the message with the BodyLength (9) and CheckSum (10) that its bytes need.
///
/// In the draft they may be wrong, of any form, or missing; a whole message comes back as it is.
/// `sending_time` is put in the place of SendingTime (52), or where it belongs if there is none.
/// Of the fields between 9 and 10, no other byte is changed.
///
/// # Errors
/// [`FramingError`] if the draft does not begin with BeginString (8), if its last field is not
/// closed by SOH, if it would be too long, and, where a time is given, if a field is malformed.
/// What else is wrong with the fields is found when the message is read.
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

/// Where SendingTime stands, or where it belongs: before the first field of a higher tag, as the
/// header's fields ascend.
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
