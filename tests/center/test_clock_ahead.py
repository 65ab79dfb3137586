"""A clock that was ahead for a while: nothing is lost permanently, and nothing waits for it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from gatepass.center.background import sweep_all
from gatepass.center.mail import queue as mails
from gatepass.center.mail.couriers import Mail
from gatepass.center.mail.couriers.outbox import OutboxMailer
from gatepass.center.mail.queue import CLAIM, LONGEST_WAIT, Delivery
from gatepass.center.pairs import pairs
from gatepass.center.pairs.sweep import SECRETS_KEPT, sweep
from gatepass.center.people import limits
from gatepass.center.people.limits import Limit
from gatepass.center.people.tokens import issue
from gatepass.center.store.moment import LEAP
from gatepass.center.store.schema import attempt, audit, pair, token
from gatepass.errors import CenterError, DeliveryError, LimitError
from gatepass.keys.rules import PairState
from tests.center.pairs.test_pairs import download, states
from tests.center.users import rows
from tests.center.world import World

YEARS = timedelta(days=5 * 365)
MINUTE = timedelta(minutes=1)
THREE = Limit("test", 3, timedelta(minutes=15))


def test_after_a_leap_nothing_is_swept_until_the_operator_accepts_it(world: World) -> None:
    center = world.center
    name = pairs.generate(center, world.manager, "ABC").access_key_id
    issue(center, world.manager, "dashboard")
    assert sweep_all(center).expired == 0
    world.clock.now += YEARS
    before = rows(center, audit)
    for _ in range(2):
        with pytest.raises(CenterError, match="--accept-clock"):
            sweep_all(center)
    assert (rows(center, audit), rows(center, token)) == (before, 1)

    world.clock.now -= YEARS - MINUTE
    assert sweep_all(center).expired == 0
    assert states(world) == {name: PairState.ACTIVE}
    assert name in download(world, name)


def test_other_readings_of_the_clock_hide_no_leap(world: World) -> None:
    """A login or a download notes the time too; the sweep must not trust it for that."""
    center = world.center
    name = pairs.generate(center, world.manager, "ABC").access_key_id
    sweep(center)
    world.clock.now += timedelta(days=28)
    download(world, name)
    with pytest.raises(CenterError, match="28 days"):
        sweep(center)


def test_an_accepted_leap_erases_nothing_for_a_day(world: World) -> None:
    center = world.center
    pairs.generate(center, world.manager, "ABC")
    sweep(center)
    world.clock.now += YEARS
    done = sweep(center, accept_clock=True)
    assert (done.expired, done.erased) == (1, 0)
    # From then on time runs normally.
    world.clock.now += SECRETS_KEPT
    assert sweep(center).erased == 0
    world.clock.now += MINUTE
    assert sweep(center).erased == 1


def test_a_clock_that_was_set_back_for_a_while_is_not_a_leap(world: World) -> None:
    sweep(world.center)
    world.clock.now -= YEARS
    sweep(world.center)
    world.clock.now += YEARS + LEAP
    sweep(world.center)
    world.clock.now += LEAP + MINUTE
    with pytest.raises(CenterError, match="clock"):
        sweep(world.center)


def test_an_accepted_clock_that_was_wrong_can_be_corrected(world: World) -> None:
    sweep(world.center)
    world.clock.now += YEARS
    sweep(world.center, accept_clock=True)
    world.clock.now -= YEARS
    sweep(world.center, accept_clock=True)
    world.clock.now += LEAP + MINUTE
    with pytest.raises(CenterError, match="clock"):
        sweep(world.center)


def test_secrets_are_erased_a_day_after_the_end_was_recorded(world: World) -> None:
    """Without a sweep for three days after the end, the day starts with the next sweep."""
    end = pairs.generate(world.center, world.manager, "ABC").expires_at
    world.clock.now = end + 3 * SECRETS_KEPT
    assert (sweep(world.center).expired, sweep(world.center).erased) == (1, 0)
    with world.center.database.read() as connection:
        row = connection.execute(select(pair)).one()
    assert (row.ended_at, row.end_recorded_at) == (end, world.clock.now)


def test_a_mail_delayed_by_a_clock_that_was_ahead_is_sent(world: World, tmp_path: object) -> None:
    center = world.center

    class Down:
        def open(self) -> object:
            from contextlib import nullcontext

            def post(_mail: Mail) -> None:
                raise DeliveryError("no answer", "unreachable")

            return nullcontext(post)

    center.database.write(lambda c: mails.queue(c, center, [Mail("k", "a@b.example", "s", "b")]))
    world.clock.now += YEARS
    assert mails.deliver_due(center, Down()) == Delivery(0, 1)  # type: ignore[arg-type]
    world.clock.now -= YEARS
    assert mails.deliver_due(center, OutboxMailer(tmp_path)) == Delivery(1, 0)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("column", "wait"), [("due_at", LONGEST_WAIT), ("claimed_until", CLAIM)], ids=["due", "claim"]
)
def test_a_normal_delay_of_a_mail_is_kept(
    world: World, tmp_path: object, column: str, wait: timedelta
) -> None:
    from sqlalchemy import update

    from gatepass.center.store.schema import mail

    center = world.center
    center.database.write(lambda c: mails.queue(c, center, [Mail("k", "a@b.example", "s", "b")]))
    to = {column: world.clock.now + wait}
    center.database.write(lambda c: c.execute(update(mail).values(to)))
    mailer = OutboxMailer(tmp_path)  # type: ignore[arg-type]
    assert mails.deliver_due(center, mailer) == Delivery(0, 0)
    to = {column: world.clock.now + wait + 2 * MINUTE}
    center.database.write(lambda c: c.execute(update(mail).values(to)))
    assert mails.deliver_due(center, mailer) == Delivery(1, 0)


def test_counts_of_the_future_do_not_lock_out(world: World) -> None:
    center = world.center
    world.clock.now += YEARS
    for _ in range(3):
        limits.count(center, THREE, "key")
    with pytest.raises(LimitError):
        limits.count(center, THREE, "key")
    world.clock.now -= YEARS
    for _ in range(3):
        limits.count(center, THREE, "key")
    with pytest.raises(LimitError):
        limits.count(center, THREE, "key")


def test_the_sweep_deletes_counts_of_the_future(world: World) -> None:
    center = world.center
    world.clock.now += YEARS
    limits.count(center, THREE, "key")
    world.clock.now -= YEARS
    limits.count(center, THREE, "key")
    sweep_all(center)
    with center.database.read() as connection:
        latest = connection.execute(select(func.max(attempt.c.at))).scalar_one()
    assert (rows(center, attempt), latest) == (1, world.clock.now)
