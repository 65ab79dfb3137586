"""The web application as its users see it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from html import unescape

import httpx2
from fastapi import FastAPI
from sqlalchemy import update
from starlette.testclient import TestClient

from gatepass.center.context import Center
from gatepass.center.pairs import pairs
from gatepass.center.pairs.firms import SessionKind, add_firm, add_session
from gatepass.center.people import logins, passwords
from gatepass.center.people import users as people
from gatepass.center.roles import Actor, Role
from gatepass.center.store.schema import person
from gatepass.center.web.security import FORM_FIELD, LOGIN_COOKIE
from tests.center.world import Clock, Outbox

PASSWORD = "correct horse battery"
ADDRESS = "https://center.example"
#: Its host name.
NAMES = ("center.example",)

#: One user of each role in firm ``Alpha``; firm ``Beta`` has a manager too.
USERS = {
    "maria": ("Alpha", Role.MANAGER),
    "kim": ("Alpha", Role.KEYS),
    "rae": ("Alpha", Role.READER),
    "bob": ("Beta", Role.MANAGER),
}


class Browser(TestClient):
    """A browser: keeps cookies, fills in forms, does not follow redirects by itself."""

    __test__ = False

    def __init__(self, app: FastAPI, host: str = "192.0.2.1") -> None:
        super().__init__(
            app,
            base_url=ADDRESS,
            follow_redirects=False,
            raise_server_exceptions=False,
            client=(host, 50000),
        )

    def token(self) -> str:
        """The token of this browser's forms."""
        # The first of these pages that this browser may see.
        for path in ("/account", "/login/code", "/login/password", "/login"):
            found = re.search(rf'name="{FORM_FIELD}" value="([0-9a-f]+)"', self.get(path).text)
            if found is not None:
                return found[1]
        raise AssertionError("no page with a form")

    def submit(self, path: str, **fields: str | list[str]) -> httpx2.Response:
        """Send a form of this site."""
        return self.post(path, data={FORM_FIELD: self.token(), **fields})


@dataclass(frozen=True)
class Site:
    center: Center
    clock: Clock
    outbox: Outbox
    app: FastAPI
    actors: dict[str, Actor]
    #: The Access Key ID of the pair of ``ABC``, which kim generated; the others have none.
    key: str

    def browser(self, host: str = "192.0.2.1") -> Browser:
        return Browser(self.app, host)

    def user(self, name: str) -> Browser:
        """A browser in which this user is logged in, without the steps of a login."""
        browser = self.browser()
        with_login = self.center.database.write(
            lambda connection: logins.add_login(
                connection, self.center, self.actors[name].user_id, "192.0.2.1", verified=True
            )
        )
        browser.cookies.set(LOGIN_COOKIE, with_login.reveal(), domain="center.example")
        return browser

    def generate(self, session: str = "ABC", by: str = "maria", delete: str | None = None) -> str:
        """A new pair's Access Key ID."""
        return pairs.generate(self.center, self.actors[by], session, delete).access_key_id


def furnish(center: Center) -> tuple[dict[str, Actor], str]:
    """Add the firms, their users, each with `PASSWORD`, sessions, and a pair of ``ABC``."""
    add_firm(center, "Alpha")
    add_firm(center, "Beta")
    actors = {}
    hashed = passwords.hash_password(PASSWORD)
    for number, (name, (firm, role)) in enumerate(USERS.items(), start=101):
        made = people.add_person(
            center, firm, name, name.title(), f"{name}@example.com", f"+13125550{number}", role
        )
        values = {"password_hash": hashed, "must_change": False}
        own = update(person).where(person.c.id == made.id).values(values)
        center.database.write(lambda connection, own=own: connection.execute(own))
        firm_id = 1 if firm == "Alpha" else 2
        actors[name] = Actor(made.id, firm_id, name, role, "192.0.2.1")
    add_session(center, "Alpha", "ABC", SessionKind.ILINK, "maria", "front desk")
    add_session(center, "Alpha", "DEF", SessionKind.ILINK, "maria", "back-up, 50% of flow")
    add_session(center, "Alpha", "ABC123", SessionKind.DROPCOPY, "maria", "risk")
    add_session(center, "Beta", "XYZ", SessionKind.ILINK, "bob")
    return actors, pairs.generate(center, actors["kim"], "ABC").access_key_id


def words(response: httpx2.Response) -> str:
    """The text of a page, without its tags and the options of its lists."""
    text = re.sub(r"<(script|style|select).*?</\1>", " ", response.text, flags=re.DOTALL)
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", text)).split())


def fields(response: httpx2.Response) -> dict[str, str]:
    """What a page's form sends if nothing is changed: hidden fields and preselected choices."""
    main = response.text.partition("<main")[2]
    sent = {}
    for tag in re.findall(r"<input [^>]+>", main):
        named = dict(re.findall(r'(\w+)="([^"]*)"', tag))
        if named.get("type") == "hidden" or " checked" in tag:
            sent[unescape(named["name"])] = unescape(named.get("value", "on"))
    return sent
