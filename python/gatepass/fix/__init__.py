"""FIX: tag=value messages, their Logon, and the session layer of both roles, without I/O.

A logon passes through `notation` (text to wire bytes), `draft`, `signer`, `verifier`, and `explain`
with its known `mistakes`. The session is one `engine` with two roles: `client` and `exchange`.
"""

from gatepass.fix.draft import complete_draft
from gatepass.fix.explain import ExplainedField, Explanation, explain
from gatepass.fix.sending_time import format_sending_time, parse_sending_time
from gatepass.fix.signer import Credentials, LogonSigner
from gatepass.fix.verifier import LogonVerifier
from gatepass.fix.window import SendingTimeWindow

__all__ = [
    "Credentials",
    "ExplainedField",
    "Explanation",
    "LogonSigner",
    "LogonVerifier",
    "SendingTimeWindow",
    "complete_draft",
    "explain",
    "format_sending_time",
    "parse_sending_time",
]
