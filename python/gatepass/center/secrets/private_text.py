"""Secrets of the settings: each in a file that only its owner can read, or in the environment."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from gatepass.center.secrets.hidden import Hidden
from gatepass.errors import CenterError
from gatepass.files import exposed


@dataclass(frozen=True, slots=True)
class SecretPlace:
    """Where a secret is kept: a file, or else an environment variable."""

    file: Path | None = None
    variable: str = ""

    def read(self, what: str) -> Hidden:
        """Return the secret, without the line end behind it.

        ``what`` names it in a message. Raises `CenterError` when it is not there, empty, or in a
        file that others may read (not looked at on Windows).
        """
        if self.file is not None:
            return Hidden(_from_file(self.file, what))
        text = os.environ.get(self.variable, "").strip()
        if not text:
            raise CenterError(f"set the environment variable {self.variable} to the {what}")
        return Hidden(text)


def _from_file(path: Path, what: str) -> str:
    try:
        with path.open("rb") as file:
            problem = exposed(os.fstat(file.fileno()), path, f"the {what}")
            if problem:
                raise CenterError(f"{path}: {problem}")
            text = file.read().decode().strip()
    except UnicodeDecodeError:
        raise CenterError(f"{path}: the {what} is not UTF-8 text") from None
    except OSError as error:
        raise CenterError(f"{path}: the {what} cannot be read: {error.strerror}") from error
    if not text:
        raise CenterError(f"{path}: the file of the {what} is empty")
    return text
