"""Sign, verify and explain CME Globex secure logons.

The names here are the ones most programs need; `gatepass.keys` and `gatepass.signing` hold the
rest, and `gatepass.errors` draws the tree of exceptions.
"""

from gatepass._native import VERSION as __version__  # noqa: N811
from gatepass._native import SigningKey
from gatepass.errors import GatepassError
from gatepass.keys import AccessKeyId, KeyFile, KeyPair, KeyRing, SessionId, open_keys
from gatepass.signing import LogonSigner, LogonVerifier, Verdict, explain

__all__ = [
    "AccessKeyId",
    "GatepassError",
    "KeyFile",
    "KeyPair",
    "KeyRing",
    "LogonSigner",
    "LogonVerifier",
    "SessionId",
    "SigningKey",
    "Verdict",
    "__version__",
    "explain",
    "open_keys",
]
