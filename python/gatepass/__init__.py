"""Sign, verify and explain CME Globex secure logons.

The names here are the ones most programs need. The packages below have the rest, such as
`gatepass.client` and `gatepass.gateway`, and are loaded when they are asked for; `gatepass.errors`
draws the tree of exceptions.
"""

import importlib
from typing import TYPE_CHECKING, Any

from gatepass._native import VERSION as __version__  # noqa: N811
from gatepass._native import SigningKey
from gatepass.errors import GatepassError
from gatepass.fix import LogonSigner, LogonVerifier, explain
from gatepass.keys import AccessKeyId, KeyFile, KeyPair, KeyRing, SessionId, open_keys
from gatepass.signing import Verdict

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

#: Those that are loaded when they are asked for: who only signs need not wait for asyncio.
_PACKAGES = (
    *("bench", "center", "cli", "client", "fix", "gateway", "integrations", "keys", "rehearsal"),
    *("session", "signing", "storage", "transport"),
)


def __dir__() -> list[str]:
    """Name what there is, loaded or not."""
    own = (name for name in globals() if name.startswith("__"))
    return sorted({*__all__, *_PACKAGES, "errors", *own})


def __getattr__(name: str) -> Any:
    """Give `connect`, or a package, and load it first."""
    if name == "connect":
        from gatepass.client import connect

        return connect
    if name in _PACKAGES:
        return importlib.import_module(f"gatepass.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
