"""Sign, verify and explain CME Globex secure logons.

The names here are the ones most programs need; `gatepass.keys` and `gatepass.signing` hold the
rest, and `gatepass.errors` draws the tree of exceptions.
"""

from typing import TYPE_CHECKING, Any

from gatepass._native import VERSION as __version__  # noqa: N811
from gatepass._native import SigningKey
from gatepass.errors import GatepassError
from gatepass.keys import AccessKeyId, KeyFile, KeyPair, KeyRing, SessionId, open_keys
from gatepass.signing import LogonSigner, LogonVerifier, Verdict, explain

if TYPE_CHECKING:
    from gatepass.client import connect

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
    "connect",
    "explain",
    "open_keys",
]


def __getattr__(name: str) -> Any:
    """Give `connect` when it is asked for: whoever only signs need not wait for asyncio."""
    if name == "connect":
        from gatepass.client import connect

        return connect
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
