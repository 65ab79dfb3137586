"""The measured paths, each with the pure Python that it is compared with, as data.

Both sides are statements over local names, so that a wrapper slows neither down.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from gatepass.bench import pure_python
from gatepass.bench.samples import ACCESS_KEY_ID, SECRET, VALUES, Samples

_ARGUMENTS = ", ".join(f"v{number}" for number in range(len(VALUES)))


@dataclass(frozen=True, slots=True)
class Path:
    """Two statements with the same result, and by how much ours should be faster."""

    name: str
    against: str
    ours: str
    theirs: str
    expected: object
    bar: float | None
    names: dict[str, Any]
    setup: str = f"{_ARGUMENTS} = values"


def paths(samples: Samples) -> Iterator[Path]:
    """Give every path, for one Logon."""
    names: dict[str, Any] = {
        "values": VALUES,
        "secret": SECRET,
        "access_key_id": ACCESS_KEY_ID,
        "raw": samples.raw,
        "signed": samples.signed,
        "prepared": pure_python.prepare(SECRET),
        "prepared_pair": pure_python.prepare_pair(SECRET),
        "sign_fields": samples.key.sign_fields,
        "sign_logon": samples.key.sign_logon,
        "verify_logon": samples.key.verify_logon,
        "py": pure_python,
    }
    signature = samples.key.sign_fields(*VALUES)
    for name, against, ours, theirs, expected, bar in (
        (
            "sign from 11 field values",
            "prepared HMAC object, copied per logon",
            f"sign_fields({_ARGUMENTS})",
            f"py.sign_copied(prepared, {_ARGUMENTS})",
            signature,
            4.2,
        ),
        (
            "sign from 11 field values",
            "key decoded per logon",
            f"sign_fields({_ARGUMENTS})",
            f"py.sign_decoding(secret, {_ARGUMENTS})",
            signature,
            7.2,
        ),
        (
            "raw Logon to signed Logon",
            "best pure Python, fields in any order",
            "sign_logon(access_key_id, raw)",
            "py.sign_raw_any_order(prepared_pair, access_key_id, raw)",
            samples.signed,
            10.0,
        ),
        (
            "raw Logon to signed Logon",
            "one regular expression for this very order of fields",
            "sign_logon(access_key_id, raw)",
            "py.sign_raw(prepared_pair, access_key_id, raw)",
            samples.signed,
            None,
        ),
        (
            "verify a signed Logon",
            "best pure Python, fields in any order",
            "verify_logon(signed)",
            "py.verify_raw_any_order(prepared_pair, signed)",
            True,
            8.0,
        ),
        (
            "verify a signed Logon",
            "one regular expression for this very order of fields",
            "verify_logon(signed)",
            "py.verify_raw(prepared_pair, signed)",
            True,
            None,
        ),
    ):
        yield Path(name, against, ours, theirs, expected, bar, names)
