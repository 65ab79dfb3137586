"""The steps of `gatepass demo`: what each does, and whether it went as expected."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from gatepass.cli.demo.center import is_installed, tell_center
from gatepass.cli.demo.live import tell_live
from gatepass.cli.demo.step import Step, print_all, text
from gatepass.cli.views.explanation import print_canonical, print_signatures
from gatepass.cli.views.verdict import checks_table, headline
from gatepass.fix import Explanation, LogonSigner, LogonVerifier, explain, format_sending_time
from gatepass.fix.notation import PIPE, SOH
from gatepass.keys import IssuedPair, KeyRing, generate_pair, read_key_file, write_key_file

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

SESSION = "ABC"
ENVIRONMENT = "DEMO"
#: The byte that is changed in transit: HeartBtInt (108) 30 becomes 60.
CHANGED = (b"\x01108=30\x01", b"\x01108=60\x01")
#: CME Globex's answer to every secure logon that fails, for any reason.
TOLD = "Invalid Logon. Logout Forced"
#: The fields that signing adds.
CREDENTIALS = (b"354=", b"355=", b"1400=", b"1401=", b"1402=")


def tell(folder: Path, now: datetime) -> Iterator[Step]:
    """Do one step after another, with new keys in `folder`."""
    # Valid since yesterday, which has begun in Chicago too.
    created = (now - timedelta(days=1)).date()
    pair = generate_pair(SESSION, created, created + timedelta(days=365), ENVIRONMENT)
    path = folder / "keys.txt"
    write_key_file(path, [pair])
    yield _key_file(path, pair)

    ring = KeyRing(read_key_file(path, diagnosis=True))
    logon = make_logon(now)
    signed = LogonSigner(ring).sign(logon, at=now)
    explanation = explain(signed, ring, at=now)
    yield _canonical(explanation)
    yield _signed(logon, signed, explanation)

    verdict = LogonVerifier(ring).verify(signed, at=now)
    yield Step(
        name="verify",
        title="Verify the Logon, as the exchange does",
        ok=verdict.valid,
        show=lambda console: print_all(
            console, headline(console, verdict), checks_table(console, verdict)
        ),
        data=verdict.as_dict(),
    )

    tampered = change_one_byte(signed)
    yield _changed(signed, tampered)
    yield _refused(explain(tampered, ring, at=now))
    yield from tell_live(path, pair)
    if is_installed():
        yield from tell_center(folder / "center")


def make_logon(now: datetime) -> bytes:
    """Make an unsigned Beginning of Week Logon."""
    sending_time = format_sending_time(now)
    body = (
        f"35=A|34=1|49={SESSION}004N|50=OP1|52={sending_time}|56=CME|57=G|142=US,NY|369=0"
        "|98=0|108=30|1603=gatepass|1604=demo|1605=ACME|"
    ).encode("ascii")
    return _with_checksum((b"8=FIX.4.2|9=%d|" % len(body) + body).replace(PIPE, SOH))


def change_one_byte(logon: bytes) -> bytes:
    """Change a byte of the heartbeat interval, and correct the CheckSum."""
    return _with_checksum(logon.replace(*CHANGED)[: logon.rindex(b"10=")])


def _with_checksum(message: bytes) -> bytes:
    return message + b"10=%03d\x01" % (sum(message) % 256)


def _key_file(path: Path, pair: IssuedPair) -> Step:
    mode = stat.S_IMODE(path.stat().st_mode)
    hidden = len(pair.secret.reveal())
    return Step(
        name="key file",
        title="Make a key pair, in a key file like the Request Center's",
        ok=os.name != "posix" or mode == stat.S_IRUSR | stat.S_IWUSR,
        show=lambda console: print_all(
            console,
            text(f"{path}  (mode {mode:04o}: only you can read it)"),
            text(f"Session ID  {pair.session}", f"Access ID   {pair.access_key_id}"),
            text(f"Secret Key  {'*' * 12} ({hidden} characters, never shown)"),
            text(f"Valid       {pair.created} to {pair.expires}"),
        ),
        data={
            "path": str(path),
            "mode": f"{mode:04o}",
            "session": pair.session,
            "access_key_id": pair.access_key_id,
            "created": pair.created.isoformat(),
            "expires": pair.expires.isoformat(),
        },
    )


def _canonical(explanation: Explanation) -> Step:
    canonical = explanation.canonical or ""
    return Step(
        name="canonical string",
        title=r"Build the canonical string of a Logon: eleven values, separated by \n",
        ok=explanation.canonical is not None,
        show=lambda console: print_canonical(console, canonical),
        data={"canonical": explanation.canonical},
    )


def _signed(logon: bytes, signed: bytes, explanation: Explanation) -> Step:
    return Step(
        name="sign",
        title="Sign the Logon: Access Key ID and signature are added at its end",
        ok=explanation.expected is not None and explanation.expected == explanation.received,
        show=lambda console: print_all(console, _wire(signed, CREDENTIALS)),
        data={"logon": _readable(logon), "signed": _readable(signed)},
    )


def _changed(signed: bytes, tampered: bytes) -> Step:
    end = signed.rindex(b"10=")
    changed = sum(old != new for old, new in zip(signed[:end], tampered[:end], strict=True))
    return Step(
        name="change",
        title="Change one byte in transit, in HeartBtInt (108), and correct the CheckSum",
        ok=changed == 1,
        show=lambda console: print_all(console, _wire(tampered, (b"108=", b"10="))),
        data={"logon": _readable(tampered), "changed_bytes": changed},
    )


def _refused(explanation: Explanation) -> Step:
    verdict = explanation.verdict
    return Step(
        name="refuse",
        title="Verify it again: it is refused, and explain says why",
        ok=not verdict.valid and [check.name for check in verdict.failed] == ["signature"],
        show=lambda console: _print_refusal(console, explanation),
        data=explanation.as_dict(),
    )


def _print_refusal(console: Console, explanation: Explanation) -> None:
    print_all(
        console,
        headline(console, explanation.verdict),
        *(text(f"failed check: {c.name}. {c.detail}") for c in explanation.verdict.failed),
    )
    print_signatures(console, explanation.expected, explanation.received)
    print_all(console, text(f"The client receives only this: 58={TOLD}"))


def _wire(message: bytes, marked: tuple[bytes, ...]) -> Text:
    """Return a message with | for SOH and some of its fields highlighted."""
    from rich.text import Text

    line = Text()
    for part in message.split(SOH)[:-1]:
        style = "bold green" if part.startswith(marked) else ""
        line.append(f"{part.decode('ascii')}|", style)
    return line


def _readable(message: bytes) -> str:
    return message.replace(SOH, PIPE).decode("ascii")
