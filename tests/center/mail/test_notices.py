"""Notifications: requester and managers get one each, and other firms get none."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import Connection, select, update

from gatepass.center.mail import notices
from gatepass.center.people import users as people
from gatepass.center.roles import Actor, Role
from gatepass.center.store.schema import mail, person
from tests.center.users import rows
from tests.center.world import World, add_user

KEY, OLD, FIRST = "oNDxM33uE81ohWuVRtWT", "b" * 20, "c" * 20


def told(world: World) -> dict[str, list[str]]:
    """Return the texts of the mails by recipient."""
    found: dict[str, list[str]] = {}
    with world.center.database.read() as connection:
        for row in connection.execute(select(mail).order_by(mail.c.id)):
            found.setdefault(row.recipient, []).append(f"{row.subject}\n{row.body}")
    return found


def generate(world: World, actor: Actor, **more: object) -> None:
    expires_at = world.clock() + timedelta(days=365)
    world.center.database.write(
        lambda c: notices.generated(c, world.center, actor, "ABC", KEY, expires_at, **more)  # type: ignore[arg-type]
    )


def warn(world: World, threshold: int, days: int) -> int:
    def work(connection: Connection) -> int:
        ends = world.clock() + timedelta(days=days)
        firm_id = world.manager.firm_id
        return notices.expiring(
            connection, world.center, firm_id, "ABC", KEY, ends, threshold, days
        )

    return world.center.database.write(work)


def test_requester_and_managers_get_a_mail_about_a_new_pair(world: World) -> None:
    generate(world, world.keys, deleted=OLD, shortened=(FIRST, world.clock() + timedelta(days=28)))
    found = told(world)
    assert sorted(found) == ["kim@example.com", "maria@example.com"]
    for (text,) in found.values():
        assert text.startswith("[SIMULATION] Request Center: key pair generated for session ABC\n")
        assert f"kim generated key pair {KEY} for session ABC" in text
        assert "expires at 2027-03-04 09:00 CT" in text
        assert f"{OLD} was deleted" in text
        # The clocks change in between, so the same instant is an hour later in Chicago.
        assert f"{FIRST} now expires at 2026-04-01 10:00 CT" in text
        assert "from 127.0.0.1" in text


def test_the_requester_gets_a_notice_at_the_top_of_the_page(world: World) -> None:
    generate(world, world.keys)
    (shown,) = notices.unseen(world.center, world.keys)
    assert shown.level == "success"
    assert KEY in shown.text
    assert notices.unseen(world.center, world.manager) == []
    notices.mark_seen(world.center, world.manager, [shown.id])
    assert notices.unseen(world.center, world.keys) == [shown]
    notices.mark_seen(world.center, world.keys, [shown.id])
    assert notices.unseen(world.center, world.keys) == []


def test_each_notice_is_one_short_line(world: World) -> None:
    """It fits a page of 1,180 pixels, beside its time."""
    name = replace(world.keys, name="k" * 20)
    generate(world, name)
    world.center.database.write(
        lambda c: notices.downloaded(
            c, world.center, name, [(f"A{n:02}", f"{n:020}") for n in range(60)]
        )
    )
    world.center.database.write(lambda c: notices.deleted(c, world.center, name, "ABC123", KEY))
    world.center.database.write(lambda c: notices.authenticator_added(c, world.center, name))
    warn(world, 28, 28)
    shown = notices.unseen(world.center, world.keys) + notices.unseen(world.center, world.manager)
    assert len(shown) == 5
    for each in shown:
        assert "\n" not in each.text
        assert len(each.text) <= 125


def test_a_notice_counts_as_read_after_it_was_on_a_page(world: World) -> None:
    generate(world, world.keys)
    (line,) = notices.unseen(world.center, world.keys)
    world.clock.go(hours=1)
    # Not before, because no page has shown it.
    assert notices.unseen(world.center, world.keys) == [line]
    notices.note_shown(world.center, [line])
    (again,) = notices.unseen(world.center, world.keys)
    assert again.shown
    world.clock.go(seconds=3)
    notices.note_shown(world.center, [again, line])
    world.clock.go(seconds=2)
    assert notices.unseen(world.center, world.keys) == []


def test_a_manager_who_is_the_requester_gets_one_mail(world: World) -> None:
    generate(world, world.manager)
    assert {address: len(texts) for address, texts in told(world).items()} == {
        "maria@example.com": 1
    }


def test_managers_who_share_an_address_get_one_mail(world: World) -> None:
    other = add_user(world.center, world.manager.firm_id, "max", Role.MANAGER)
    same = update(person).where(person.c.id == other.user_id).values(email="Maria@Example.com")
    world.center.database.write(lambda c: c.execute(same))
    generate(world, world.keys)
    assert sorted(told(world)) == ["kim@example.com", "maria@example.com"]


def test_a_disabled_user_gets_no_mail(world: World) -> None:
    people.set_disabled(world.center, "maria", disabled=True, last_manager=True)
    generate(world, world.keys)
    assert sorted(told(world)) == ["kim@example.com"]


def test_each_download_is_reported(world: World) -> None:
    for _ in range(2):
        world.center.database.write(
            lambda c: notices.downloaded(
                c, world.center, world.keys, [("ABC", KEY), ("ABC", OLD), ("DEF", FIRST)]
            )
        )
    texts = told(world)["kim@example.com"]
    assert len(texts) == 2
    assert "downloaded for session ABC, DEF" in texts[0]
    assert f"downloaded key pair {FIRST} of session DEF" in texts[0]


def test_a_deletion_is_reported(world: World) -> None:
    world.center.database.write(lambda c: notices.deleted(c, world.center, world.keys, "ABC", KEY))
    for (text,) in told(world).values():
        assert f"kim deleted key pair {KEY} of session ABC" in text
    assert len(told(world)) == 2


def test_a_warning_is_sent_once_for_each_threshold(world: World) -> None:
    assert [warn(world, 28, 28), warn(world, 28, 27), warn(world, 14, 14)] == [1, 0, 1]
    assert [warn(world, 1, 1), warn(world, 1, 0)] == [1, 0]
    texts = told(world)["maria@example.com"]
    assert ["expires in 28 days" in texts[0], "expires in 14 days" in texts[1]] == [True, True]
    assert "expires in 1 day," in texts[2]
    assert sorted(told(world)) == ["maria@example.com"]
    levels = [notice.level for notice in notices.unseen(world.center, world.manager)]
    assert levels == ["warning"] * 3
    assert notices.unseen(world.center, world.keys) == []
    assert notices.unseen(world.center, world.foreign) == []


def test_a_new_manager_gets_the_warning_that_the_others_had(world: World) -> None:
    warn(world, 28, 28)
    add_user(world.center, world.manager.firm_id, "max", Role.MANAGER)
    assert [warn(world, 28, 27), warn(world, 28, 27)] == [1, 0]


def test_a_failed_action_is_not_reported(world: World) -> None:
    def work(connection: Connection) -> None:
        notices.deleted(connection, world.center, world.keys, "ABC", KEY)
        raise RuntimeError("it did not happen")

    with pytest.raises(RuntimeError):
        world.center.database.write(work)
    assert rows(world.center, mail) == 0
    assert notices.unseen(world.center, world.keys) == []


def test_a_subject_with_many_sessions_fits(world: World) -> None:
    many = [(f"A{number:02}", f"{number:020}") for number in range(60)]
    world.center.database.write(lambda c: notices.downloaded(c, world.center, world.keys, many))
    (text,) = told(world)["kim@example.com"]
    assert len(text.splitlines()[0]) <= 200
    assert all(key in text for _, key in many)
