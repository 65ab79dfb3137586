"""One client: logs in, generates, downloads and deletes at random, and notes all answers."""

from __future__ import annotations

import random
import re
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from gatepass.center.people.codes import PER_DAY, WRONG_TRIES
from tests.center.fire.browser import Answer, Browser
from tests.center.fire.store import PASSWORD, SESSIONS, mobile_of

#: An entry of the audit log: user, action, subject, Access Key ID, detail.
Deed = tuple[str, str, str, str, str]

#: The status of an answer that asks to try again in a few seconds.
BUSY = 503
#: The texts for a wrong code and for the last try, with their rules in the log.
_COUNTED = {"wrong code:": "wrong", "too many wrong codes": "tries"}


@dataclass
class Told:
    """The actions that were confirmed to clients, and all other answers."""

    deeds: Counter[Deed] = field(default_factory=Counter)
    files: list[str] = field(default_factory=list)
    statuses: Counter[tuple[str, int]] = field(default_factory=Counter)
    problems: list[str] = field(default_factory=list)


class Outbox:
    """The codes that were sent; any client can read them."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def names(self) -> set[str]:
        return {path.name for path in self._folder.glob("code-*.txt")}

    def since(self, before: set[str], words: str) -> list[str]:
        """Return the codes that were sent since and whose texts have these words, newest first."""
        new = sorted(self.names() - before, reverse=True)
        texts = [(self._folder / name).read_text().partition("\n\n")[::2] for name in new]
        return [text[:6] for head, text in texts if words in f"{head} {text}"]


class Client:
    """A person at a browser. ``users`` are taken one after the other, as their codes run out."""

    def __init__(self, number: int, port: int, users: list[str], outbox: Outbox) -> None:
        self._chance = random.Random(number)  # noqa: S311 - no secret
        self._port, self._users, self._outbox = port, users, outbox
        self._name, self._left = "", 0
        self._browser = Browser(port)
        self.told = Told()

    def fire(self, until: float) -> None:
        try:
            while time.monotonic() < until:
                if not self._left:
                    self._log_on()
                self._chance.choice((self._generate, self._download, self._delete))(
                    self._chance.choice(SESSIONS)
                )
        except Exception as error:  # noqa: BLE001 - reported at the end
            self.told.problems.append(f"{type(error).__name__}: {error}")
        finally:
            self._browser.close()

    def _log_on(self) -> None:
        self._browser.close()
        self._browser, self._name = Browser(self._port), self._users.pop()
        before = self._outbox.names()
        self._take("login", self._browser.get("/login"))
        fields = [("name", self._name), ("password", PASSWORD)]
        answer = self._browser.submit("/login", fields)
        while answer.status == BUSY:
            # Too many passwords at the same time: people try again.
            self.told.statuses["login", BUSY] += 1
            time.sleep(1.0)
            answer = self._browser.submit("/login", fields)
        self._must("login", answer, 303)
        self._note("code", "logon", detail="to ")
        (code,) = self._outbox.since(before, f"To: {mobile_of(self._name)} ")
        self._must("login code", self._browser.submit("/login/code", [("code", code)]), 303)
        self._note("log on", self._name)
        self._left = PER_DAY - 1

    def _generate(self, session: str) -> None:
        dialog = self._must("dialog", self._browser.get(f"/sessions/{session}/generate"), 200)
        choices = re.findall(r'name="delete" value="(\w+)"', dialog.text)
        chosen = self._chance.choice(choices) if choices else ""
        fields = [("delete", chosen)] if chosen else []
        answer = self._browser.submit(f"/sessions/{session}/generate", fields)
        self._take("generate", answer)
        if answer.status == 303:
            made = answer.location.rpartition("/")[2]
            detail = f"deleted {chosen} to make room" if chosen else ""
            self._note("generate", session, made, detail)

    def _download(self, session: str) -> None:
        page = self._must("dialog", self._browser.get(f"/download?session={session}"), 200)
        choices = re.findall(r'name="key" value="(\w+)"', page.text)
        if not choices:
            return
        chosen = self._chance.choice(choices)
        for code in self._codes("/download", "download", chosen):
            answer = self._browser.submit("/download/code", [("key", chosen), ("code", code)])
            self._take("download", answer)
            if answer.status == 200:
                self.told.files.append(answer.text)
                self._note("download", session, chosen)
            if not self._is_refused("download", chosen, answer):
                return

    def _delete(self, session: str) -> None:
        place = f"/sessions/{session}/delete"
        dialog = self._must("dialog", self._browser.get(place), 200)
        choices = re.findall(r'name="key" value="(\w+)"', dialog.text)
        if not choices:
            return
        chosen = self._chance.choice(choices)
        for code in self._codes(place, "delete", chosen):
            answer = self._browser.submit(f"{place}/{chosen}", [("code", code)])
            self._take("delete", answer)
            if answer.status == 303:
                self._note("delete", session, chosen)
            if not self._is_refused("delete", chosen, answer):
                return

    def _is_refused(self, purpose: str, chosen: str, answer: Answer) -> bool:
        """Tell whether a code was refused; a try that counted is in the log."""
        counted = [rule for words, rule in _COUNTED.items() if words in answer.text.lower()]
        if answer.status == 422 and counted:
            self._note("code refused", purpose, chosen, counted[0])
        return answer.status == 422

    def _codes(self, place: str, purpose: str, chosen: str) -> list[str]:
        """Request a code; return all that were sent to the manager's mobile for this pair since.

        Other clients may have requested one for the same pair, and the texts do not say who did. So
        the client tries them, as people would, and at most as many as may be wrong.
        """
        before = self._outbox.names()
        answer = self._browser.submit(place, [("key", chosen)])
        self._take(f"code for {purpose}", answer)
        if answer.status != 303:
            return []
        self._note("code", purpose, chosen, "to ")
        self._left -= 1
        return self._outbox.since(before, f"code for {purpose} of {chosen},")[:WRONG_TRIES]

    def _note(self, action: str, subject: str, key: str = "", detail: str = "") -> None:
        self.told.deeds[self._name, action, subject, key, detail] += 1

    def _must(self, what: str, answer: Answer, status: int) -> Answer:
        self._take(what, answer)
        if answer.status != status:
            raise AssertionError(f"{what}: {answer.status} {answer.text[:300]}")
        return answer

    def _take(self, what: str, answer: Answer) -> None:
        """Count an answer; an answer that no user should get is a problem."""
        self.told.statuses[what, answer.status] += 1
        if answer.status >= 500 or "deadlock" in answer.text.lower():
            self.told.problems.append(f"{what}: {answer.status} {answer.text[:300]}")
