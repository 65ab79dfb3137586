"""What a signature is, whatever it is over: who signs, what was found, what came before."""

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
