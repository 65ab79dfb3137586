"""What a caller hands in to log on: refused before anything is opened."""

from __future__ import annotations

from gatepass.arguments import a_port, refuse
from gatepass.fix.settings import ClientSettings
from gatepass.fix.week import Scenario
from gatepass.session.store import Store


def require_usable(
    settings: ClientSettings, store: Store, scenario: Scenario | None, *ports: int
) -> None:
    """Raise `gatepass.errors.ArgumentError`, which names the argument, where one is not usable."""
    for port in ports:
        a_port(port)
    if not isinstance(settings, ClientSettings):
        raise refuse("settings", settings, "ClientSettings")
    if not all(hasattr(store, name) for name in ("load", "save", "sent", "undelivered")):
        raise refuse("store", store, "a store, such as SqliteStore(path, name) or MemoryStore()")
    if not (scenario is None or isinstance(scenario, Scenario)):
        members = " or ".join(f"Scenario.{member.name}" for member in Scenario)
        raise refuse("scenario", scenario, f"{members}, or None")
