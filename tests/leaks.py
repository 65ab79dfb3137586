"""What counts as showing a secret: any 8 characters of it, in any encoding."""

from __future__ import annotations

import base64
import traceback
from collections.abc import Iterator
from pathlib import Path

import gatepass

LENGTH = 8
PACKAGE = Path(gatepass.__file__).parent

#: Every tag that a Logon has or that a rule checks, and some unknown ones.
TAGS = [
    34,
    35,
    43,
    49,
    50,
    52,
    56,
    57,
    58,
    98,
    108,
    122,
    141,
    142,
    369,
    553,
    1603,
    1604,
    1605,
    9999,
]


def leaks(shown: str | bytes, secret: str) -> list[str]:
    """Return the pieces of a secret, or of its decoded bytes, that a text contains."""
    text = shown.decode("latin-1") if isinstance(shown, bytes) else shown
    return [piece for piece in _pieces(secret) if piece in text]


def _pieces(secret: str) -> set[str]:
    raw = base64.urlsafe_b64decode(secret + "=" * (-len(secret) % 4))
    writings = [
        secret,
        raw.decode("latin-1"),
        raw.hex(),
        raw.hex().upper(),
        base64.b64encode(raw).decode().rstrip("="),
    ]
    pieces = {text[at : at + LENGTH] for text in writings for at in range(len(text) - LENGTH + 1)}
    pieces |= {repr(raw[at : at + LENGTH])[2:-1] for at in range(len(raw) - LENGTH + 1)}
    return pieces | {str(list(raw[at : at + 4]))[1:-1] for at in range(len(raw) - 3)}


def everything_shown(error: BaseException) -> str:
    """Return everything that a careless program may print of an error and of its causes.

    This includes local variables of gatepass's frames, but not those of the caller, which has the
    secret.
    """
    return "\n".join(part for link in _chain(error) for part in _shown(link))


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    """Yield an error and those printed above it; ``raise ... from None`` ends the chain."""
    while error is not None:
        yield error
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)


def _shown(error: BaseException) -> Iterator[str]:
    yield from (str(error), repr(error), repr(error.args), repr(vars(error)))
    yield "".join(traceback.format_exception(error))
    for frame, _ in traceback.walk_tb(error.__traceback__):
        if PACKAGE in Path(frame.f_code.co_filename).parents:
            yield f"{frame.f_code.co_name}: {frame.f_locals}"
