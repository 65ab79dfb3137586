"""``gatepass samples``."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from gatepass._native import Logon
from gatepass.cli.keys.generate import ENVIRONMENT, dates
from gatepass.cli.options.common import Json
from gatepass.cli.terminal.output import emit, say, write_file
from gatepass.fix import complete_draft, format_sending_time
from gatepass.fix.notation import PIPE, SOH
from gatepass.keys import IssuedPair, generate_pair, write_key_file

EPILOG = """[bold]Example:[/bold] gatepass samples rehearsal

[bold]Example:[/bold] gatepass samples rehearsal && cd rehearsal && gatepass sign logon.fix --now \
--keys CMEKeys.txt"""

SESSION = "ABC"
KEY_FILE = "CMEKeys.txt"
#: A Logon like the first one of `gatepass logon`. `gatepass sign` adds 9 and 10.
_LOGON = (
    "8=FIX.4.2|35=A|34=1|49=ABC123N|50=OPER1|52={sending_time}|56=CME|57=G|142=US|369=0|108=30|"
    "1603=MYSYSTEM|1604=1.0|1605=MYFIRM|\n"
)


def samples(
    folder: Annotated[
        Path,
        typer.Argument(
            metavar="DIR", help="Folder for the files; made if it is missing.", file_okay=False
        ),
    ],
    json: Json = False,
) -> None:
    """Write files to start with: a Logon, a refused Logon, and a key file.

    logon.fix is a Logon to sign: one line, with | between the fields. Change it as
    you like. refused.fix is signed with a mistake that gatepass explain finds.
    CMEKeys.txt contains a throwaway key pair for session ABC, in the layout of
    CME's key file. It is for rehearsals; CME does not know it.

    If one of the files already exists, nothing is written. A full disk leaves no
    files behind.

    --json writes one object: folder and files; each file has name and what.
    """
    for name in _FILES:
        if (folder / name).exists():
            raise typer.BadParameter(
                f"{folder / name} already exists: name another folder", param_hint="DIR"
            )
    now = datetime.now(UTC)
    pair = generate_pair(SESSION, *dates(now, expired=False), ENVIRONMENT)
    logon = _LOGON.format(sending_time=format_sending_time(now))
    with _leaving_nothing_behind(folder):
        folder.mkdir(parents=True, exist_ok=True)
        for name, (_, write) in _FILES.items():
            write(folder / name, pair, logon)
    if json:
        files = [{"name": name, "what": what} for name, (what, _) in _FILES.items()]
        emit({"folder": str(folder), "files": files})
        return
    for name, (what, _) in _FILES.items():
        say(f"{folder / name}: {what}")


@contextmanager
def _leaving_nothing_behind(folder: Path) -> Iterator[None]:
    """Remove the files, and the folders made for them, unless all are written."""
    made = [place for place in (folder, *folder.parents) if not place.exists()]
    try:
        yield
    except BaseException:
        with suppress(OSError):
            for name in _FILES:
                (folder / name).unlink(missing_ok=True)
            for place in made:
                place.rmdir()
        raise


def _write_keys(path: Path, pair: IssuedPair, _logon: str) -> None:
    write_key_file(path, [pair])


def _write_logon(path: Path, _pair: IssuedPair, logon: str) -> None:
    write_file(path, logon.encode("ascii"))


def _write_refused(path: Path, pair: IssuedPair, logon: str) -> None:
    """Sign a Logon with a line feed after the last value, as a loop over the fields adds it."""
    whole = Logon(complete_draft(logon.encode("ascii")))
    signature = pair.key_pair().signing_key.sign(whole.canonical + b"\n")
    signed = whole.with_credentials(pair.access_key_id, signature)
    write_file(path, signed.replace(SOH, PIPE) + b"\n")


#: By name: what a file is, and the function that writes it.
_FILES: Mapping[str, tuple[str, Callable[[Path, IssuedPair, str], None]]] = {
    "logon.fix": ("a Logon to sign", _write_logon),
    "refused.fix": ("a signed Logon that is refused", _write_refused),
    KEY_FILE: (f"a key pair of session {SESSION} for rehearsals", _write_keys),
}
