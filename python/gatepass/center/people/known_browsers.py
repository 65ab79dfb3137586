"""Browsers in which a user has logged in before: tries of others do not lock them out.

OWASP calls this a device cookie. It is not a login: it only gives the browser its own five tries,
while all others share those of the user's name. It contains no secret of the user, and the server
stores nothing: a keyed hash binds it to the user, the day and the password.
"""

from __future__ import annotations

import hmac
import secrets
from datetime import timedelta
from typing import Any

from sqlalchemy import Row, select

from gatepass.center.context import Center
from gatepass.center.secrets.hidden import Hidden
from gatepass.center.store.schema import person

#: How long a browser is known after a login.
KNOWN_FOR = timedelta(days=180)
_DAY = 86_400


def introduce(center: Center, person_id: int) -> Hidden:
    """Return the cookie for a browser in which a user has just logged in."""
    with center.database.read() as connection:
        row = connection.execute(select(person).where(person.c.id == person_id)).one()
    day, mark = str(_today(center)), secrets.token_urlsafe(16)
    return Hidden(".".join((day, mark, _mac(center, row, day, mark))))


def mark_of(center: Center, row: Row[Any] | None, text: str) -> str:
    """Return the key by which tries of a known browser of this user are counted, or an empty text.

    A browser is no longer known after a change of the password.
    """
    day, _, rest = text.partition(".")
    mark, _, mac = rest.partition(".")
    if row is None or not (day.isascii() and day.isdigit() and len(day) < 9):
        return ""
    if not hmac.compare_digest(_mac(center, row, day, mark).encode(), mac.encode()):
        return ""
    return mark if 0 <= _today(center) - int(day) <= KNOWN_FOR.days else ""


def _today(center: Center) -> int:
    return int(center.clock().timestamp()) // _DAY


def _mac(center: Center, row: Row[Any], day: str, mark: str) -> str:
    said = "\0".join((str(row.id), row.password_hash, day, mark))
    key = center.vault.mac_key("known browser")
    return hmac.new(key, said.encode("utf-8", "replace"), "sha256").hexdigest()
