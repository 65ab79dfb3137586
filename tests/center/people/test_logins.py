"""Log in: two factors, one refusal, a new token after each step, and an end."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pyotp
import pytest
from argon2 import PasswordHasher
from sqlalchemy import select, update

from gatepass.center.audit import log as audit
from gatepass.center.audit.verifying import verify
from gatepass.center.context import Center
from gatepass.center.people import (
    known_browsers,
    limits,
    logins,
    password_change,
    passwords,
    tokens,
    totp,
)
from gatepass.center.people import users as people
from gatepass.center.people.logins import Step
from gatepass.center.roles import Role
from gatepass.center.store.schema import attempt, login, person
from gatepass.errors import AccountError, CodeError, LimitError
from tests.center.users import PASSWORD, Users, at_once, make_users, rows
from tests.center.world import Clock, Outbox
from tests.leaks import everything_shown


@pytest.fixture
def users(center: Center, clock: Clock, outbox: Outbox) -> Users:
    made = make_users(center, clock, outbox)
    made.settle("kim")
    outbox.sent.clear()
    return made


def is_in(users: Users, token: str) -> bool:
    return logins.find(users.center, token) is not None


def refusal(users: Users, name: str, password: str, origin: str = "192.0.2.7") -> AccountError:
    with pytest.raises(AccountError) as caught:
        logins.begin_login(users.center, name, password, origin)
    return caught.value


def test_password_and_code_make_a_login(users: Users) -> None:
    pending = logins.begin_login(users.center, " Kim ", PASSWORD, "192.0.2.7")
    assert pending.sent is not None
    assert pending.sent.to == "…0102"
    token = pending.token.reveal()
    halfway = logins.find_pending(users.center, token)
    assert halfway == logins.Halfway(Step.CODE, "kim", authenticator=False, to="…0102")
    assert not is_in(users, token)
    done = logins.finish_login(users.center, token, users.outbox.last_code, "192.0.2.7")
    assert not done.must_change
    actor = logins.find(users.center, done.token.reveal(), "192.0.2.7")
    assert actor is not None
    assert (actor.name, actor.role, actor.origin) == ("kim", Role.KEYS, "192.0.2.7")
    assert logins.find_pending(users.center, done.token.reveal()) is None


def test_each_step_ends_the_token_before_it(users: Users) -> None:
    """A token that was planted before a step is not valid after it."""
    tokens = [users.begin("maria", users.first["maria"])]
    done = logins.finish_login(users.center, tokens[-1], users.outbox.last_code)
    assert done.must_change
    tokens.append(done.token.reveal())
    halfway = logins.find_pending(users.center, tokens[-1])
    assert halfway is not None
    assert halfway.step is Step.PASSWORD
    tokens.append(password_change.choose_first(users.center, tokens[-1], PASSWORD).reveal())
    tokens.append(
        password_change.change(users.center, tokens[-1], PASSWORD, "another good one").reveal()
    )
    assert len(set(tokens)) == 4
    assert [is_in(users, token) for token in tokens] == [False, False, False, True]
    assert [logins.find_pending(users.center, token) for token in tokens] == [None] * 4


def test_an_unknown_token_is_refused(users: Users) -> None:
    for token in ("", "x", "\ud800", "0" * 43):
        assert not is_in(users, token)
        with pytest.raises(AccountError, match="log in again"):
            logins.finish_login(users.center, token, "123456")


def test_no_step_can_be_skipped(users: Users) -> None:
    token = users.begin("maria", users.first["maria"])
    for leap in (
        lambda: password_change.choose_first(users.center, token, PASSWORD),
        lambda: password_change.change(users.center, token, users.first["maria"], PASSWORD),
    ):
        with pytest.raises(AccountError, match="log in again"):
            leap()
    token = logins.finish_login(users.center, token, users.outbox.last_code).token.reveal()
    assert not is_in(users, token)
    with pytest.raises(AccountError, match="log in again"):
        password_change.change(users.center, token, users.first["maria"], PASSWORD)


def test_a_wrong_code_does_not_log_in(users: Users) -> None:
    token = users.begin("kim")
    right = users.outbox.last_code
    wrong = f"{(int(right) + 1) % 10**6:06}"
    with pytest.raises(CodeError) as caught:
        logins.finish_login(users.center, token, wrong)
    assert caught.value.rule == "wrong"
    assert not is_in(users, token)
    logins.finish_login(users.center, token, right)
    with pytest.raises(AccountError):
        logins.finish_login(users.center, token, right)


def test_of_two_requests_at_once_with_the_same_code_one_logs_in(users: Users) -> None:
    token = users.begin("kim")
    text = users.outbox.last_code
    outcomes = at_once(2, lambda: logins.finish_login(users.center, token, text))
    assert sorted(type(outcome).__name__ for outcome in outcomes)[-1] == "LoggedIn"
    assert sum(isinstance(outcome, logins.LoggedIn) for outcome in outcomes) == 1
    assert rows(users.center, login) == 1


def test_another_code_can_be_requested(users: Users) -> None:
    token = users.begin("kim")
    logins.send_again(users.center, token)
    assert len(users.outbox.sent) == 2
    logins.finish_login(users.center, token, users.outbox.last_code)
    with pytest.raises(AccountError):
        logins.send_again(users.center, token)


def _disabled(users: Users) -> tuple[str, str]:
    people.set_disabled(users.center, "kim", disabled=True)
    return "kim", PASSWORD


def _locked(users: Users) -> tuple[str, str]:
    for _ in range(logins.BY_NAME.count):
        refusal(users, "kim", "wrong password")
    return "kim", PASSWORD


WHO: dict[str, Callable[[Users], tuple[str, str]]] = {
    "unknown name": lambda _: ("nobody", PASSWORD),
    "no name": lambda _: ("", PASSWORD),
    "impossible name": lambda _: ("nobody\0 \ud800", "\0 \ud800"),
    "wrong password": lambda _: ("kim", "wrong password"),
    "no password": lambda _: ("kim", ""),
    "disabled": _disabled,
    "locked": _locked,
}


@pytest.mark.parametrize("who", WHO)
def test_every_refusal_is_the_same_after_the_same_work(
    users: Users, who: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    name, password = WHO[who](users)
    expected = str(refusal(users, "somebody else", "wrong password", "192.0.2.8"))
    before = rows(users.center, attempt), rows(users.center, audit.audit)
    hashes: list[str] = []
    verify = passwords.verify

    def counted(stored: str, given: str) -> bool:
        hashes.append(stored.rsplit("$", 2)[0])
        return verify(stored, given)

    monkeypatch.setattr(passwords, "verify", counted)
    assert str(refusal(users, name, password)) == expected
    # One hash with the same costs, and one entry in the log.
    assert hashes == [passwords.DUMMY_HASH.rsplit("$", 2)[0]]
    after = rows(users.center, attempt), rows(users.center, audit.audit)
    assert after[1] - before[1] == 1
    assert not users.outbox.sent


def test_a_name_is_locked_for_15_minutes_after_five_tries(users: Users) -> None:
    _locked(users)
    refusal(users, "kim", PASSWORD)
    users.clock.go(minutes=14, seconds=59)
    refusal(users, "kim", PASSWORD)
    users.clock.go(seconds=1)
    users.begin("kim")


def test_a_name_is_locked_only_for_the_origin_that_tried(users: Users) -> None:
    for _ in range(3 * logins.BY_NAME.count):
        refusal(users, "kim", "wrong password", "198.51.100.9")
    refusal(users, "kim", PASSWORD, "198.51.100.9")
    users.begin("kim")


def _known(users: Users, name: str = "kim") -> str:
    actor = logins.find(users.center, users.enter(name))
    assert actor is not None
    return known_browsers.introduce(users.center, actor.user_id).reveal()


def test_a_known_browser_can_log_in_although_its_origin_is_locked(users: Users) -> None:
    """All users behind one proxy may have the same address."""
    browser = _known(users)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(logins, "BY_ORIGIN", limits.Limit("logon origin", 9, timedelta(minutes=15)))
        _locked(users)
        for number in range(4):
            refusal(users, f"name{number}", "wrong password")
        with pytest.raises(LimitError):
            logins.begin_login(users.center, "kim", PASSWORD, "192.0.2.7")
        logins.begin_login(users.center, "kim", PASSWORD, "192.0.2.7", browser)


def test_a_known_browser_has_its_own_five_tries(users: Users) -> None:
    browser, other = _known(users), _known(users)
    for _ in range(logins.BY_NAME.count):
        with pytest.raises(AccountError):
            logins.begin_login(users.center, "kim", "wrong password", "192.0.2.7", browser)
    with pytest.raises(AccountError):
        # From another origin too: tries are counted for the browser.
        logins.begin_login(users.center, "kim", PASSWORD, "198.51.100.9", browser)
    logins.begin_login(users.center, "kim", PASSWORD, "192.0.2.7", other)
    users.begin("kim")


def _cut(text: str) -> str:
    return text[:-1]


def _later(text: str) -> str:
    day, _, rest = text.partition(".")
    return f"{int(day) + 1}.{rest}"


FORGED: dict[str, Callable[[str], str]] = {
    "nothing": lambda _: "",
    "cut": _cut,
    "another day": _later,
    "another mark": lambda text: text.replace(text.split(".")[1], "A" * 22),
    "no number": lambda text: "x" + text,
    "malformed text": lambda _: "\ud800.\0.\u0664",
    "digits of another script": lambda text: "\u0664" + text,
    "a long number": lambda text: "9" * 5000 + text,
}


@pytest.mark.parametrize("how", FORGED)
def test_a_forged_mark_makes_no_browser_known(users: Users, how: str) -> None:
    browser = FORGED[how](_known(users))
    _locked(users)
    with pytest.raises(AccountError):
        logins.begin_login(users.center, "kim", PASSWORD, "192.0.2.7", browser)


def test_a_browser_is_known_for_its_user_only(users: Users) -> None:
    users.settle("maria")
    browser = _known(users, "maria")
    _locked(users)
    with pytest.raises(AccountError):
        logins.begin_login(users.center, "kim", PASSWORD, "192.0.2.7", browser)


def test_a_browser_is_known_until_the_password_changes_or_half_a_year_has_passed(
    users: Users,
) -> None:
    browser = _known(users)
    users.clock.go(days=known_browsers.KNOWN_FOR.days + 1)
    _locked(users)
    with pytest.raises(AccountError):
        logins.begin_login(users.center, "kim", PASSWORD, "192.0.2.7", browser)
    browser = _known(users)
    password_change.change(users.center, users.enter("kim"), PASSWORD, "another good one")
    _locked(users)
    with pytest.raises(AccountError):
        logins.begin_login(users.center, "kim", "another good one", "192.0.2.7", browser)


def test_guesses_from_many_origins_together_are_limited(users: Users) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(logins, "FROM_ALL", limits.Limit("from all", 12, timedelta(minutes=15)))
        browser = _known(users)
        for number in range(12):
            refusal(users, "kim", "wrong password", f"198.51.100.{number}")
        refusal(users, "kim", PASSWORD, "203.0.113.1")
        logins.begin_login(users.center, "kim", PASSWORD, "203.0.113.1", browser)
        users.clock.go(minutes=15)
        users.begin("kim")


def test_the_operator_unlocks_a_name_everywhere(users: Users) -> None:
    for origin in ("192.0.2.1", "192.0.2.7", "2001:db8::1"):
        for _ in range(logins.BY_NAME.count):
            refusal(users, "kim", "wrong password", origin)
    for _ in range(logins.BY_NAME.count):
        refusal(users, "kimberley", "wrong password")
    given = people.reset_password(users.center, "kim").reveal()
    for origin in ("192.0.2.1", "192.0.2.7", "2001:db8::1"):
        logins.begin_login(users.center, "kim", given, origin)
    # And no other name that starts with it.
    with users.center.database.read() as connection:
        query = select(attempt.c.id).where(attempt.c.key.startswith("logon name:"))
        assert len(connection.execute(query).all()) == logins.BY_NAME.count


MAPPED = ("::ffff:192.0.2.7", "192.0.2.7", "::FFFF:c000:207")
#: Ways in which one client can write or change its address.
ONE_PARTY: dict[str, Callable[[int], str]] = {
    "addresses of a network": lambda n: f"2001:db8:0:9::{n + 1:x}",
    "all over a network": lambda n: f"2001:db8:0:9:{n * 997 % 65536:x}:{n:x}:ffff:1",
    "written in full": lambda n: f"2001:0DB8:0000:0009:0:0:0:{n:x}",
    "zones": lambda n: f"fe80::1%eth{n}",
    "an IPv4-mapped IPv6 address": lambda n: ("::ffff:192.0.2.7", "192.0.2.7", "::FFFF:c000:207")[
        n % 3
    ],
    "no address": lambda n: f"unknown{n}",
}


@pytest.mark.parametrize("party", ONE_PARTY)
def test_one_client_is_one_origin_with_any_of_its_addresses(users: Users, party: str) -> None:
    limit = limits.Limit(logins.BY_ORIGIN.name, 6, logins.BY_ORIGIN.window)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(logins, "BY_ORIGIN", limit)
        for number in range(limit.count):
            refusal(users, f"name{number}", "wrong password", ONE_PARTY[party](number))
        with pytest.raises(LimitError):
            logins.begin_login(users.center, "kim", PASSWORD, ONE_PARTY[party](limit.count))
        logins.begin_login(users.center, "kim", PASSWORD, "2001:db8:0:a::1")
        logins.begin_login(users.center, "kim", PASSWORD, "192.0.2.8")


def test_further_tries_do_not_extend_a_lock(users: Users) -> None:
    _locked(users)
    for _ in range(14):
        users.clock.go(minutes=1)
        refusal(users, "kim", PASSWORD)
    users.clock.go(minutes=1)
    users.begin("kim")


def test_a_clock_set_back_does_not_end_a_lock(users: Users) -> None:
    _locked(users)
    users.clock.go(hours=-1)
    refusal(users, "kim", PASSWORD)


def test_the_right_password_forgets_the_wrong_ones(users: Users) -> None:
    for _ in range(2):
        for _ in range(logins.BY_NAME.count - 1):
            refusal(users, "kim", "wrong password")
        users.begin("kim")


def test_at_most_five_guesses_at_once_are_checked(
    users: Users, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Even if one of many guesses at the same time is right, only five count."""
    monkeypatch.setattr(passwords, "verify", lambda *_given: True)
    monkeypatch.setattr(limits, "clear", lambda *_given: None)
    outcomes = at_once(12, lambda: logins._proved(users.center, "kim", "guess", "192.0.2.9", ""))
    through = [outcome for outcome in outcomes if not isinstance(outcome, Exception)]
    assert len(through) <= logins.BY_NAME.count
    assert all(isinstance(o, AccountError) for o in outcomes if isinstance(o, Exception))


def test_an_address_that_tries_many_names_must_wait(users: Users) -> None:
    limit = limits.Limit(logins.BY_ORIGIN.name, 3, logins.BY_ORIGIN.window)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(logins, "BY_ORIGIN", limit)
        for number in range(3):
            refusal(users, f"name{number}", "wrong password")
        with pytest.raises(LimitError, match="15 minutes") as caught:
            logins.begin_login(users.center, "kim", PASSWORD, "192.0.2.7")
        assert caught.value.retry_after == limit.window
        # Another address is not affected.
        logins.begin_login(users.center, "kim", PASSWORD, "192.0.2.99")


def test_an_address_from_which_many_users_log_in_is_not_locked(users: Users) -> None:
    limit = limits.Limit(logins.BY_ORIGIN.name, 3, logins.BY_ORIGIN.window)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(logins, "BY_ORIGIN", limit)
        for _ in range(limit.count + 1):
            logins.begin_login(users.center, "kim", PASSWORD, "192.0.2.7")
        # And a right password does not forget the wrong ones of others.
        for number in range(limit.count):
            logins.begin_login(users.center, "kim", PASSWORD, "192.0.2.7")
            refusal(users, f"name{number}", "wrong password")
        with pytest.raises(LimitError):
            logins.begin_login(users.center, "kim", PASSWORD, "192.0.2.7")


def test_no_typed_name_or_password_is_written_down(users: Users) -> None:
    refusal(users, "My Secret Password 1", "My Secret Password 2")
    with users.center.database.read() as connection:
        text = str(connection.execute(select(attempt)).all())
        text += str(connection.execute(select(audit.audit)).all())
    assert "secret password" not in text.casefold()


def test_a_login_ends_when_idle(users: Users) -> None:
    token = users.enter("kim")
    for _ in range(10):
        users.clock.go(minutes=14, seconds=30)
        assert is_in(users, token)
    users.clock.go(minutes=15)
    assert not is_in(users, token)
    users.clock.go(minutes=-5)
    assert is_in(users, token), "it is still within its idle time"


def test_a_login_ends_after_twelve_hours(users: Users) -> None:
    token = users.enter("kim")
    for _ in range(12 * 6 - 1):
        users.clock.go(minutes=10)
        assert is_in(users, token)
    users.clock.go(minutes=10)
    assert not is_in(users, token)


def test_a_login_from_the_future_has_ended(users: Users) -> None:
    """With the clock set back, its age is unknown."""
    token = users.enter("kim")
    users.clock.go(minutes=-1)
    assert not is_in(users, token)


def test_a_code_must_be_entered_within_15_minutes(users: Users) -> None:
    token = users.begin("kim")
    users.clock.go(minutes=15)
    assert logins.find_pending(users.center, token) is None


def test_logging_out_ends_one_login(users: Users) -> None:
    one, other = users.enter("kim"), users.enter("kim")
    logins.end(users.center, one)
    assert [is_in(users, one), is_in(users, other)] == [False, True]


@pytest.mark.parametrize(
    "change",
    [
        lambda center: people.set_disabled(center, "kim", disabled=True),
        lambda center: people.reset_password(center, "kim"),
        lambda center: people.remove_authenticator(center, "kim"),
    ],
    ids=["disable", "reset password", "remove authenticator"],
)
def test_a_change_by_the_operator_ends_logins_at_once(
    users: Users, change: Callable[[Center], object]
) -> None:
    token, halfway = users.enter("kim"), users.begin("kim")
    change(users.center)
    assert not is_in(users, token)
    with pytest.raises(AccountError):
        logins.finish_login(users.center, halfway, users.outbox.last_code)
    people.set_disabled(users.center, "kim", disabled=False)
    assert not is_in(users, token)


def test_a_new_role_applies_from_the_next_request_on(users: Users) -> None:
    token = users.enter("kim")
    people.set_role(users.center, "kim", Role.READER)
    actor = logins.find(users.center, token)
    assert actor is not None
    assert actor.role is Role.READER


def test_a_change_of_password_ends_the_other_logins(users: Users) -> None:
    other, token = users.enter("kim"), users.enter("kim")
    fresh = password_change.change(users.center, token, PASSWORD, "another good one").reveal()
    assert [is_in(users, t) for t in (other, token, fresh)] == [False, False, True]
    refusal(users, "kim", PASSWORD)
    users.begin("kim", "another good one")


@pytest.mark.parametrize("first", [True, False])
def test_a_change_of_password_ends_the_api_tokens(users: Users, *, first: bool) -> None:
    """Someone else who knew the old password may have created them."""
    actor = users.settle("maria") if not first else users.settle("bob")
    other = logins.find(users.center, users.enter("kim"))
    assert other is not None
    text = tokens.issue(users.center, actor, "dashboard").reveal()
    others = tokens.issue(users.center, other, "dashboard").reveal()
    if first:
        # The operator gives a one-time password; the tokens are revoked and stay so.
        given = people.reset_password(users.center, actor.name).reveal()
        users.first[actor.name] = given
        users.settle(actor.name)
    else:
        password_change.change(users.center, users.enter(actor.name), PASSWORD, "another good one")
    assert tokens.find(users.center, text) is None
    assert tokens.find(users.center, others) is not None


def test_guesses_at_the_login_do_not_block_a_change_of_password(users: Users) -> None:
    token = users.enter("kim")
    _locked(users)
    password_change.change(users.center, token, PASSWORD, "another good one", "192.0.2.7")


def test_a_change_of_password_cannot_be_used_to_guess_it(users: Users) -> None:
    token = users.enter("kim")
    for _ in range(logins.BY_NAME.count):
        with pytest.raises(AccountError, match="current password"):
            password_change.change(users.center, token, "wrong password", "another good one")
    with pytest.raises(LimitError):
        password_change.change(users.center, token, PASSWORD, "another good one")


@pytest.mark.parametrize(
    ("password", "why"),
    [
        ("short", "12 characters"),
        ("x" * 300, "256 characters"),
        ("abababababab", "different"),
        ("my name is KIM really", "user name"),
        (PASSWORD, "your current one"),
    ],
)
def test_a_weak_password_is_refused(users: Users, password: str, why: str) -> None:
    token = users.enter("kim")
    with pytest.raises(AccountError, match=why) as caught:
        password_change.change(users.center, token, PASSWORD, password)
    assert password not in everything_shown(caught.value)
    assert PASSWORD not in everything_shown(caught.value)
    assert is_in(users, token)


def test_of_two_first_passwords_at_once_one_is_kept(users: Users) -> None:
    token = users.enter("maria", users.first["maria"])
    outcomes = at_once(
        2, lambda: password_change.choose_first(users.center, token, "a password of one's own")
    )
    assert sum(isinstance(outcome, AccountError) for outcome in outcomes) == 1
    assert rows(users.center, login) == 1


def test_of_two_changes_of_password_at_once_one_is_kept(users: Users) -> None:
    token = users.enter("kim")
    outcomes = at_once(
        2, lambda: password_change.change(users.center, token, PASSWORD, "another good one")
    )
    assert sum(isinstance(outcome, AccountError) for outcome in outcomes) == 1
    assert rows(users.center, login) == 1


def test_an_outdated_hash_is_renewed(users: Users, monkeypatch: pytest.MonkeyPatch) -> None:
    cheap = PasswordHasher(time_cost=2, memory_cost=8, parallelism=1)
    weak = update(person).where(person.c.name == "kim").values(password_hash=cheap.hash(PASSWORD))
    users.center.database.write(lambda connection: connection.execute(weak))
    users.begin("kim")
    with users.center.database.read() as connection:
        stored = connection.execute(
            select(person.c.password_hash).where(person.c.name == "kim")
        ).scalar_one()
    assert not passwords.is_outdated(stored)
    users.begin("kim")


def test_no_refusal_shows_the_password(users: Users) -> None:
    secret = "my secret password"
    for who in ("kim", "nobody"):
        assert secret not in everything_shown(refusal(users, who, secret))


def test_logins_and_refusals_are_logged(users: Users) -> None:
    refusal(users, "kim", "wrong password")
    refusal(users, "nobody", "wrong password")
    users.enter("kim")
    with users.center.database.read() as connection:
        found = connection.execute(select(audit.audit.c.action, audit.audit.c.actor)).all()
    assert [tuple(row) for row in found[-4:]] == [
        ("log on refused", "kim"),
        ("log on refused", "unknown user"),
        ("code", "kim"),
        ("log on", "kim"),
    ]
    assert verify(users.center.database, users.center.vault).broken is None


def test_ended_logins_and_old_counts_are_deleted(users: Users) -> None:
    users.enter("kim")
    refusal(users, "kim", "wrong password")
    users.clock.go(minutes=15)
    token = users.enter("kim")
    at = users.clock()
    assert users.center.database.write(lambda c: logins.sweep(c, at)) == 1
    assert is_in(users, token)
    users.clock.go(days=2)
    at = users.clock()
    assert users.center.database.write(lambda c: limits.sweep(c, at)) > 0
    assert rows(users.center, attempt) == 0


def test_an_authenticator_replaces_a_sent_code(users: Users) -> None:
    actor = logins.find(users.center, users.enter("kim"))
    assert actor is not None
    totp.request_code(users.center, actor)
    made = totp.begin_enrolment(users.center, actor, users.outbox.last_code)
    secret = made.secret.reveal()
    app = pyotp.TOTP(secret)
    totp.confirm_enrolment(users.center, actor, app.at(users.clock()))
    users.outbox.sent.clear()
    pending = logins.begin_login(users.center, "kim", PASSWORD)
    assert pending.sent is None
    assert not users.outbox.sent
    users.clock.go(seconds=30)
    logins.finish_login(users.center, pending.token.reveal(), app.at(users.clock()))
    # A user without the authenticator at hand requests a code.
    token = users.begin("kim")
    logins.send_again(users.center, token)
    logins.finish_login(users.center, token, users.outbox.last_code)
