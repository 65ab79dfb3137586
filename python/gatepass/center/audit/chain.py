"""The chain: each entry's HMAC covers the one before; a head row contains the end of the chain."""

from __future__ import annotations

import hmac
from dataclasses import dataclass

from sqlalchemy import Connection, bindparam, select

from gatepass.center.audit.entry import Entry, canonical
from gatepass.center.secrets.vault import Vault
from gatepass.center.store.once import insert_once
from gatepass.center.store.schema import audit, audit_head, person
from gatepass.errors import AuditError

#: The first entry is chained to this.
START = bytes(32)

# Built once: SQLAlchemy takes longer to build a statement than the database takes to run it.
_LOCK = select(audit_head).with_for_update()
_MAC_OF = select(audit.c.mac).where(audit.c.id == bindparam("entry"))


@dataclass(frozen=True, slots=True, repr=False)
class Keys:
    """Two keys, so that an entry's HMAC cannot be used as the head's."""

    entry_key: bytes
    head_key: bytes

    @classmethod
    def of(cls, vault: Vault) -> Keys:
        """Return a store's keys."""
        return cls(vault.mac_key("audit entry"), vault.mac_key("audit head"))

    def chain(self, before: bytes, entry: Entry) -> bytes:
        """Return the HMAC of an entry after the one with the HMAC ``before``."""
        return hmac.digest(self.entry_key, before + canonical(entry), "sha256")

    def end(self, last: int, mac: bytes) -> bytes:
        """Return the HMAC of a head row that names the last entry."""
        return hmac.digest(self.head_key, last.to_bytes(8, "big") + mac, "sha256")


def locked_end(connection: Connection, keys: Keys) -> tuple[int, bytes]:
    """Lock the head, and return number and HMAC of the last entry if the head confirms it."""
    head = connection.execute(_LOCK).one_or_none()
    if head is None:
        begin = {"id": 1, "last_id": 0, "mac": keys.end(0, START)}
        # Only the transaction that makes the head checks this: the others wait for its entry.
        if insert_once(connection, audit_head, begin) and not may_be_new(connection):
            raise AuditError(f"the audit log has lost its head: {_WHAT_TO_DO}")
        head = connection.execute(_LOCK).one()
    last = connection.execute(_MAC_OF, {"entry": head.last_id}).scalar_one_or_none()
    mac = last if head.last_id else START
    if mac is None or not hmac.compare_digest(head.mac, keys.end(head.last_id, mac)):
        raise AuditError(f"the end of the audit log was changed: {_WHAT_TO_DO}")
    return head.last_id, mac


def may_be_new(connection: Connection) -> bool:
    """Tell whether the log may be empty: before the first user, a firm is always logged."""
    entry = connection.execute(select(audit.c.id).limit(1)).first()
    return entry is None and connection.execute(select(person.c.id).limit(1)).first() is None


_WHAT_TO_DO = "run gatepass center audit verify, and find out who writes to the database"
