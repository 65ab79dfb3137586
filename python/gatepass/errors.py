"""Every exception gatepass raises on purpose.

::

    GatepassError
    ├── ArgumentError              a wrong argument of a call       (also TypeError, ValueError)
    ├── LogonError                 a logon that cannot be signed or read   (also ValueError)
    │   ├── FieldError             one tag of it: missing, empty, repeated, illegal, too long
    │   └── FramingError           not one whole FIX message: BodyLength, CheckSum, truncated ...
    ├── SecretKeyError             a text that is not a usable secret key  (also ValueError)
    ├── KeySourceError             key pairs could not be read
    │   └── KeyFileError           ... from a file: path and line
    │       └── KeyFilePermissionError
    ├── KeyChoiceError             no pair may be used for this logon
    │   ├── UnknownSessionError
    │   ├── UnknownAccessKeyError
    │   ├── PairExpiredError
    │   └── PairNotYetValidError
    ├── SignerError                a remote signer did not give a signature
    ├── ConfigError                a configuration file cannot be used: path, line, key
    ├── StoreError                 a session's numbers and messages cannot be stored: path
    ├── StateError                 a call that its state does not allow   (also RuntimeError)
    │   └── NotLoggedOnError       ... to send: it is not logged on
    ├── BackupError                a call for the primary connection only  (also RuntimeError)
    ├── BacklogError               too much is unsent: wait, then send     (also RuntimeError)
    ├── LogonFailedError           a session that could not log on, or ended
    │   ├── LogonRefusedError      theirs: the gateway answered with a Logout or a Reject
    │   ├── LogonGuardError        ours: one more invalid Logon could close the port
    │   ├── ClockError             ours: this machine's clock is too far off
    │   └── SessionEndedError      the connection ended: cause, and whose fault it was
    │       ├── NoConnectionError  neither side's: not reached, lost, silent
    │       └── LogonReplyError    theirs: numbers, role, a broken rule
    │           ├── PeerError      ... a message that is not from or for this session
    │           └── NumberJumpError    ... a number too far ahead: a person must decide
    └── CenterError                the Request Center refused; nothing was changed
        ├── NotAllowedError        this role may not do this
        ├── NotFoundError          no such thing, or another firm's
        ├── ThirdPairError         two pairs are active: choose which to delete
        ├── ClosedError            outside the opening hours
        ├── CodeError              a verification code: wrong, used, expired, or none left today
        ├── AccountError           user name, password, details or tokens, or a lockout
        ├── LimitError             too many requests: wait
        │   └── BusyError          too many at this moment: wait a few seconds
        ├── DeliveryError          a code or mail was not delivered, or it is not known whether
        ├── VaultError             a secret cannot be opened: wrong envelope key, or tampered with
        ├── AuditError             the audit log is broken
        └── DatabaseError          the database is locked, gone, or of another version

The native module raises these same classes. No message contains a secret key,
a signature or a canonical string.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

from gatepass.causes import Cause


class GatepassError(Exception):
    """The root: ``except GatepassError`` catches all that gatepass raises on purpose."""


class ArgumentError(GatepassError, TypeError, ValueError):
    """A call got an argument that it does not accept; nothing was done. ``argument`` is its name.

    The message says what to give. It never shows the value, which may be a misplaced secret.
    """

    def __init__(self, message: str, argument: str) -> None:
        super().__init__(message, argument)
        self.argument = argument

    def __str__(self) -> str:
        return str(self.args[0])


class LogonError(GatepassError, ValueError):
    """A logon that cannot be signed or read; nothing was signed."""


class FieldError(LogonError):
    """One field breaks a rule.

    ``tag`` is the FIX tag, ``name`` its name, ``rule`` one of ``missing``,
    ``empty``, ``repeated``, ``illegal``, ``too long`` and ``unexpected``.
    """

    def __init__(self, message: str, tag: int, name: str, rule: str) -> None:
        super().__init__(message, tag, name, rule)
        self.tag = tag
        self.name = name
        self.rule = rule

    def __str__(self) -> str:
        return str(self.args[0])


class FramingError(LogonError):
    """The bytes are not one whole, intact FIX message."""


class SecretKeyError(GatepassError, ValueError):
    """A text is not a usable secret key. The message names the check, never the text."""


class KeySourceError(GatepassError):
    """Key pairs could not be read from where they were expected."""


class KeyFileError(KeySourceError):
    """A key file cannot be used; ``path`` and ``line`` (from 1) say where, if known."""

    def __init__(self, message: str, path: Path | None = None, line: int | None = None) -> None:
        super().__init__(message, path, line)
        self.message = message
        self.path = path
        self.line = line

    def __str__(self) -> str:
        place = str(self.path) if self.path is not None else "key file"
        if self.line is not None:
            place += f", line {self.line}"
        return f"{place}: {self.message}"


class KeyFilePermissionError(KeyFileError):
    """Users other than the owner can read the key file; the message gives the ``chmod`` to run."""


class KeyChoiceError(GatepassError):
    """No key pair may be used for this logon."""


class UnknownSessionError(KeyChoiceError):
    """There is no pair for this Session ID."""


class UnknownAccessKeyError(KeyChoiceError):
    """There is no pair with this Access Key ID for the session."""


class PairExpiredError(KeyChoiceError):
    """The pair has expired."""


class PairNotYetValidError(KeyChoiceError):
    """The pair is not valid yet."""


class SignerError(GatepassError):
    """A remote signer refused, failed or gave an invalid answer; nothing was signed."""


class ConfigError(GatepassError):
    """A configuration file cannot be used; ``line`` (from 1) and ``key`` say where, if known."""

    def __init__(
        self, message: str, path: Path, line: int | None = None, key: str | None = None
    ) -> None:
        super().__init__(message, path, line, key)
        self.message = message
        self.path = path
        self.line = line
        self.key = key

    def __str__(self) -> str:
        line = "" if self.line is None else f", line {self.line}"
        key = "" if self.key is None else f"{self.key}: "
        return f"{self.path}{line}: {key}{self.message}"


class StoreError(GatepassError):
    """The file with a session's numbers and messages cannot be used; ``path`` says where it is.

    The session ends without it: every message is stored before it is sent.
    """

    def __init__(self, message: str, path: str) -> None:
        super().__init__(message, path)
        self.message = message
        self.path = path

    def __str__(self) -> str:
        return f"the session store {self.path} {self.message}"


class StateError(GatepassError, RuntimeError):
    """A call that the state of a session, or of its gateway, does not allow: nothing was done.

    ``call`` is the call, ``state`` the state, such as ``connected``, ``of`` what is in it.
    """

    def __init__(self, call: str, state: str, of: str = "session") -> None:
        super().__init__(call, state, of)
        self.call = call
        self.state = state
        self.of = of

    def __str__(self) -> str:
        return f"{self.call}: not possible while the {self.of} is {self.state}; nothing was done"


class NotLoggedOnError(StateError):
    """The session cannot send, because it is not logged on at this moment; nothing was sent.

    ``state`` is the session's state, such as ``resetting`` or ``logout sent``.
    """

    def __init__(self, state: str) -> None:
        super().__init__("send", state)

    def __reduce__(self) -> tuple[type[NotLoggedOnError], tuple[str]]:
        return type(self), (self.state,)

    def __str__(self) -> str:
        return (
            f"cannot send while the session is {self.state}; nothing was sent. Wait for it to be"
            " logged on"
        )


class BackupError(GatepassError, RuntimeError):
    """The call is for the primary connection only, not for a backup; nothing was sent."""


class BacklogError(GatepassError, RuntimeError):
    """The other side reads too slowly: the message was not numbered, stored or sent.

    ``unsent`` is the number of bytes that wait to be sent.
    """

    def __init__(self, unsent: int) -> None:
        super().__init__(unsent)
        self.unsent = unsent

    def __str__(self) -> str:
        return (
            f"{self.unsent} bytes wait for the other side to read them: nothing was sent; await"
            " drained(), then send again"
        )


class LogonFailedError(GatepassError):
    """A session could not log on, or ended."""


class LogonRefusedError(LogonFailedError):
    """The gateway answered the Logon with a Logout or a Session Level Reject.

    ``text`` is its Text (58), ``next_expected`` a Logout's NextExpectedMsgSeqNum (789).
    """

    def __init__(self, text: str, next_expected: int | None) -> None:
        super().__init__(text, next_expected)
        self.text = text
        self.next_expected = next_expected

    def __str__(self) -> str:
        expects = "" if self.next_expected is None else f" (expects 34={self.next_expected})"
        return f"the Logon was refused: {self.text or 'no reason given'}{expects}"


class LogonGuardError(LogonFailedError):
    """A Logon was not sent: one more invalid Logon would make the exchange close the port.

    ``invalid`` is how many count now. From ``retry_at`` on, the oldest of them no longer counts.
    """

    def __init__(self, session: str, invalid: int, retry_at: datetime) -> None:
        super().__init__(session, invalid, retry_at)
        self.session = session
        self.invalid = invalid
        self.retry_at = retry_at

    def __str__(self) -> str:
        return (
            f"session {self.session}: {self.invalid} Logons were refused in the last minute or not"
            " answered in the last five minutes, and a fifth invalid one would close the port:"
            " nothing was sent; fix the cause, then try again from"
            f" {self.retry_at:%H:%M:%S} UTC on"
        )


class ClockError(LogonFailedError):
    """This machine's clock is too far off for a Logon. The message says by how much."""


class SessionEndedError(LogonFailedError):
    """The connection ended, or was never made.

    ``cause`` says why, and whose fault it was (``cause.fault``); ``text`` says so in words.
    ``in_doubt``: a Logon was sent on it, and the exchange may have accepted it.
    """

    in_doubt = False

    def __init__(self, text: str, cause: Cause) -> None:
        super().__init__(text, cause)
        self.text = text
        self.cause = cause

    def __str__(self) -> str:
        return self.text


class NoConnectionError(SessionEndedError):
    """Neither side's fault: the other side was not reached, disconnected, or is silent."""


class LogonReplyError(SessionEndedError):
    """Theirs: the session cannot continue after a message that came.

    The gateway has lost the session's numbers, is a backup where a primary was expected, or broke
    a rule of the protocol.
    """


class PeerError(LogonReplyError):
    """Theirs: a message that is not from the exchange, or not for this session; it was refused.

    ``tag`` is the FIX tag that shows it, ``expected`` and ``received`` are its two values;
    ``text`` says so in a few words, which were also sent to the other side (58).
    """

    def __init__(self, tag: int, expected: str, received: str, text: str, cause: Cause) -> None:
        super().__init__(text, cause)
        self.args = (tag, expected, received, text, cause)
        self.tag = tag
        self.expected = expected
        self.received = received

    def __str__(self) -> str:
        return f"the other side's message was refused: {self.text}"


class NumberJumpError(LogonReplyError):
    """Theirs: a sequence number that is too far ahead; nothing of it was stored.

    ``tag`` is its field: MsgSeqNum (34), NewSeqNo (36) or NextExpectedMsgSeqNum (789);
    ``expected`` is the number that was due, ``received`` the one that came; ``text`` says so in a
    few words. A person must find out which is right: with the wrong one, the week's numbers would
    be lost.
    """

    def __init__(self, tag: int, expected: int, received: int) -> None:
        super().__init__(f"tag {tag} is {received}, but {expected} was due", Cause.NUMBER_JUMP)
        self.args = (tag, expected, received)
        self.tag = tag
        self.expected = expected
        self.received = received

    def __str__(self) -> str:
        return f"{self.text}: too far ahead to be right; the stored numbers are unchanged"


class CenterError(GatepassError):
    """The Request Center refused; nothing was changed."""


class NotAllowedError(CenterError):
    """This user's role may not do this."""


class NotFoundError(CenterError):
    """This firm has no such thing. The answer is the same if another firm has it."""


class ThirdPairError(CenterError):
    """Two pairs of the session are active: choose one to be deleted at once.

    ``choices`` are their Access Key IDs, the oldest first.
    """

    def __init__(self, session: str, choices: tuple[str, ...]) -> None:
        super().__init__(session, choices)
        self.session = session
        self.choices = choices

    def __str__(self) -> str:
        return (
            f"session {self.session} has two active key pairs: choose which to delete at once,"
            f" {' or '.join(self.choices)}"
        )


class ClosedError(CenterError):
    """The Request Center is closed; ``opens`` says until when."""

    def __init__(self, opens: datetime) -> None:
        super().__init__(opens)
        self.opens = opens

    def __str__(self) -> str:
        return f"the Request Center is closed: it opens on {self.opens:%A %Y-%m-%d %H:%M %Z}"


class CodeError(CenterError):
    """A verification code was not accepted, or none can be sent. ``rule`` names why.

    One of ``wrong``, ``expired``, ``used``, ``tries``, ``budget`` and ``unsent``.
    """

    def __init__(self, message: str, rule: str) -> None:
        super().__init__(message, rule)
        self.rule = rule

    def __str__(self) -> str:
        return str(self.args[0])


class AccountError(CenterError):
    """A user's name, password, details or tokens are not accepted, or the user is locked out."""


class LimitError(CenterError):
    """Too many requests of one kind; ``retry_after`` says how long to wait."""

    def __init__(self, retry_after: timedelta) -> None:
        super().__init__(retry_after)
        self.retry_after = retry_after

    def __str__(self) -> str:
        minutes = -(-int(self.retry_after.total_seconds()) // 60)
        return f"too many requests: try again in {minutes} minute{'s' if minutes != 1 else ''}"


class BusyError(LimitError):
    """Too many passwords are being checked at this moment; nothing was counted."""

    def __init__(self) -> None:
        super().__init__(timedelta(seconds=5))

    def __reduce__(self) -> tuple[type[BusyError], tuple[()]]:
        return type(self), ()

    def __str__(self) -> str:
        return "too many people are logging in: try again in a few seconds"


class DeliveryError(CenterError):
    """A code or a mail was not delivered. ``rule`` names why.

    ``unreachable``: the server did not answer; ``refused``: the server refused it; ``in doubt``:
    it was sent in part, and may still arrive.
    """

    def __init__(self, message: str, rule: str) -> None:
        super().__init__(message, rule)
        self.rule = rule

    def __str__(self) -> str:
        return str(self.args[0])


class VaultError(CenterError):
    """A sealed secret cannot be opened: wrong envelope key, or it was tampered with."""


class AuditError(CenterError):
    """The audit log cannot be trusted, or cannot be written."""


class DatabaseError(CenterError):
    """The database is locked, gone, or not of this version."""
