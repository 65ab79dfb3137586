"""The procedures in CME's help for the Request Center, step by step, with each input method."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from playwright.sync_api import expect

from gatepass.center.pairs import pairs
from gatepass.center.people.codes import Purpose
from gatepass.keys.keyfile import parse_key_file
from tests.center.browser.desk import ACCEPTED, log_on
from tests.center.browser.user import LIST, User
from tests.center.browser.ways import WAYS, Way
from tests.center.service import Service
from tests.center.web.site import Site

SitDown = Callable[[str, Way], User]

#: The mobile of the owner of all sessions of firm Alpha: codes for their key pairs go to it.
CREATOR = "+13125550101"


def test_a_pair_is_generated_and_downloaded(
    site: Site, service: Service, seat: SitDown, way: Way, tmp_path: Path
) -> None:
    kim = seat("kim", way)
    kim.log_in()
    kim.choose("ABC", "Generate")
    kim.sees("Generate a key pair")
    # The Session ID appears in a dialog, with the existing key details.
    assert kim.facts()["Session ID"] == "ABC"
    assert kim.facts()["Access Key ID"] == site.key
    kim.press("Submit")
    # The dialog has the details of the new key, and a notice is at the top of the screen.
    kim.sees("Key details")
    made = kim.facts()["Access Key ID"]
    assert made != site.key
    assert kim.notices()[0].startswith(f"kim generated key pair {made}")
    assert kim.notices_are_on_top()
    kim.press("Download")
    # The secret is given only for the code that the owner's mobile got.
    kim.sees("Verify, then download")
    path = tmp_path / "CMEKeys.txt"
    assert kim.save(CREATOR, path).suggested_filename == "CMEKeys.txt"
    (pair,) = parse_key_file(path.read_bytes())
    assert (pair.session, pair.access_key_id) == ("ABC", made)
    # Only the requester and the administrative manager get a mail.
    for address in ("kim@example.com", "maria@example.com"):
        subjects = [str(mail["Subject"]) for mail in service.mails(address)]
        assert [s.partition(": ")[2] for s in subjects[-2:]] == [
            "key pair generated for session ABC",
            "key pair downloaded for session ABC",
        ]
    assert service.mails("rae@example.com") == service.mails("bob@example.com") == []
    kim.follow("Back to sessions")
    kim.sees(LIST)
    assert kim.notices()[0].startswith(f"kim downloaded key pair {made}")
    assert log_on(service.center, "ABC", path) == ACCEPTED


def test_an_existing_pair_is_downloaded(
    site: Site, service: Service, seat: SitDown, way: Way, tmp_path: Path
) -> None:
    maria = seat("maria", way)
    maria.log_in()
    maria.choose("ABC", "Download")
    # Session ID and key appear in a dialog.
    maria.sees("Download key pairs")
    choice = maria.page.get_by_role("checkbox", name=f"ABC {site.key}")
    expect(choice).to_be_checked()
    maria.press("Download")
    path = tmp_path / "CMEKeys.txt"
    maria.save(CREATOR, path)
    assert [pair.access_key_id for pair in parse_key_file(path.read_bytes())] == [site.key]
    assert log_on(service.center, "ABC", path) == ACCEPTED


def test_a_refusal_disappears_with_the_download(seat: SitDown, way: Way, tmp_path: Path) -> None:
    maria = seat("maria", way)
    maria.log_in()
    maria.choose("ABC", "Download")
    maria.press("Download")
    maria.sees("Verify, then download")
    right = maria.service.code(CREATOR)
    maria.way.fill(maria.page.get_by_label("Verification code"), f"{(int(right) + 1) % 10**6:06}")
    maria.press("Submit")
    refusal = maria.page.get_by_role("alert")
    expect(refusal).to_contain_text("Wrong code")
    # The page stays open when the file is sent.
    maria.save(CREATOR, tmp_path / "CMEKeys.txt")
    expect(refusal).to_be_hidden()
    if way.scripts:
        # Then it shows the next steps.
        expect(maria.page.get_by_role("status")).to_contain_text("was sent to your browser")
        expect(maria.page.get_by_role("status")).to_contain_text("chmod 600 CMEKeys.txt")
        expect(maria.page.get_by_label("Verification code")).to_be_hidden()
        expect(maria.page.get_by_role("button", name="Send another code")).to_be_hidden()
    maria.follow("Back to sessions")
    maria.sees(LIST)


def test_a_double_click_on_submit_downloads_once(seat: SitDown) -> None:
    maria = seat("maria", WAYS[0])
    maria.log_in()
    maria.choose("ABC", "Download")
    maria.press("Download")
    maria.sees("Verify, then download")
    maria.page.get_by_label("Verification code").fill(maria.service.code(CREATOR))
    with maria.page.expect_download():
        maria.page.get_by_role("button", name="Submit").dblclick()
    expect(maria.page.get_by_role("status")).to_contain_text("was sent to your browser")


def test_a_button_copies_an_access_key_id(site: Site, service: Service, seat: SitDown) -> None:
    maria = seat("maria", WAYS[0])
    maria.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    maria.log_in()
    maria.open("/sessions/ABC")
    button = maria.page.get_by_role("button", name=f"Copy the Access Key ID {site.key}")
    button.click()
    expect(maria.page.get_by_role("button", name="Copied")).to_be_visible()
    assert maria.page.evaluate("navigator.clipboard.readText()") == site.key


def test_a_pair_is_deleted(
    site: Site, service: Service, seat: SitDown, way: Way, tmp_path: Path
) -> None:
    path = _key_file(site, tmp_path)
    kim = seat("kim", way)
    kim.log_in()
    assert log_on(service.center, "ABC", path) == ACCEPTED
    kim.choose("ABC", "Delete")
    kim.sees("Delete Key")
    assert kim.facts()["Session ID"] == "ABC"
    expect(kim.page.get_by_role("radio", name=site.key)).to_be_checked()
    kim.press("Submit")
    kim.sees("Verify, then delete")
    # The pair is valid until the right code is entered.
    assert kim.facts()["Access Key ID"] == site.key
    assert log_on(service.center, "ABC", path) == ACCEPTED
    kim.verify(CREATOR)
    kim.sees(LIST)
    assert kim.notices()[0].startswith(f"kim deleted key pair {site.key}")
    assert log_on(service.center, "ABC", path) != ACCEPTED
    for address in ("kim@example.com", "maria@example.com"):
        last = str(service.mails(address)[-1]["Subject"])
        assert last.endswith("key pair deleted for session ABC")


def test_a_third_pair_replaces_the_oldest(
    site: Site, service: Service, seat: SitDown, way: Way, tmp_path: Path
) -> None:
    path = _key_file(site, tmp_path)
    site.clock.go(days=1)
    second = site.generate("ABC")
    site.clock.go(days=1)
    maria = seat("maria", way)
    maria.log_in()
    maria.choose("ABC", "Generate")
    # One of the two is deleted at once: the oldest is preselected.
    expect(maria.page.get_by_role("radio", name=site.key)).to_be_checked()
    expect(maria.page.get_by_role("radio", name=second)).not_to_be_checked()
    maria.press("Submit")
    maria.sees("Key details")
    third = maria.facts()["Access Key ID"]
    told = maria.notices()[0]
    assert f"deleted {site.key}" in told
    # Four weeks on is a Good Friday with a jobs report: a trading day.
    assert "other ends 2026-04-03" in told
    assert log_on(service.center, "ABC", path) != ACCEPTED
    maria.open("/sessions/ABC")
    rows = maria.page.locator("tbody tr")
    for key, state in ((third, "Active"), (second, "Active"), (site.key, "Deleted")):
        expect(rows.filter(has_text=key)).to_contain_text(state)


def test_a_third_pair_can_replace_the_newer_one(
    site: Site, service: Service, seat: SitDown, tmp_path: Path
) -> None:
    path = _key_file(site, tmp_path)
    site.clock.go(days=1)
    second = site.generate("ABC")
    maria = seat("maria", WAYS[0])
    maria.log_in()
    maria.choose("ABC", "Generate")
    maria.page.get_by_role("radio", name=second).check()
    maria.press("Submit")
    maria.sees("Key details")
    assert f"deleted {second}" in maria.notices()[0]
    assert log_on(service.center, "ABC", path) == ACCEPTED


def test_a_read_only_user_can_change_nothing(seat: SitDown, way: Way) -> None:
    rae = seat("rae", way)
    rae.log_in()
    expect(rae.page.get_by_text("Actions", exact=True)).to_have_count(0)
    expect(rae.page.get_by_role("checkbox")).to_have_count(0)
    for path in ("/sessions/ABC/generate", "/sessions/ABC/delete", "/download?session=ABC"):
        rae.open(path)
        rae.sees("Your role does not allow this")
        rae.follow("Back to sessions")
        rae.sees(LIST)


def test_the_center_is_closed_on_the_weekend(
    site: Site, service: Service, seat: SitDown, way: Way
) -> None:
    # Friday, 16:29 in Chicago.
    site.clock.go(days=2, hours=7, minutes=29)
    maria = seat("maria", way)
    maria.log_in()
    maria.choose("DEF", "Generate")
    maria.sees("Generate a key pair")
    site.clock.go(minutes=1)
    maria.press("Submit")
    maria.sees("The Request Center is closed")
    opens = "Sunday, 2026-03-08 at 10:00 CT"
    expect(maria.page.get_by_text(f"It opens on {opens}")).to_be_visible()
    maria.follow("View sessions")
    expect(maria.page.get_by_role("status")).to_contain_text(opens)
    row = maria.page.locator("tbody tr").filter(has_text="DEF")
    expect(row).to_contain_text("No active key pair")


def test_the_center_opens_on_sunday(site: Site, seat: SitDown) -> None:
    # 10:00 in Chicago, after the start of daylight saving time that night.
    site.clock.now = datetime(2026, 3, 8, 15, 0, tzinfo=UTC)
    maria = seat("maria", WAYS[0])
    maria.log_in()
    maria.choose("DEF", "Generate")
    maria.press("Submit")
    maria.sees("Key details")


def _key_file(site: Site, folder: Path) -> Path:
    """The key file of the pair of ABC, downloaded before."""
    maria = site.actors["maria"]
    pairs.request_code(site.center, maria, Purpose.DOWNLOAD, [site.key])
    path = folder / "before.txt"
    path.touch(0o600)
    path.write_text(pairs.download(site.center, maria, [site.key], site.outbox.last_code))
    return path
