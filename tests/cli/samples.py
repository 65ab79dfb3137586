"""A key file, Logons that are good or have one mistake, and a run of the command."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

from typer.testing import CliRunner, Result

from gatepass._native import SigningKey
from gatepass.cli.app import app
from gatepass.keys import AccessKeyId, IssuedPair, SecretKey, SessionId, format_key_file
from tests.cli.processes import LEFT_OUT

VECTORS = Path(__file__).parent.parent / "vectors" / "logon_vectors.json"
E1 = next(v for v in json.loads(VECTORS.read_text())["vectors"] if v["id"] == "E1")

SECRET = E1["secret_key"]
OTHER_SECRET = "Zm9yLWEtdGVzdC1vbmx5LW5ldmVyLWluLXVzZS0xMjM"
ACCESS_KEY_ID = E1["access_key_id"]
OTHER_ACCESS_KEY_ID = "TestOnlyTestOnly1234"
RAW = E1["raw"]
SIGNED = E1["signed"]
SIGNATURE = E1["signature_base64url"]
#: The time of the Logon, when the pair of the vector was valid.
THEN = "2017-06-23T14:48:43Z"
#: A time at which its pair has expired.
LATER = "2026-11-23T14:30:00Z"


def pair(
    access_key_id: str = ACCESS_KEY_ID,
    created: str = "2017-06-23",
    expires: str = "2018-06-23",
    *,
    secret: str = SECRET,
    session: str = "B08",
    environment: str | None = "NEWRELEASE",
) -> IssuedPair:
    """Make a pair; without arguments that of the vector."""
    return IssuedPair(
        session=SessionId(session),
        access_key_id=AccessKeyId(access_key_id),
        secret=SecretKey(secret),
        created=date.fromisoformat(created),
        expires=date.fromisoformat(expires),
        environment=environment,
    )


def write_keys(folder: Path, *pairs: IssuedPair, name: str = "keys.txt") -> str:
    """Write a key file that only its owner can read."""
    path = folder / name
    path.write_text(format_key_file(pairs or [pair()]))
    path.chmod(0o600)
    return str(path)


def rewritten(logon: str, changes: Mapping[str, str]) -> str:
    """Replace text in a Logon written with |, and correct 9 and 10."""
    for old, new in changes.items():
        assert old in logon
        logon = logon.replace(old, new)
    body = re.sub(r"^8=FIX\.4\.2\|9=\d+\||10=\d+\|$", "", logon)
    wire = f"8=FIX.4.2|9={len(body)}|{body}".replace("|", "\x01").encode("latin-1")
    return f"{wire.decode('latin-1')}10={sum(wire) % 256:03d}\x01".replace("\x01", "|")


#: One byte was changed after signing.
TAMPERED = rewritten(SIGNED, {"|108=60|": "|108=30|"})
#: A signed field is missing.
INCOMPLETE = rewritten(RAW, {"|369=0|": "|"})
#: A session without a pair.
STRANGER = rewritten(RAW, {"|49=B08004N|": "|49=XYZ004N|"})


def signed_over(canonical: str) -> str:
    """Return the Logon of the vector with the signature of another string."""
    from gatepass._native import encode_signature

    signature = encode_signature(SigningKey(SECRET).sign(canonical.encode()))
    return rewritten(SIGNED, {SIGNATURE: signature})


def as_text(secret: str) -> str:
    """Return the secret key of a client that uses the text of `secret` without decoding it."""
    return base64.urlsafe_b64encode(secret.encode()).decode()


def run(*words: str, stdin: str | bytes | None = None, **env: str) -> Result:
    """Run the command in this process, and check that it shows no secret."""
    runner = CliRunner(env=dict.fromkeys(LEFT_OUT))
    result = runner.invoke(app, list(words), input=stdin, env=env)
    for secret in (SECRET, OTHER_SECRET):
        assert secret not in result.output
    assert "Traceback" not in result.output
    assert isinstance(result.exception, SystemExit | None)
    return result


def objects(result: Result) -> list[dict[str, Any]]:
    """Read standard output as JSON Lines."""
    return [json.loads(line) for line in result.stdout.splitlines()]
