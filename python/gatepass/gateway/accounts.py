"""The accounts of a gateway: all sessions that have logged on, and the latest strangers."""

from __future__ import annotations

from collections.abc import Callable

from gatepass.fix.admission import Account
from gatepass.gateway.ports import Ports
from gatepass.session.store import Store

#: Names without a logon that are remembered at most: a client that makes up names fills no more
#: memory. `Ports` remembers their invalid Logons.
MAX_STRANGERS = 1000


class Accounts:
    """Accounts by SenderCompID without its Fault Tolerance Indicator."""

    def __init__(self, make_store: Callable[[str], Store], ports: Ports) -> None:
        self._make_store = make_store
        self._ports = ports
        self._admitted: dict[str, Account] = {}
        self._strangers: dict[str, Account] = {}

    def __len__(self) -> int:
        return len(self._admitted) + len(self._strangers)

    def of(self, name: str) -> Account:
        """Return the account of a name; a new name is a stranger until it logs on."""
        account = self._admitted.get(name) or self._strangers.get(name)
        if account is None:
            account = self._strangers[name] = Account(self._make_store(name), self._ports.of(name))
            if len(self._strangers) > MAX_STRANGERS:
                oldest = next(iter(self._strangers))
                self._strangers.pop(oldest).store.close()
        return account

    def admit(self, name: str) -> Account:
        """Note that a session has logged on: its account is never dropped. Return it."""
        account = self.of(name)
        self._ports.admit(name)
        self._strangers.pop(name, None)
        self._admitted[name] = account
        return account
