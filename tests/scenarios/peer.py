"""A client that follows a script: right numbers and header, unless the script says otherwise."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime, timedelta

from gatepass._native import encode_signature
from gatepass.fix import format_sending_time
from gatepass.fix.message import LOGON, Message
from tests.scenarios.cast import PAIRS

_PLACEHOLDER = re.compile(r"\$\{([^}]+)\}")
_NOW = re.compile(r"now(?:([+-])(\d+)s)?")

SIGNED = (34, 49, 50, 52, 57, 108, 142, 369, 1603, 1604, 1605)

Fields = Iterable[tuple[int, str | None]]


class Peer:
    """The client's side of one connection, across reconnects."""

    def __init__(self, *, target: str) -> None:
        self.key = "current"
        self.next_out = 1
        self.last: Message | None = None
        self._processed = 0
        self._target = target
        self._sender = "ABC123N"

    def write(
        self, msg_type: str, fields: Fields, now: datetime, *, garbled: bool = False
    ) -> bytes:
        """Make a message of the usual fields and those of the script."""
        told = [(tag, value) for tag, value in fields]
        own = self._usual(msg_type, now)
        for tag, value in told:
            if tag not in own or value is None:
                own.pop(tag, None)
            if value is not None:
                own[tag] = self._fill(value, now)
        self._sender = own.get(49, self._sender)
        if own.get(34, "").isdigit() and (43, "Y") not in told:
            self.next_out = int(own[34]) + 1
        if msg_type == LOGON:
            # A length comes directly before its data, whatever the script changes.
            for tag, value in self._credentials(own).items():
                own[tag] = own.pop(tag, value)
                if (tag, None) in told:
                    del own[tag]
        wire = self._encode(own)
        return wire[:-4] + b"999\x01" if garbled else wire

    def read(self, wire: bytes) -> Message:
        """Take a message from the exchange."""
        self.last = Message.parse(wire)
        number = self.last.msg_seq_num or 0
        self._processed = number
        return self.last

    def _usual(self, msg_type: str, now: datetime) -> dict[int, str]:
        fields = {
            8: "FIX.4.2",
            35: msg_type,
            34: str(self.next_out),
            49: self._sender,
            50: "OPER1",
            52: format_sending_time(now),
            56: "CME",
            57: self._target,
            142: "US",
            369: str(self._processed),
        }
        if msg_type == LOGON:
            fields |= {108: "30", 1603: "SYS", 1604: "1.0", 1605: "VENDOR"}
        return fields

    def _fill(self, value: str, now: datetime) -> str:
        def known(match: re.Match[str]) -> str:
            name = match[1]
            moment = _NOW.fullmatch(name)
            if moment is not None:
                shift = timedelta(seconds=int(moment[2] or 0))
                return format_sending_time(now - shift if moment[1] == "-" else now + shift)
            if name.startswith("last.") and self.last is not None:
                return self.last.get(int(name[5:])) or ""
            return PAIRS[name.removeprefix("key.")].access_key_id

        return _PLACEHOLDER.sub(known, value)

    def _encode(self, fields: dict[int, str]) -> bytes:
        begin = fields[8]
        rest = [(tag, value) for tag, value in fields.items() if tag != 8]
        body = "".join(f"{tag}={value}\x01" for tag, value in rest).encode("latin-1")
        message = b"8=%s\x019=%d\x01%s" % (begin.encode(), len(body), body)
        return message + b"10=%03d\x01" % (sum(message) % 256)

    def _credentials(self, own: dict[int, str]) -> dict[int, str]:
        """Sign the values of the message, even wrong ones: an empty line for a missing one."""
        pair = PAIRS[self.key]
        canonical = "\n".join(own.get(tag, "") for tag in SIGNED)
        signature = pair.secret.signing_key().sign(canonical.encode("latin-1"))
        text = encode_signature(signature)
        return {
            354: str(len(pair.access_key_id)),
            355: pair.access_key_id,
            1400: "CME-1-SHA-256",
            1401: str(len(text)),
            1402: text,
        }
