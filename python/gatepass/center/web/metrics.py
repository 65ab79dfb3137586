"""The metrics that Prometheus scrapes.

Pairs and actions are counted in the database, so every process reports the same numbers. Refusals
are counted per process.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import timedelta
from typing import Final

from fastapi import FastAPI
from prometheus_client import CollectorRegistry, Counter, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector
from sqlalchemy import func, select

from gatepass.center.context import Center
from gatepass.center.mail import queue as mails
from gatepass.center.store.schema import audit, pair, session
from gatepass.keys.expiry import WARNING_DAYS
from gatepass.keys.rules import PairState

#: Prometheus' text format.
CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
_PREFIX: Final = "gatepass_center"
_SECONDS_A_DAY: Final = 86_400


class Meters:
    """The metrics of one application."""

    __slots__ = ("_refusals", "registry")

    def __init__(self, center: Center) -> None:
        self.registry = CollectorRegistry()
        self.registry.register(_StoreCollector(center))
        self._refusals = Counter(
            f"{_PREFIX}_refusals",
            "Refused requests, by reason and process.",
            ("reason", "process"),
            registry=self.registry,
        )

    def count_refusal(self, reason: str) -> None:
        """Count a refused request."""
        self._refusals.labels(reason, str(os.getpid())).inc()


def count_refusal(app: FastAPI, reason: str) -> None:
    """Count a refused request of an application."""
    meters: Meters = app.state.meters
    meters.count_refusal(reason)


def exposition(app: FastAPI) -> bytes:
    """Return all metrics in Prometheus' text format; raise `DatabaseError`."""
    meters: Meters = app.state.meters
    return generate_latest(meters.registry)


class _StoreCollector(Collector):
    """Reads the store at each scrape."""

    def __init__(self, center: Center) -> None:
        self._center = center

    def describe(self) -> list[Metric]:
        """Describe nothing, so that the store is not read before the first scrape."""
        return []

    def collect(self) -> Iterator[Metric]:
        """Yield the metrics of the store as it is now."""
        now = self._center.clock()
        lives = pair.c.state == PairState.ACTIVE.value
        lives &= pair.c.expires_at > now
        with self._center.database.read() as connection:
            present = select(func.count()).where(session.c.removed_at.is_(None))
            sessions = connection.execute(present).scalar_one()
            states = connection.execute(select(pair.c.state, func.count()).group_by(pair.c.state))
            counted: dict[str, int] = {state: number for state, number in states}  # noqa: C416
            ends = connection.execute(select(pair.c.expires_at).where(lives)).scalars().all()
            actions = connection.execute(
                select(audit.c.action, func.count()).group_by(audit.c.action)
            ).all()
            waiting, oldest = mails.backlog(connection)
        # Pairs that have expired but are recorded as active: the next sweep records it.
        late = counted.get(PairState.ACTIVE.value, 0) - len(ends)
        yield GaugeMetricFamily(f"{_PREFIX}_sessions", "Sessions of all firms.", sessions)
        by_state = GaugeMetricFamily(
            f"{_PREFIX}_pairs", "Key pairs of all firms, by status.", labels=["status"]
        )
        by_state.add_metric([PairState.ACTIVE.value], len(ends))
        by_state.add_metric(
            [PairState.EXPIRED.value], counted.get(PairState.EXPIRED.value, 0) + late
        )
        by_state.add_metric([PairState.DELETED.value], counted.get(PairState.DELETED.value, 0))
        yield by_state
        soon = GaugeMetricFamily(
            f"{_PREFIX}_pairs_expiring",
            "Active key pairs that expire within this number of days.",
            labels=["within_days"],
        )
        for days in sorted(WARNING_DAYS):
            limit = now + timedelta(days=days)
            soon.add_metric([str(days)], sum(end <= limit for end in ends))
        yield soon
        if ends:
            first = (min(ends) - now).total_seconds() / _SECONDS_A_DAY
            yield GaugeMetricFamily(
                f"{_PREFIX}_next_expiry_days", "Days until the next key pair expires.", first
            )
        yield GaugeMetricFamily(
            f"{_PREFIX}_mails_waiting", "Mails that no mail server has accepted yet.", waiting
        )
        age = 0.0 if oldest is None else max(0.0, (now - oldest).total_seconds())
        yield GaugeMetricFamily(
            f"{_PREFIX}_oldest_mail_seconds", "Age of the oldest waiting mail.", age
        )
        done = CounterMetricFamily(
            f"{_PREFIX}_actions", "Entries of the audit log, by action.", labels=["action"]
        )
        for action, number in actions:
            done.add_metric([action], number)
        yield done
