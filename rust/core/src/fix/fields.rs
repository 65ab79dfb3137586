//! The one tag=value scanner: fields of a message, length-prefixed data fields included.

use crate::error::FramingError;

/// End of a field.
pub const SOH: u8 = 0x01;

/// Length fields, each with the data field that directly follows it.
///
/// From FIX 4.2 and CME's credential fields; 212/213 is for Drop Copy's XMLnonFIX.
const DATA_FIELDS: [(u16, u16); 14] = [
    (90, 91),
    (93, 89),
    (95, 96),
    (212, 213),
    (348, 349),
    (350, 351),
    (352, 353),
    (354, 355),
    (356, 357),
    (358, 359),
    (360, 361),
    (362, 363),
    (364, 365),
    (1401, 1402),
];

/// What the scanner must know about a tag.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Plain,
    /// 8, 9 and 10, which frame the message.
    Framing,
    MsgType,
    /// Gives the length of the data field with this tag.
    Length(u16),
    Data,
}

/// Kinds of all tags up to the highest that is not plain, so that a field needs one look-up.
const KINDS: [Kind; 1403] = {
    let mut kinds = [Kind::Plain; 1403];
    kinds[8] = Kind::Framing;
    kinds[9] = Kind::Framing;
    kinds[10] = Kind::Framing;
    kinds[35] = Kind::MsgType;
    let mut n = 0;
    while n < DATA_FIELDS.len() {
        let (length, data) = DATA_FIELDS[n];
        kinds[length as usize] = Kind::Length(data);
        kinds[data as usize] = Kind::Data;
        n += 1;
    }
    kinds
};

/// One field of a message.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Field<'a> {
    /// Tag number.
    pub tag: u32,
    /// Value without the closing SOH; may be empty.
    pub value: &'a [u8],
    /// Offset of the tag in the message.
    pub start: usize,
    /// Offset after the closing SOH.
    pub end: usize,
}

/// Shows the tag, not the value, which may be a signature or an old password.
impl std::fmt::Debug for Field<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Field({}, {} bytes, {}..{})", self.tag, self.value.len(), self.start, self.end)
    }
}

/// The fields of one framed message between BodyLength and CheckSum, in order.
///
/// Yields at most one error, and then ends. Refuses anything that two readers could read
/// differently: MsgType comes first and once, 8, 9 and 10 do not occur inside, and a data field
/// follows its length field and has exactly that many bytes, of any value.
#[derive(Clone)]
pub struct Fields<'a> {
    message: &'a [u8],
    at: usize,
    end: usize,
    first: bool,
    announced: Option<Announced>,
}

/// Shows the position, and nothing of the message.
impl std::fmt::Debug for Fields<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Fields({}..{})", self.at, self.end)
    }
}

/// A data field that must come next.
#[derive(Debug, Clone, Copy)]
struct Announced {
    length_tag: u32,
    data_tag: u32,
    length: usize,
}

impl<'a> Fields<'a> {
    pub(crate) fn new(message: &'a [u8], start: usize, end: usize) -> Self {
        Self { message, at: start, end, first: true, announced: None }
    }

    #[inline(always)]
    fn scan(&mut self) -> Result<Field<'a>, FramingError> {
        let start = self.at;
        let malformed = FramingError::MalformedField { at: start };
        let (tag, equals) = read_tag(&self.message[start..self.end]).ok_or(malformed)?;
        let from = start + equals + 1;
        let kind = KINDS.get(tag as usize).copied().unwrap_or(Kind::Plain);
        let length = match self.announced.take() {
            None if kind == Kind::Data => return Err(FramingError::DataWithoutLength { tag }),
            None => self.message[from..self.end].iter().position(|byte| *byte == SOH),
            Some(Announced { data_tag, length, .. })
                if data_tag == tag && self.message[from..self.end].get(length) == Some(&SOH) =>
            {
                Some(length)
            }
            Some(Announced { length_tag, .. }) => {
                return Err(FramingError::DataLength { tag: length_tag });
            }
        };
        let to = from + length.ok_or(malformed)?;
        let value = &self.message[from..to];
        if (kind == Kind::MsgType) != self.first || kind == Kind::Framing {
            return Err(FramingError::Misplaced { tag });
        }
        self.first = false;
        if let Kind::Length(data_tag) = kind {
            let length = read_number(value).ok_or(FramingError::DataLength { tag })?;
            let data_tag = u32::from(data_tag);
            self.announced = Some(Announced { length_tag: tag, data_tag, length });
        }
        self.at = to + 1;
        Ok(Field { tag, value, start, end: self.at })
    }
}

impl<'a> Iterator for Fields<'a> {
    type Item = Result<Field<'a>, FramingError>;

    #[inline(always)]
    fn next(&mut self) -> Option<Self::Item> {
        if self.at == self.end {
            if std::mem::take(&mut self.first) {
                return Some(Err(FramingError::Misplaced { tag: 35 }));
            }
            let tag = self.announced.take()?.length_tag;
            return Some(Err(FramingError::DataLength { tag }));
        }
        let field = self.scan();
        if field.is_err() {
            *self = Self { at: self.end, first: false, announced: None, ..*self };
        }
        Some(field)
    }
}

/// Reads `tag=`: 1 to 6 digits, no leading zero. Returns the tag and the offset of the `=`.
#[inline]
fn read_tag(bytes: &[u8]) -> Option<(u32, usize)> {
    let mut tag = 0;
    for (index, byte) in bytes.iter().take(7).enumerate() {
        match byte {
            b'=' if index > 0 => return Some((tag, index)),
            b'0' if index == 0 => return None,
            b'0'..=b'9' => tag = tag * 10 + u32::from(byte - b'0'),
            _ => return None,
        }
    }
    None
}

/// Reads 1 to 6 decimal digits.
pub(crate) fn read_number(digits: &[u8]) -> Option<usize> {
    if !(1..=6).contains(&digits.len()) || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    Some(digits.iter().fold(0, |number, digit| number * 10 + usize::from(digit - b'0')))
}

/// The name of a tag that a logon may contain; `"field"` for any other.
#[must_use]
pub fn name_of(tag: u32) -> &'static str {
    match NAMES.binary_search_by_key(&tag, |(known, _)| *known) {
        Ok(index) => NAMES[index].1,
        Err(_) => "field",
    }
}

/// Tag names of the session layer, ascending by tag.
pub const NAMES: [(u32, &str); 50] = [
    (7, "BeginSeqNo"),
    (8, "BeginString"),
    (9, "BodyLength"),
    (10, "CheckSum"),
    (16, "EndSeqNo"),
    (34, "MsgSeqNum"),
    (35, "MsgType"),
    (36, "NewSeqNo"),
    (43, "PossDupFlag"),
    (45, "RefSeqNum"),
    (49, "SenderCompID"),
    (50, "SenderSubID"),
    (52, "SendingTime"),
    (56, "TargetCompID"),
    (57, "TargetSubID"),
    (58, "Text"),
    (89, "Signature"),
    (90, "SecureDataLen"),
    (91, "SecureData"),
    (93, "SignatureLength"),
    (95, "RawDataLength"),
    (96, "RawData"),
    (97, "PossResend"),
    (98, "EncryptMethod"),
    (108, "HeartBtInt"),
    (112, "TestReqID"),
    (115, "OnBehalfOfCompID"),
    (122, "OrigSendingTime"),
    (123, "GapFillFlag"),
    (128, "DeliverToCompID"),
    (141, "ResetSeqNumFlag"),
    (142, "SenderLocationID"),
    (143, "TargetLocationID"),
    (212, "XmlDataLen"),
    (213, "XmlData"),
    (354, "EncodedTextLen"),
    (355, "EncodedText"),
    (369, "LastMsgSeqNumProcessed"),
    (371, "RefTagID"),
    (372, "RefMsgType"),
    (373, "SessionRejectReason"),
    (789, "NextExpectedMsgSeqNum"),
    (1400, "EncryptedPasswordMethod"),
    (1401, "EncryptedPasswordLen"),
    (1402, "EncryptedPassword"),
    (1409, "SessionStatus"),
    (1603, "ApplicationSystemName"),
    (1604, "TradingSystemVersion"),
    (1605, "ApplicationSystemVendor"),
    (9553, "SplitMsg"),
];
