"""Signatures in any protocol: who signs, what a check found, and which signatures were seen."""

from gatepass.signing.replay import Noted, Recall, ReplayMemory
from gatepass.signing.signer import LocalSigner, Signer
from gatepass.signing.verdict import Check, Outcome, Verdict

__all__ = [
    "Check",
    "LocalSigner",
    "Noted",
    "Outcome",
    "Recall",
    "ReplayMemory",
    "Signer",
    "Verdict",
]
