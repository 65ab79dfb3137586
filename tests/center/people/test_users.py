"""The operator's work on users, and API tokens."""

from __future__ import annotations

import pytest

from gatepass.center.audit import reading as audit_reading
from gatepass.center.audit.verifying import verify
from gatepass.center.people import codes, tokens
from gatepass.center.people import users as people
from gatepass.center.people.codes import Purpose
from gatepass.center.roles import Action, Role
from gatepass.errors import AccountError, CodeError, NotAllowedError, NotFoundError
from tests.center.users import at_once
from tests.center.world import World
from tests.leaks import everything_shown

GOOD = {
    "firm_name": "Alpha",
    "name": "ann",
    "full_name": "Ann O'Neill",
    "email": "ann@example.com",
    "mobile": "+1 (312) 555-0107",
    "role": Role.READER,
}


def test_a_user_is_added(world: World) -> None:
    made = people.add_person(world.center, **{**GOOD, "name": " Ann "})  # type: ignore[arg-type]
    assert made.one_time_password.reveal() not in repr(made)
    (view,) = [one for one in people.people(world.center, "Alpha") if one.id == made.id]
    assert (view.name, view.mobile, view.role) == ("ann", "+13125550107", Role.READER)
    assert view.must_change
    assert not view.disabled
    assert not view.authenticator
    assert verify(world.center.database, world.center.vault).broken is None


@pytest.mark.parametrize(
    ("field", "value", "why"),
    [
        ("name", "a", "user name"),
        ("name", "ann smith", "user name"),
        ("name", "änn", "user name"),
        ("name", "ann\nBcc: x", "user name"),
        ("name", "x" * 65, "user name"),
        ("full_name", " ", "full name"),
        ("full_name", "Ann\nO'Neill", "full name"),
        ("mobile", "3125550107", "country code"),
        ("mobile", "+1312555010A", "country code"),
        ("mobile", "", "country code"),
        ("email", "ann", "e-mail"),
        ("email", "", "e-mail"),
        ("email", "ann@example.com\nBcc: x@example.com", "e-mail"),
        ("email", "ann@example.com, bob@example.com", "e-mail"),
        ("email", "x" * 250 + "@example.com", "e-mail"),
        ("name", "kim", "already"),
    ],
)
def test_unusable_details_of_a_new_user_are_refused(
    world: World, field: str, value: str, why: str
) -> None:
    before = people.people(world.center)
    with pytest.raises(AccountError, match=why):
        people.add_person(world.center, **{**GOOD, field: value})  # type: ignore[arg-type]
    assert people.people(world.center) == before


def test_unknown_firms_and_users_are_refused(world: World) -> None:
    with pytest.raises(NotFoundError, match="no firm 'Gamma'"):
        people.add_person(world.center, **{**GOOD, "firm_name": "Gamma"})  # type: ignore[arg-type]
    for change in (
        lambda: people.set_role(world.center, "nobody", Role.KEYS),
        lambda: people.set_disabled(world.center, "nobody", disabled=True),
        lambda: people.reset_password(world.center, "nobody"),
        lambda: people.remove_authenticator(world.center, "nobody"),
    ):
        with pytest.raises(NotFoundError, match="no user 'nobody'"):
            change()


def test_users_are_listed_by_firm(world: World) -> None:
    assert [one.name for one in people.people(world.center)] == ["bob", "kim", "maria", "rae"]
    assert [one.name for one in people.people(world.center, "Beta")] == ["bob"]
    assert people.account(world.center, world.keys).firm == "Alpha"


def test_a_token_only_reads(world: World) -> None:
    text = tokens.issue(world.center, world.manager, "monitoring").reveal()
    actor = tokens.find(world.center, text, "192.0.2.1")
    assert actor is not None
    assert (actor.user_id, actor.role) == (world.manager.user_id, Role.READER)
    for action in (Action.GENERATE, Action.DOWNLOAD, Action.DELETE, Action.SEE_AUDIT):
        with pytest.raises(NotAllowedError):
            actor.require(action)


def test_tokens_of_a_disabled_user_are_revoked_permanently(world: World) -> None:
    text = tokens.issue(world.center, world.keys, "monitoring").reveal()
    other = tokens.issue(world.center, world.manager, "monitoring").reveal()
    people.set_disabled(world.center, world.keys.name, disabled=True)
    assert tokens.find(world.center, text) is None
    people.set_disabled(world.center, world.keys.name, disabled=False)
    assert tokens.find(world.center, text) is None
    assert tokens.find(world.center, other) is not None


def test_a_token_expires(world: World) -> None:
    text = tokens.issue(world.center, world.keys, "monitoring", days=1).reveal()
    world.clock.go(hours=23, minutes=59)
    assert tokens.find(world.center, text) is not None
    world.clock.go(minutes=1)
    assert tokens.find(world.center, text) is None
    assert world.center.database.write(lambda c: tokens.sweep(c, world.clock())) == 1
    world.clock.go(days=-1)
    assert tokens.find(world.center, text) is None


def test_a_token_of_a_disabled_user_is_not_valid(world: World) -> None:
    text = tokens.issue(world.center, world.keys, "monitoring").reveal()
    people.set_disabled(world.center, "kim", disabled=True)
    assert tokens.find(world.center, text) is None


def test_a_reset_password_revokes_tokens(world: World) -> None:
    """Someone else who knew the password may have created them."""
    texts = [tokens.issue(world.center, who, "t").reveal() for who in (world.keys, world.manager)]
    people.reset_password(world.center, "kim")
    assert [tokens.find(world.center, text) is None for text in texts] == [True, False]


def test_only_its_user_can_revoke_a_token(world: World) -> None:
    text = tokens.issue(world.center, world.keys, "monitoring").reveal()
    (view,) = tokens.tokens(world.center, world.keys)
    assert tokens.tokens(world.center, world.manager) == []
    for stranger in (world.manager, world.foreign):
        with pytest.raises(NotFoundError):
            tokens.revoke(world.center, stranger, view.id)
    assert tokens.find(world.center, text) is not None
    tokens.revoke(world.center, world.keys, view.id)
    assert tokens.find(world.center, text) is None
    assert tokens.tokens(world.center, world.keys) == []


def test_a_token_is_stored_as_a_hash_and_shown_once(world: World) -> None:
    made = tokens.issue(world.center, world.keys, "monitoring")
    assert made.reveal() not in repr(tokens.tokens(world.center, world.keys)) + repr(made)
    world.clock.go(minutes=5)
    tokens.find(world.center, made.reveal())
    (view,) = tokens.tokens(world.center, world.keys)
    assert view.used_at == world.clock()


@pytest.mark.parametrize("text", ["", "gatepass_", "\ud800", "\0", "x" * 10_000])
def test_a_malformed_token_finds_no_user(world: World, text: str) -> None:
    assert tokens.find(world.center, text) is None


@pytest.mark.parametrize(
    ("name", "days", "why"),
    [
        ("", 1, "name"),
        ("x" * 65, 1, "name"),
        ("a\nb", 1, "name"),
        ("a", 0, "days"),
        ("a", 367, "days"),
    ],
)
def test_a_token_out_of_bounds_is_refused(world: World, name: str, days: int, why: str) -> None:
    with pytest.raises(AccountError, match=why):
        tokens.issue(world.center, world.keys, name, days)


def test_a_user_has_at_most_twenty_tokens(world: World) -> None:
    for number in range(tokens.MOST - 1):
        tokens.issue(world.center, world.keys, f"token {number}")
    outcomes = at_once(3, lambda: tokens.issue(world.center, world.keys, "one more"))
    assert sum(isinstance(outcome, AccountError) for outcome in outcomes) == 2
    assert len(tokens.tokens(world.center, world.keys)) == tokens.MOST


def test_hidden_texts_stay_hidden(world: World) -> None:
    import copy
    import pickle

    made = tokens.issue(world.center, world.keys, "monitoring")
    for way in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(TypeError, match="hidden") as caught:
            way(made)
        assert made.reveal() not in everything_shown(caught.value)
    assert made.reveal() not in f"{made} {made!r} {[made]}"


def test_details_are_changed_and_logged(world: World) -> None:
    people.change_details(world.center, "Kim", mobile="+1 (312) 555-0199", email=" k@example.com ")
    (kim,) = [one for one in people.people(world.center) if one.name == "kim"]
    assert (kim.full_name, kim.email, kim.mobile) == ("Kim", "k@example.com", "+13125550199")
    people.change_details(world.center, "kim", full_name="Kim Lee")
    latest, before = audit_reading.entries(world.center, world.manager, 1).items[:2]
    assert (latest.action, latest.detail) == ("change user", "full name Kim Lee")
    # The log does not show the whole number.
    assert before.detail == "e-mail k@example.com, mobile …0199"


def test_a_code_that_was_sent_to_the_former_mobile_is_void(world: World) -> None:
    codes.send_code(world.center, world.keys, Purpose.LOGON, "", world.keys.user_id)
    people.change_details(world.center, "kim", mobile="+13125550199")
    with pytest.raises(CodeError, match="expired"):
        world.center.database.write(
            lambda connection: codes.check_code(
                connection, world.center, world.keys, Purpose.LOGON, "", world.outbox.last_code
            )
        )


@pytest.mark.parametrize(
    "values", [{}, {"email": "kim"}, {"mobile": "5550199"}, {"full_name": " "}]
)
def test_unusable_details_change_nothing(world: World, values: dict[str, str]) -> None:
    before = people.people(world.center)
    with pytest.raises(AccountError):
        people.change_details(world.center, "kim", **values)
    with pytest.raises(NotFoundError):
        people.change_details(world.center, "nobody", email="a@example.com")
    assert people.people(world.center) == before


def test_the_last_active_manager_is_changed_only_on_purpose(world: World) -> None:
    people.add_person(world.center, **{**GOOD, "role": Role.MANAGER})  # type: ignore[arg-type]
    people.set_disabled(world.center, "ann", disabled=True)
    for change in (
        lambda meant: people.set_disabled(world.center, "maria", disabled=True, last_manager=meant),
        lambda meant: people.set_role(world.center, "maria", Role.KEYS, last_manager=meant),
    ):
        with pytest.raises(AccountError, match="--last-manager"):
            change(False)
        change(True)
        people.set_disabled(world.center, "maria", disabled=False)
        people.set_role(world.center, "maria", Role.MANAGER)
    people.set_disabled(world.center, "ann", disabled=False)
    people.set_role(world.center, "maria", Role.KEYS)
    people.set_disabled(world.center, "kim", disabled=True)


def test_of_two_managers_disabled_at_once_one_stays(world: World) -> None:
    people.add_person(world.center, **{**GOOD, "role": Role.MANAGER})  # type: ignore[arg-type]
    names = ["maria", "ann"]
    outcomes = at_once(2, lambda: people.set_disabled(world.center, names.pop(), disabled=True))
    assert sum(isinstance(outcome, AccountError) for outcome in outcomes) == 1
