//! Which fields are signed, and in which order: data, not code.

/// One signed field: its tag and the name used for it in messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FieldSpec {
    /// FIX tag; for iLink 3, the field's tag in CME's schema.
    pub tag: u32,
    /// Name in CME's documentation.
    pub name: &'static str,
}

/// The signed fields of one kind of logon, in the order in which they are signed.
#[derive(Debug, Clone, Copy)]
pub struct Profile<const N: usize> {
    /// Its name for bindings and tools.
    pub name: &'static str,
    /// The fields in signed order.
    pub fields: [FieldSpec; N],
}

const fn field(tag: u32, name: &'static str) -> FieldSpec {
    FieldSpec { tag, name }
}

/// FIX Logon (35=A) for iLink 2 and Drop Copy.
///
/// Four independent code bases agree on this list; it is ascending by tag number. TargetCompID
/// (56) is not part of it.
pub const FIX_LOGON: Profile<11> = Profile {
    name: "fix-logon",
    fields: [
        field(34, "MsgSeqNum"),
        field(49, "SenderCompID"),
        field(50, "SenderSubID"),
        field(52, "SendingTime"),
        field(57, "TargetSubID"),
        field(108, "HeartBtInt"),
        field(142, "SenderLocationID"),
        field(369, "LastMsgSeqNumProcessed"),
        field(1603, "ApplicationSystemName"),
        field(1604, "TradingSystemVersion"),
        field(1605, "ApplicationSystemVendor"),
    ],
};

/// iLink 3 Negotiate (template 500), as listed on CME's page of that message.
pub const ILINK3_NEGOTIATE: Profile<4> = Profile {
    name: "ilink3-negotiate",
    fields: [
        field(39002, "RequestTimestamp"),
        field(39001, "UUID"),
        field(39006, "Session"),
        field(39007, "Firm"),
    ],
};

/// iLink 3 Establish (template 503), as listed on CME's page of that message.
///
/// The signed order differs from the order of the fields on the wire.
pub const ILINK3_ESTABLISH: Profile<9> = Profile {
    name: "ilink3-establish",
    fields: [
        field(39002, "RequestTimestamp"),
        field(39001, "UUID"),
        field(39006, "Session"),
        field(39007, "Firm"),
        field(1603, "TradingSystemName"),
        field(1604, "TradingSystemVersion"),
        field(1605, "TradingSystemVendor"),
        field(39013, "NextSeqNo"),
        field(39014, "KeepAliveInterval"),
    ],
};
