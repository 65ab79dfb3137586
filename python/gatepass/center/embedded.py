"""The Request Center without any settings: one folder contains all of it.

The folder has mode 0700 and contains the SQLite database, the anchor of its audit log, the envelope
key (0600) and the outbox. The first start adds a firm, its first administrator and an iLink session
for rehearsal.
"""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import select

from gatepass.center.context import Center
from gatepass.center.pairs.firms import SessionKind, add_firm, add_session
from gatepass.center.people.users import add_person
from gatepass.center.roles import Role
from gatepass.center.secrets.hidden import Hidden
from gatepass.center.secrets.private_text import SecretPlace
from gatepass.center.settings import CenterSettings
from gatepass.center.store.schema import person
from gatepass.errors import AccountError, CenterError
from gatepass.files import exposed

FIRM = "Rehearsal"
ADMINISTRATOR = "admin"
SESSION = "ABC"
#: A number that is reserved for fiction (555-01XX), and an address that cannot exist (RFC 6761).
MOBILE = "+1 312 555 0100"
EMAIL = "admin@rehearsal.invalid"


@dataclass(frozen=True, slots=True)
class FirstSteps:
    """What the first start added; the password is shown once."""

    name: str
    one_time_password: Hidden
    session: str


def default_folder() -> Path:
    """Return the default state folder of the Request Center, in XDG's data folder."""
    base = os.environ.get("XDG_DATA_HOME", "")
    # The standard says to ignore a relative path.
    place = Path(base) if Path(base).is_absolute() else Path.home() / ".local" / "share"
    return place / "gatepass" / "center"


def defaults(folder: Path) -> CenterSettings:
    """Return the settings that keep everything in a folder."""
    return CenterSettings(
        database=f"sqlite:///{folder / 'center.sqlite'}",
        envelope=SecretPlace(file=folder / "envelope.key"),
        outbox=folder / "outbox",
        state=folder,
    )


def make_folder(folder: Path) -> None:
    """Create the folder, for its owner only.

    Raises `CenterError` if it exists and other users can use it, or if it cannot be created.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        problem = exposed(folder.stat(), folder, "this folder")
    except OSError as error:
        raise CenterError(
            f"{folder} cannot be created: {error.strerror}: give another --state DIR"
        ) from error
    if problem:
        raise CenterError(f"{folder}: {problem}, or give another --state DIR")


def take_first_steps(center: Center) -> FirstSteps | None:
    """Add firm, administrator and session to a store that has no user; ``None`` if it has one.

    Of several processes that start at once, one does it.
    """
    if has_user(center):
        return None
    # Another process may have added the firm already: the next step continues from there.
    with suppress(CenterError):
        add_firm(center, FIRM)
    try:
        made = add_person(
            center, FIRM, ADMINISTRATOR, "First Administrator", EMAIL, MOBILE, Role.MANAGER
        )
    except AccountError:
        return None
    add_session(center, FIRM, SESSION, SessionKind.ILINK, ADMINISTRATOR, "for rehearsal")
    return FirstSteps(ADMINISTRATOR, made.one_time_password, SESSION)


def has_user(center: Center) -> bool:
    """Tell whether there is a user."""
    with center.database.read() as connection:
        return connection.execute(select(person.c.id).limit(1)).first() is not None
