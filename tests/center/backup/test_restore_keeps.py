"""A restore does not give back what users have lost since the backup."""

from __future__ import annotations

import re
import sqlite3
from pathlib import Path

import pyotp
import pytest
from sqlalchemy import func, select, update

from gatepass.center.audit.verifying import verify
from gatepass.center.backup.backup import backup
from gatepass.center.backup.restore import Loss, restore
from gatepass.center.mail import queue as mails
from gatepass.center.mail.couriers import Mail
from gatepass.center.mail.couriers.outbox import OutboxMailer
from gatepass.center.pairs import firms, pairs
from gatepass.center.pairs.firms import SessionKind
from gatepass.center.pairs.handover import hand_over
from gatepass.center.pairs.key_source import CenterKeys
from gatepass.center.pairs.sweep import sweep
from gatepass.center.people import codes, logins, tokens, totp
from gatepass.center.people import users as people
from gatepass.center.people.codes import Purpose
from gatepass.center.roles import Role
from gatepass.center.secrets.envelope import LocalKeys
from gatepass.center.store.database import Database
from gatepass.center.store.schema import clock, code, login, mail, person
from gatepass.center.store.schema import token as token_table
from gatepass.errors import CodeError, DatabaseError
from tests.center.users import rows
from tests.center.world import ENVELOPE_KEY, World

KEYS = LocalKeys([ENVELOPE_KEY])


def save(world: World, tmp_path: Path) -> Path:
    path = tmp_path / "center.backup"
    backup(world.center, path)
    return path


def put_back(world: World, path: Path) -> Loss:
    loss = restore(world.center.database, KEYS, path, replace=True, clock=world.clock)
    assert loss is not None
    assert verify(world.center.database, world.center.vault).broken is None
    return loss


def of(world: World, name: str) -> people.PersonView:
    return next(one for one in people.people(world.center) if one.name == name)


def password_hash(world: World, name: str) -> str:
    with world.center.database.read() as connection:
        query = select(person.c.password_hash).where(person.c.name == name)
        return str(connection.execute(query).scalar_one())


def test_after_a_restore_no_login_and_no_code_is_valid(world: World, tmp_path: Path) -> None:
    center = world.center
    key = pairs.generate(center, world.manager, "ABC").access_key_id
    center.database.write(
        lambda c: logins.add_login(c, center, world.keys.user_id, "", verified=True)
    )
    pairs.request_code(center, world.manager, Purpose.DOWNLOAD, [key])
    text = world.outbox.last_code
    path = save(world, tmp_path)
    restore(center.database, KEYS, path, clock=world.clock)
    assert (rows(center, login), rows(center, code)) == (0, 1)
    with pytest.raises(CodeError, match="expired"):
        pairs.download(center, world.manager, [key], text)


def test_a_disabled_user_stays_disabled(world: World, tmp_path: Path) -> None:
    path = save(world, tmp_path)
    people.set_disabled(world.center, "kim", disabled=True)
    loss = put_back(world, path)
    assert of(world, "kim").disabled
    assert not of(world, "maria").disabled
    assert loss.kept == ("kim",)
    assert "stay as they are now: kim" in str(loss)


def test_a_lowered_role_stays_lowered(world: World, tmp_path: Path) -> None:
    path = save(world, tmp_path)
    people.set_role(world.center, "kim", Role.READER)
    people.set_role(world.center, "rae", Role.KEYS)
    put_back(world, path)
    assert (of(world, "kim").role, of(world, "rae").role) == (Role.READER, Role.READER)


def test_a_later_password_is_kept(world: World, tmp_path: Path) -> None:
    path = save(world, tmp_path)
    people.reset_password(world.center, "kim")
    later = password_hash(world, "kim")
    assert put_back(world, path).kept == ("kim",)
    assert password_hash(world, "kim") == later
    assert of(world, "kim").must_change


def test_codes_and_mails_do_not_go_to_a_former_mobile_or_address(
    world: World, tmp_path: Path
) -> None:
    """It may have been stolen."""
    path = save(world, tmp_path)
    people.change_details(
        world.center, "kim", mobile="+13125550177", email="new@example.com", full_name="Kim Two"
    )
    assert put_back(world, path).kept == ("kim",)
    kim = of(world, "kim")
    assert (kim.mobile, kim.email) == ("+13125550177", "new@example.com")
    # Details without a risk are restored.
    assert kim.full_name != "Kim Two"
    codes.send_code(world.center, world.keys, Purpose.LOGON, "", world.keys.user_id)
    assert world.outbox.sent[-1][0] == "+13125550177"


def test_a_session_keeps_its_present_owner(world: World, tmp_path: Path) -> None:
    key = pairs.generate(world.center, world.manager, "ABC").access_key_id
    path = save(world, tmp_path)
    hand_over(world.center, "ABC", "kim")
    loss = put_back(world, path)
    assert (loss.handed_over, loss.given_back) == (("ABC",), ())
    assert "keep their present owner: ABC" in str(loss)
    assert firms.find_session(world.center, world.manager, "ABC").created_by == "kim"
    pairs.request_code(world.center, world.manager, Purpose.DOWNLOAD, [key])
    assert world.outbox.sent[-1][0] == of(world, "kim").mobile


def test_a_session_whose_owner_is_not_in_the_backup_is_named(world: World, tmp_path: Path) -> None:
    path = save(world, tmp_path)
    people.add_person(
        world.center, "Alpha", "noor", "Noor", "noor@example.com", "+13125550188", Role.KEYS
    )
    hand_over(world.center, "ABC", "noor")
    loss = put_back(world, path)
    assert (loss.handed_over, loss.given_back) == ((), ("ABC",))
    assert "back to an earlier owner, whose mobile would get the codes: ABC" in str(loss)
    assert firms.find_session(world.center, world.manager, "ABC").created_by == "maria"


def test_another_session_of_the_same_name_does_not_count(world: World, tmp_path: Path) -> None:
    path = save(world, tmp_path)
    world.clock.go(seconds=1)
    firms.remove_session(world.center, "DEF")
    firms.add_session(world.center, "Alpha", "DEF", SessionKind.ILINK, "maria")
    loss = put_back(world, path)
    assert (loss.handed_over, loss.given_back) == ((), ())
    assert firms.find_session(world.center, world.manager, "DEF").created_by == "kim"


def test_a_removed_authenticator_stays_removed(world: World, tmp_path: Path) -> None:
    center = world.center
    totp.request_code(center, world.keys)
    made = totp.begin_enrolment(center, world.keys, world.outbox.last_code)
    totp.confirm_enrolment(center, world.keys, pyotp.TOTP(made.secret.reveal()).at(world.clock()))
    path = save(world, tmp_path)
    people.remove_authenticator(center, "kim")
    put_back(world, path)
    assert not of(world, "kim").authenticator


def test_a_revoked_token_stays_revoked(world: World, tmp_path: Path) -> None:
    center = world.center
    revoked = tokens.issue(center, world.keys, "old dashboard").reveal()
    good = tokens.issue(center, world.keys, "dashboard").reveal()
    path = save(world, tmp_path)
    last = tokens.tokens(center, world.keys)[-1]
    tokens.revoke(center, world.keys, last.id)
    later = tokens.issue(center, world.keys, "later").reveal()
    people.add_person(
        center, "Alpha", "noor", "Noor", "noor@example.com", "+13125550188", Role.READER
    )
    loss = put_back(world, path)
    assert tokens.find(center, revoked) is None
    assert tokens.find(center, good) is not None
    assert tokens.find(center, later) is None
    assert loss.revoked_tokens == ("old dashboard of kim",)
    assert loss.tokens == ("later of kim",)
    assert loss.users == ("noor",)
    for text in ("tokens that would stop working: later of kim", "would be lost: noor"):
        assert text in str(loss)


def test_added_and_removed_sessions_are_named(world: World, tmp_path: Path) -> None:
    center = world.center
    firms.add_session(center, "Alpha", "OLD", SessionKind.ILINK, "kim")
    path = save(world, tmp_path)
    firms.remove_session(center, "OLD")
    firms.add_session(center, "Alpha", "NEW", SessionKind.ILINK, "kim")
    loss = put_back(world, path)
    assert (loss.sessions, loss.returned) == (("NEW",), ("OLD",))
    for text in ("sessions that would be lost: NEW", "would exist again: OLD"):
        assert text in str(loss)


def test_a_mail_that_was_sent_is_not_sent_again(world: World, tmp_path: Path) -> None:
    center = world.center
    letter = Mail("one", "kim@example.com", "s", "b")
    center.database.write(lambda c: mails.queue(c, center, [letter]))
    path = save(world, tmp_path)
    assert mails.deliver_due(center, OutboxMailer(tmp_path)).sent == 1
    world.clock.go(minutes=1)
    pairs.generate(center, world.manager, "ABC")
    put_back(world, path)
    assert mails.waiting(center) == 0
    with center.database.read() as connection:
        assert connection.execute(select(func.count(mail.c.sent_at))).scalar_one() == 1


def test_the_time_of_the_last_sweep_is_kept(world: World, tmp_path: Path) -> None:
    sweep(world.center)
    path = save(world, tmp_path)
    for _ in range(3):
        world.clock.go(days=6)
        sweep(world.center)
    pairs.generate(world.center, world.manager, "ABC")
    put_back(world, path)
    with world.center.database.read() as connection:
        assert connection.execute(select(clock.c.swept_at)).scalar_one() == world.clock.now
    sweep(world.center)


def test_a_restore_into_a_new_store_keeps_nothing_from_elsewhere(
    world: World, tmp_path: Path, empty_url: str
) -> None:
    """A new store has no later changes."""
    kept = tokens.issue(world.center, world.keys, "dashboard").reveal()
    path = save(world, tmp_path)
    people.set_disabled(world.center, "kim", disabled=True)
    fresh = Database(empty_url)
    try:
        assert restore(fresh, KEYS, path, clock=world.clock) is None
        with fresh.read() as connection:
            held = connection.execute(select(token_table.c.digest)).scalars().all()
            disabled = connection.execute(select(person.c.disabled)).scalars().all()
    finally:
        fresh.close()
    assert held == [logins.digest_of(kept)]
    assert not any(disabled)


def test_users_of_another_store_with_the_same_names_do_not_count(
    world: World, tmp_path: Path, empty_url: str
) -> None:
    path = save(world, tmp_path)
    made = update(person).values(created_at=world.clock.now.replace(year=2020), disabled=True)
    world.center.database.write(lambda c: c.execute(made))
    restore(world.center.database, KEYS, path, replace=True, clock=world.clock)
    assert not of(world, "kim").disabled


def test_a_gateway_notices_that_the_store_was_restored(world: World, tmp_path: Path) -> None:
    """The log then has the same length but other entries."""
    center = world.center
    kept = pairs.generate(center, world.manager, "ABC").access_key_id
    path = save(world, tmp_path)
    lost = pairs.generate(center, world.manager, "DEF").access_key_id
    keys = CenterKeys(center.database, center.vault)
    assert [one.access_key_id for one in keys.ring] == [kept, lost]
    put_back(world, path)
    assert [one.access_key_id for one in keys.ring] == [kept]


VIEW = """
ALTER TABLE person RENAME TO person_then;
CREATE VIEW person AS SELECT * FROM person_then;
"""
TRIGGER = "CREATE TRIGGER odd AFTER INSERT ON mail BEGIN SELECT 1; END"


@pytest.mark.parametrize("script", [VIEW, TRIGGER], ids=["view", "trigger"])
def test_a_backup_with_a_view_or_trigger_is_refused(
    world: World, tmp_path: Path, script: str
) -> None:
    path = save(world, tmp_path)
    with sqlite3.connect(path) as raw:
        raw.executescript(f"PRAGMA legacy_alter_table=ON; {script}")
    raw.close()
    with pytest.raises(DatabaseError, match="changed after it was made"):
        restore(world.center.database, KEYS, path, replace=True)


def test_a_backup_that_changes_after_the_check_is_refused(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The rows are checked again when they are copied."""
    from gatepass.center.backup import copying
    from gatepass.center.backup import restore as restoring

    path = save(world, tmp_path)
    real = copying.clear

    def change_then_clear(connection: object) -> None:
        with sqlite3.connect(path) as raw:
            raw.execute("UPDATE person SET role = 'MANAGER' WHERE name = 'rae'")
        raw.close()
        real(connection)  # type: ignore[arg-type]

    monkeypatch.setattr(restoring.copying, "clear", change_then_clear)
    with pytest.raises(DatabaseError, match="backup"):
        restore(world.center.database, KEYS, path, replace=True)
    assert of(world, "rae").role is Role.READER


@pytest.mark.parametrize("name", ["a#b.backup", "a?b.backup", "a%41b.backup", "a b;c&d=e.backup"])
def test_a_backup_can_have_any_file_name(world: World, tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    backup(world.center, path)
    assert [one.name for one in tmp_path.iterdir() if re.match("a", one.name)] == [name]
    assert restore(world.center.database, KEYS, path, clock=world.clock) is None
