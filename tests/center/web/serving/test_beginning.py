"""What the first bytes of a connection show."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from gatepass.center.web.serving.beginning import (
    is_health_check,
    wanted_of_hello,
    wanted_of_request,
)

MOST = 16 * 1024
_LINES = st.lists(st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1))


@given(_LINES, st.binary(max_size=50))
def test_a_request_waits_until_its_head_is_complete(lines: list[str], body: bytes) -> None:
    head = "\r\n".join(["GET / HTTP/1.1", *lines, "", ""]).encode()
    for come in range(1, len(head)):
        assert wanted_of_request(head[:come], MOST) == come + 1
    assert wanted_of_request(head + body, MOST) == 0


@given(st.integers(6, 1500), st.binary(max_size=50))
def test_a_tls_hello_waits_until_its_record_is_complete(size: int, more: bytes) -> None:
    hello = bytes([22, 3, 1]) + (size - 5).to_bytes(2, "big") + bytes(size - 5)
    for come in range(1, 5):
        assert wanted_of_hello(hello[:come], MOST) == 5
    for come in range(5, size):
        assert wanted_of_hello(hello[:come], MOST) == size
    assert wanted_of_hello(hello + more, MOST) == 0


@given(st.binary(min_size=1), st.integers(1, 3000))
@example(b"\x16", 1)
def test_every_wait_has_a_bound(begun: bytes, most: int) -> None:
    """The bytes to wait for are more than there are, and not more than the bound."""
    for wanted in (wanted_of_request(begun, most), wanted_of_hello(begun, most)):
        assert wanted == 0 or len(begun) < wanted <= most


@pytest.mark.parametrize("begun", [b"\x16\x03\x01\x02\x00", b"\x80", b"\x00", b"{", b"GET / \n\n"])
def test_bytes_that_are_not_a_request_do_not_wait(begun: bytes) -> None:
    assert wanted_of_request(begun, MOST) == 0


@pytest.mark.parametrize(
    "begun", [b"GET /healthz HTTP/1.1\r\n\r\n", b"GET /readyz HTTP/1.0\r\n\r\n"]
)
def test_a_health_check_is_recognised(begun: bytes) -> None:
    assert is_health_check(begun)
    assert not is_health_check(begun.replace(b"GET", b"PUT"))
