"""Sign, verify and explain one logon.

Read in the order in which a logon flows: `notation` (text to wire bytes), `draft`, `signer`,
`verifier` with its `verdict` and what was accepted before (`replay`), `explain` with the `mistakes`
it knows.
"""

from gatepass.signing.draft import complete_draft
from gatepass.signing.explain import ExplainedField, Explanation, explain
from gatepass.signing.replay import Noted, Recall, ReplayMemory
from gatepass.signing.sending_time import format_sending_time, parse_sending_time
from gatepass.signing.signer import Credentials, LocalSigner, LogonSigner, Signer
from gatepass.signing.verdict import Check, Outcome, Verdict
from gatepass.signing.verifier import LogonVerifier, SendingTimeWindow

__all__ = [
    "Check",
    "Credentials",
    "ExplainedField",
    "Explanation",
    "LocalSigner",
    "LogonSigner",
    "LogonVerifier",
    "Noted",
    "Outcome",
    "Recall",
    "ReplayMemory",
    "SendingTimeWindow",
    "Signer",
    "Verdict",
    "complete_draft",
    "explain",
    "format_sending_time",
    "parse_sending_time",
]
