"""The line of a key in TOML, however the file writes it."""

from __future__ import annotations

import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatepass.toml_lines import Key, line_of


@pytest.mark.parametrize(
    ("text", "wanted", "line"),
    [
        ("port = 1\n", ("port",), 1),
        ("# first\n\nport = 1\n", ("port",), 3),
        ("port = 1\r\nhost = 'h'\r\n", ("host",), 2),
        ('"port" = 1', ("port",), 1),
        ("[tls]\nkey = 'k'\n", ("tls", "key"), 2),
        ("key = 'k'\n[tls]\nkey = 'k'\n", ("tls", "key"), 3),
        ("tls.key = 'k'\n", ("tls", "key"), 1),
        ("a = 1\ntls = { certificate = 'c', key = 'k' }\n", ("tls", "key"), 2),
        ("[ 'tls' ] # ours\n\nkey = 'k'\n", ("tls", "key"), 3),
        ("a = 1\n[tls]\n", ("tls",), 2),
        ("a = 1\n[fees.day]\nb = 1\n", ("fees",), 2),
        ("'a.b' = 1\na.b = 2\n", ("a.b",), 1),
        ("'a.b' = 1\na.b = 2\n", ("a", "b"), 2),
        # A text of several lines that contains TOML.
        ('text = """\n[tls]\nkey = 1\n"""\n[tls]\nkey = 1\n', ("tls", "key"), 6),
        ("list = [\n  1,\n  2,\n]\nport = 1\n", ("port",), 5),
        ("list = [\n  1,\n  2,\n]\nport = 1\n", ("list",), 1),
    ],
)
def test_a_key_is_found_however_it_is_written(text: str, wanted: Key, line: int) -> None:
    tomllib.loads(text)
    assert line_of(text, wanted) == line


PLAN = "[[fault]]\ndo = 'drop'\n[[fault]]\nnth = 2\ndo = 'drop'\n[fault.more]\nnth = 3\n"


@pytest.mark.parametrize(
    ("wanted", "line"),
    [
        (("fault", 0, "do"), 2),
        (("fault", 1, "do"), 5),
        (("fault", 1, "more"), 6),
        (("fault", 1, "more", "nth"), 7),
        (("fault",), 1),
    ],
)
def test_a_key_is_found_in_its_table_of_an_array(wanted: Key, line: int) -> None:
    assert line_of(PLAN, wanted) == line


def test_a_missing_key_has_the_line_of_its_table() -> None:
    assert line_of(PLAN, ("fault", 0, "nth")) == 1
    assert line_of(PLAN, ("fault", 1, "by")) == 3
    assert line_of("fault = [\n{ do = 'drop' }]\n", ("fault", 0, "nth")) == 1


def test_without_its_table_a_key_has_no_line() -> None:
    assert line_of(PLAN, ("tls", "key")) is None
    assert line_of("", ("port",)) is None


VALUES = st.sampled_from(["1", "'x'", '"""\n[a]\nb = 1\n"""', "[\n1,\n# b = 1\n]", "{ z = 1 }"])
TABLES = st.dictionaries(st.sampled_from("abcd"), VALUES)


@given(TABLES, st.lists(TABLES), st.sampled_from(["\n", "\r\n"]))
def test_every_key_of_any_file_has_the_line_it_was_written_on(
    top: dict[str, str], tables: list[dict[str, str]], newline: str
) -> None:
    lines: list[str] = []
    places: dict[Key, int] = {}

    def write(table: Key, content: dict[str, str]) -> None:
        for key, value in content.items():
            places[(*table, key)] = len(lines) + 1
            lines.extend(f"{key} = {value}".split("\n"))

    write((), top)
    for number, content in enumerate(tables):
        lines.append("[[list]]")
        write(("list", number), content)
    text = newline.join(lines)
    assert {key: line_of(text, key) for key in places} == places
