"""`gatepass sign`."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.cli.processes import shell
from tests.cli.samples import (
    ACCESS_KEY_ID,
    INCOMPLETE,
    LATER,
    OTHER_ACCESS_KEY_ID,
    OTHER_SECRET,
    RAW,
    SECRET,
    SIGNED,
    STRANGER,
    THEN,
    objects,
    pair,
    run,
    write_keys,
)

#: A second pair of the same session; both are valid in its first two weeks.
NEWER = pair(OTHER_ACCESS_KEY_ID, "2018-06-10", "2019-06-10", secret=OTHER_SECRET)


def soh(text: str) -> bytes:
    return text.replace("|", "\x01").encode("latin-1")


@pytest.mark.parametrize("time", [THEN, "2017-06-23T09:48:43-05:00", "20170623-14:48:42.855"])
def test_a_logon_is_signed_at_the_time_given(tmp_path: Path, time: str) -> None:
    result = run("sign", "--keys", write_keys(tmp_path), "--at", time, stdin=f"{RAW}\n")
    assert result.exit_code == 0
    assert result.stdout == f"{SIGNED}\n"
    assert result.stderr == ""


def test_now_is_the_time_when_none_is_given(tmp_path: Path) -> None:
    expired = run("sign", "--keys", write_keys(tmp_path), stdin=RAW)
    assert expired.exit_code == 2
    assert "expired" in expired.stderr
    endless = write_keys(tmp_path, pair(expires="9999-12-31"))
    assert run("sign", "--keys", endless, stdin=RAW).stdout == SIGNED


@pytest.mark.parametrize(
    ("given", "answered"),
    [
        (f"{RAW}\n".encode(), f"{SIGNED}\n".encode()),
        (f"{RAW}\r\n".encode(), f"{SIGNED}\r\n".encode()),
        (RAW.encode(), SIGNED.encode()),
        (soh(RAW), soh(SIGNED)),
        (soh(RAW) + b"\n", soh(SIGNED) + b"\n"),
        (soh(RAW) * 3, soh(SIGNED) * 3),
        (f"{RAW}{RAW}\n".encode(), f"{SIGNED}{SIGNED}\n".encode()),
        (f"{RAW}\n".encode() + soh(RAW), f"{SIGNED}\n".encode() + soh(SIGNED)),
    ],
    ids=["|", "CRLF", "no end", "SOH", "SOH line", "SOH stream", "two in a line", "mixed"],
)
def test_the_output_has_the_format_of_the_input(
    tmp_path: Path, given: bytes, answered: bytes
) -> None:
    keys = write_keys(tmp_path)
    result = run("sign", "--keys", keys, "--at", THEN, stdin=given)
    assert result.stdout_bytes == answered
    file = tmp_path / "logons.txt"
    file.write_bytes(given)
    assert run("sign", str(file), "--keys", keys, "--at", THEN).stdout_bytes == answered


def test_a_signed_logon_is_signed_again(tmp_path: Path) -> None:
    result = run("sign", "--keys", write_keys(tmp_path), "--at", THEN, stdin=SIGNED)
    assert result.stdout == SIGNED


def test_lines_that_cannot_be_signed_are_named_and_the_others_are_signed(tmp_path: Path) -> None:
    keys = write_keys(tmp_path)
    lines = f"{RAW}\n\n{INCOMPLETE}\nnonsense\n{STRANGER}\n{RAW}\n"
    result = run("sign", "--keys", keys, "--at", THEN, stdin=lines)
    assert result.exit_code == 2
    assert result.stdout == f"{SIGNED}\n{SIGNED}\n"
    missing, unreadable, unknown = result.stderr.splitlines()
    assert missing.startswith("gatepass: line 3: LastMsgSeqNumProcessed (369) is missing")
    assert unreadable.startswith("gatepass: line 4: ")
    assert unknown.startswith("gatepass: line 5: ")
    assert "XYZ" in unknown


def test_a_logon_that_cannot_be_signed_does_not_affect_its_neighbours(tmp_path: Path) -> None:
    keys = write_keys(tmp_path)
    result = run("sign", "--keys", keys, "--at", THEN, stdin=f"{RAW}{INCOMPLETE}{RAW}\n{RAW}\n")
    assert result.exit_code == 2
    assert result.stdout == f"{SIGNED}{SIGNED}\n{SIGNED}\n"
    assert result.stderr.startswith("gatepass: line 1.2: ")


def test_the_pair_is_the_newest_valid_one_or_the_chosen_one(tmp_path: Path) -> None:
    keys = write_keys(tmp_path, pair(), NEWER)
    both_valid = "2018-06-15T12:00:00Z"
    newest = run("sign", "--keys", keys, "--at", both_valid, stdin=RAW)
    assert f"|355={OTHER_ACCESS_KEY_ID}|" in newest.stdout
    older = run(
        "sign", "--keys", keys, "--at", both_valid, "--access-key", ACCESS_KEY_ID, stdin=RAW
    )
    assert older.stdout == SIGNED
    unknown = run("sign", "--keys", keys, "--at", both_valid, "--access-key", "nobody", stdin=RAW)
    assert unknown.exit_code == 2
    assert unknown.stdout == ""


def test_a_pair_that_expires_soon_is_used_with_one_warning(tmp_path: Path) -> None:
    keys = write_keys(tmp_path)
    result = run("sign", "--keys", keys, "--at", "2018-06-20T12:00:00Z", stdin=f"{RAW}\n" * 3)
    assert result.exit_code == 0
    assert result.stdout == f"{SIGNED}\n" * 3
    (warning,) = result.stderr.splitlines()
    assert warning.startswith("gatepass: warning: session B08")
    assert "in 3 days" in warning


def test_json_gives_an_object_for_each_logon_and_each_error(tmp_path: Path) -> None:
    stdin = f"{RAW}{RAW}\n{INCOMPLETE}\n".encode() + soh(RAW)
    result = run("sign", "--keys", write_keys(tmp_path), "--at", THEN, "--json", stdin=stdin)
    assert result.exit_code == 2
    first, second, failed, third = objects(result)
    assert first == {
        "line": 1,
        "index": 1,
        "sender_comp_id": "B08004N",
        "access_key_id": ACCESS_KEY_ID,
        "logon": SIGNED,
    }
    assert second == {**first, "index": 2}
    assert (failed["line"], failed["index"], failed["type"]) == (2, 1, "FieldError")
    assert "369" in failed["error"]
    assert third == {**first, "line": 3, "logon": SIGNED.replace("|", "\x01")}


def test_keys_come_from_the_environment_or_standard_input(tmp_path: Path) -> None:
    from_environment = run(
        "sign",
        "--keys",
        "env:",
        stdin=RAW,
        GATEPASS_SESSION_ID="B08",
        GATEPASS_ACCESS_KEY_ID=ACCESS_KEY_ID,
        GATEPASS_SECRET_KEY=SECRET,
    )
    assert from_environment.stdout == SIGNED
    logons, keys = tmp_path / "logons.txt", Path(write_keys(tmp_path))
    logons.write_text(RAW)
    words = ("sign", str(logons), "--keys", "-", "--at", THEN)
    assert shell(*words, stdin=keys.read_bytes()).stdout.decode() == SIGNED


@pytest.mark.skipif(os.name != "posix", reason="only POSIX passes descriptors on")
def test_keys_come_from_a_descriptor_and_logons_from_standard_input(tmp_path: Path) -> None:
    fd = os.open(write_keys(tmp_path), os.O_RDONLY)
    try:
        words = ("sign", "--keys", f"fd:{fd}", "--at", THEN)
        answer = shell(*words, stdin=RAW.encode(), fds=(fd,))
    finally:
        os.close(fd)
    assert answer.stdout.decode() == SIGNED


def test_a_stream_of_signed_logons_is_verified(tmp_path: Path) -> None:
    keys = write_keys(tmp_path)
    signed = shell("sign", "--keys", keys, "--at", THEN, stdin=soh(RAW) * 50)
    assert signed.returncode == 0
    assert signed.stderr == b""
    assert signed.stdout == soh(SIGNED) * 50
    verified = shell("verify", "--keys", keys, "--at", THEN, stdin=signed.stdout)
    assert verified.returncode == 0
    assert "50 valid, 0 not valid" in verified.stderr.decode()
    assert shell("verify", "--keys", keys, "--at", LATER, stdin=signed.stdout).returncode == 1


#: How a person may write 9 and 10.
DRAFTS = {
    "9 and 10 wrong": lambda raw: raw.replace("|9=117|", "|9=1|").replace("|10=098|", "|10=000|"),
    "9 too high": lambda raw: raw.replace("|9=117|", "|9=99999|"),
    "10 of two digits": lambda raw: raw.replace("|10=098|", "|10=98|"),
    "neither a number": lambda raw: raw.replace("|9=117|", "|9=|").replace("|10=098|", "|10=x|"),
    "9 missing": lambda raw: raw.replace("|9=117|", "|"),
    "10 missing": lambda raw: raw.replace("|10=098|", "|"),
    "both missing": lambda raw: raw.replace("|9=117|", "|").replace("|10=098|", "|"),
    "and no last |": lambda raw: raw.replace("|9=117|", "|").replace("|10=098|", ""),
}


@pytest.mark.parametrize("name", DRAFTS)
def test_body_length_and_checksum_are_always_computed(tmp_path: Path, name: str) -> None:
    draft = DRAFTS[name](RAW)
    assert draft != RAW
    words = ("sign", "--keys", write_keys(tmp_path), "--at", THEN)
    assert run(*words, stdin=f"{draft}\n").stdout == f"{SIGNED}\n"
    # Beside other Logons, and end to end.
    beside = run(*words, stdin=f"{RAW}\n{draft}\n{RAW}\n")
    assert (beside.exit_code, beside.stdout) == (0, f"{SIGNED}\n" * 3)
    if draft.endswith("|"):
        end_to_end = run(*words, stdin=f"{draft}{draft}{RAW}\n")
        assert (end_to_end.exit_code, end_to_end.stdout) == (0, f"{SIGNED * 3}\n")
        assert run(*words, stdin=soh(draft) + b"\n").stdout_bytes == soh(SIGNED) + b"\n"


def test_a_logon_cut_off_in_its_last_field_is_not_signed(tmp_path: Path) -> None:
    """With SOH between the fields, the missing end is not a person's omission."""
    cut = soh(RAW).partition(b"\x0110=")[0]
    result = run("sign", "--keys", write_keys(tmp_path), "--at", THEN, stdin=cut)
    assert (result.exit_code, result.stdout) == (2, "")
    assert "truncated" in result.stderr


def test_late_logons_are_signed_with_one_warning(tmp_path: Path) -> None:
    keys = write_keys(tmp_path, pair(expires="9999-12-31"))
    for count, more in ((1, ""), (3, "3 Logons in total have a SendingTime (52) too far off")):
        result = run("sign", "--keys", keys, stdin=f"{RAW}\n" * count)
        assert (result.exit_code, result.stdout) == (0, f"{SIGNED}\n" * count)
        first, *rest = result.stderr.splitlines()
        assert first.startswith("gatepass: line 1: SendingTime (52) is ")
        assert "--now" in first
        assert len(rest) == bool(more)
        assert all(more in line for line in rest)


@pytest.mark.parametrize("without", ["", "|52=20170623-14:48:42.855"], ids=["replaced", "added"])
def test_now_sets_the_present_time(tmp_path: Path, without: str) -> None:
    keys = write_keys(tmp_path, pair(expires="9999-12-31"))
    stale = RAW.replace(without, "")
    signed = run("sign", "--keys", keys, "--now", stdin=f"{stale}\n")
    assert (signed.exit_code, signed.stderr) == (0, "")
    assert signed.stdout.count("|52=") == 1
    assert "|50=MSG|52=" in signed.stdout
    assert "|52=2017" not in signed.stdout
    verified = run("verify", "--keys", keys, stdin=signed.stdout)
    assert verified.exit_code == 0, verified.stdout


def test_now_and_at_exclude_each_other(tmp_path: Path) -> None:
    words = ("sign", "--keys", write_keys(tmp_path), "--at", THEN, "--now")
    result = run(*words, stdin=RAW)
    assert result.exit_code == 2
    assert "not both" in result.stderr


def test_a_warning_names_each_value_that_the_exchange_refuses_and_local_time(
    tmp_path: Path,
) -> None:
    local = datetime.now(UTC) + timedelta(hours=8)
    draft = (
        f"8=FIX.4.2|35=A|34=1|49=B08004N|50=A|52={local:%Y%m%d-%H:%M:%S}.000|56=CME|57=ZZ|142=US|"
        "369=0|108=0|1603=MYSYSTEM|1604=1.0|1605=MYFIRM|"
    )
    endless = write_keys(tmp_path, pair(expires="9999-12-31"))
    result = run("sign", "--keys", endless, stdin=draft)
    assert all(f"({tag})" in result.stderr for tag in (50, 57, 108))
    assert "is 52 in local time, 8:00 h ahead of UTC?" in result.stderr
