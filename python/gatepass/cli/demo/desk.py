"""The demo's user of the Request Center, and its simulated clock."""

from __future__ import annotations

import re
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from gatepass.transport import utc_now

if TYPE_CHECKING:
    from gatepass.center.context import Center
    from gatepass.center.pairs.views import PairView
    from gatepass.center.people.codes import Purpose

HOST = "127.0.0.1"
_CODE = re.compile(r"\b[0-9]{6}\b")


class StoryClock:
    """A clock that runs, and that the demo can move forward."""

    def __init__(self, at: datetime) -> None:
        self._ahead = at - utc_now()

    def __call__(self) -> datetime:
        """Return the time, aware and in UTC."""
        return utc_now() + self._ahead

    def move_to(self, at: datetime) -> None:
        """Move forward to a later time."""
        self._ahead = at - utc_now()


class Desk:
    """A user of the Request Center, who reads the verification codes in the outbox."""

    def __init__(self, center: Center, user: str, session: str, outbox: Path) -> None:
        from gatepass.center.pairs.overview import require_firm
        from gatepass.center.people.users import people
        from gatepass.center.roles import Actor

        found = next(one for one in people(center) if one.name == user)
        firm_id = require_firm(center, found.firm)
        self.center = center
        self.session = session
        self._actor = Actor(found.id, firm_id, user, found.role, HOST)
        self._outbox = outbox

    def generate(self, delete: str | None = None) -> PairView:
        """Generate a pair; ``delete`` names the one of two active pairs that it replaces."""
        from gatepass.center.pairs import pairs

        return pairs.generate(self.center, self._actor, self.session, delete)

    def pairs(self) -> dict[str, PairView]:
        """Return all pairs of the session by their Access Key IDs."""
        from gatepass.center.pairs.firms import find_session

        found = find_session(self.center, self._actor, self.session).pairs
        return {pair.access_key_id: pair for pair in found}

    def download(self, access_key_id: str, path: Path) -> None:
        """Download a pair's key file, with a code."""
        from gatepass.center.pairs import pairs
        from gatepass.center.people.codes import Purpose

        code = self._code(Purpose.DOWNLOAD, access_key_id)
        content = pairs.download(self.center, self._actor, [access_key_id], code)
        path.touch(0o600)
        path.write_text(content, encoding="utf-8")

    def delete(self, access_key_id: str) -> None:
        """Delete a pair, with a code."""
        from gatepass.center.pairs import pairs
        from gatepass.center.people.codes import Purpose

        code = self._code(Purpose.DELETE, access_key_id)
        pairs.delete(self.center, self._actor, access_key_id, code)

    def _code(self, purpose: Purpose, access_key_id: str) -> str:
        from gatepass.center.pairs import pairs

        pairs.request_code(self.center, self._actor, purpose, [access_key_id])
        newest = max(self._outbox.glob("code-*.txt"))
        (code,) = _CODE.findall(newest.read_text(encoding="utf-8"))
        return str(code)
