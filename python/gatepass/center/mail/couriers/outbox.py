"""A folder instead of a mail server and a mobile: the default, for rehearsals on one machine.

A reader of the folder has the codes of all users, so only its owner can read it.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from gatepass.center.mail.couriers import Mail
from gatepass.center.mail.couriers.message import mail_message, mail_name
from gatepass.center.secrets.hidden import Hidden
from gatepass.errors import DeliveryError
from gatepass.files import private_draft

SENDER = "Request Center <request-center@localhost>"


class OutboxCourier:
    """Writes each code to a new file with mode 0600 in a folder; the newest sorts last.

    ``on_code`` is called with the path of each file.
    """

    def __init__(
        self, folder: str | os.PathLike[str], on_code: Callable[[Path], None] | None = None
    ) -> None:
        self._folder = Path(folder)
        self._on_code = on_code

    def send_code(self, mobile: str, email: str, text: Hidden) -> None:
        """Write the text and its recipient to a file."""
        number = _next_number(self._folder)
        name = f"code-{number:06}-{secrets.token_hex(4)}.txt"
        head = f"To: {mobile}\n\n"
        problem = _write(self._folder, name, f"{head}{text.reveal()}\n".encode())
        _require_written(self._folder, problem)
        if self._on_code is not None:
            self._on_code(self._folder / name)


class OutboxMailer:
    """Writes each mail to a file with mode 0600 in a folder; a repeated mail to the same file."""

    def __init__(self, folder: str | os.PathLike[str], sender: str = SENDER) -> None:
        self._folder = Path(folder)
        self._sender = sender

    @contextmanager
    def open(self) -> Iterator[Callable[[Mail], None]]:
        """Give a function that writes one mail."""
        yield self._post

    def end(self) -> None:
        """Do nothing: a file is written quickly."""

    def _post(self, mail: Mail) -> None:
        content = bytes(mail_message(mail, self._sender))
        problem = _write(self._folder, f"mail-{mail_name(mail)}.eml", content)
        _require_written(self._folder, problem)


def _next_number(folder: Path) -> int:
    try:
        numbers = [int(path.name.split("-")[1]) for path in folder.glob("code-*-*.txt")]
    except (OSError, ValueError):
        return 0
    return max(numbers, default=0) + 1


def _write(folder: Path, name: str, content: bytes) -> str | None:
    """Write a file, and return the problem instead of raising it: a traceback could show content.

    The file has a temporary name at first, so a program that watches the folder sees only complete
    files.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with private_draft(folder / name, content) as draft:
            draft.replace(folder / name)
    except OSError as error:
        return error.strerror or type(error).__name__
    return None


def _require_written(folder: Path, problem: str | None) -> None:
    if problem is not None:
        raise DeliveryError(f"the outbox {folder} cannot be written: {problem}", "refused")
