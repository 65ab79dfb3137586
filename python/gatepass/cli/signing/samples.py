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
#: A Logon as `gatepass logon` sends its first. 9 and 10 are left to `gatepass sign`.
_LOGON = (
    "8=FIX.4.2|35=A|34=1|49=ABC123N|50=OPER1|52={sending_time}|56=CME|57=G|142=US|369=0|108=30|"
    "1603=MYSYSTEM|1604=1.0|1605=MYFIRM|\n"
)


def samples(
    folder: Annotated[
        Path,
        typer.Argument(
            metavar="DIR", help="Where to write; made if it is not there.", file_okay=False
        ),
    ],
    json: Json = False,
) -> None:
    """Write files to start from: a Logon, one that is refused, and a key file.

    logon.fix is a Logon to sign, one line with | between the fields: change it
    as you like. refused.fix is signed, and with a mistake that gatepass explain
    finds. CMEKeys.txt has a throwaway key pair of the session ABC, in the layout
    of CME's file: for rehearsals, CME does not know it.

    A file that is there is never touched: then nothing is written. Nothing is
    left behind either where the disk is full.

    --json writes one object: folder, and files with name and what it is.
    """
    for name in _FILES:
        if (folder / name).exists():
            raise typer.BadParameter(
                f"{folder / name} is there already: name another folder", param_hint="DIR"
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
    """Remove the files, and the folders that were made for them, if not all can be written."""
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
    """Sign a Logon with a line feed behind the last value, as a loop over the fields does it."""
    whole = Logon(complete_draft(logon.encode("ascii")))
    signature = pair.key_pair().signing_key.sign(whole.canonical + b"\n")
    signed = whole.with_credentials(pair.access_key_id, signature)
    write_file(path, signed.replace(SOH, PIPE) + b"\n")


#: By name: what a file is, and what writes it.
_FILES: Mapping[str, tuple[str, Callable[[Path, IssuedPair, str], None]]] = {
    "logon.fix": ("a Logon to sign", _write_logon),
    "refused.fix": ("a signed Logon that is refused", _write_refused),
    KEY_FILE: (f"a key pair of the session {SESSION} to rehearse with", _write_keys),
}
