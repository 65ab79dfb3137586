"""`gatepass simulate` and `gatepass logon` over TLS, as two processes."""

from __future__ import annotations

from pathlib import Path

import pytest
import trustme

from tests.cli.gateways import rehearsal
from tests.cli.processes import shell


@pytest.fixture
def papers(tmp_path: Path) -> tuple[str, str, str]:
    """The files of an authority, a certificate and its key."""
    authority = trustme.CA()
    leaf = authority.issue_cert("127.0.0.1")
    ca, certificate, key = (tmp_path / name for name in ("ca.pem", "cert.pem", "key.pem"))
    authority.cert_pem.write_to_path(ca)
    leaf.cert_chain_pems[0].write_to_path(certificate)
    leaf.private_key_pem.write_to_path(key)
    return str(ca), str(certificate), str(key)


def test_options_make_a_logon_over_tls(tmp_path: Path, papers: tuple[str, str, str]) -> None:
    ca, certificate, key = papers
    with rehearsal(tmp_path, "--tls-cert", certificate, "--tls-key", key) as live:
        answer = live.logon("--tls", "--ca", ca)
        assert answer.returncode == 0
        for words, advice in (
            (("--tls",), b"is not from a trusted authority"),
            ((), b"both sides use TLS or neither does"),
        ):
            answer = live.logon(*words)
            assert answer.returncode == 3
            assert advice in answer.stdout
            assert b"What to do: Check that the gateway runs" in answer.stdout
        code, out, err = live.end()
        assert code == 0
        assert out.count(b"logged on") == 1
        assert b"gateway over TLS" in err


def test_a_configuration_makes_a_logon_over_tls(
    tmp_path: Path, papers: tuple[str, str, str]
) -> None:
    ca, _, _ = papers
    config = tmp_path / "gateway.toml"
    config.write_text('store = "week.db"\n[tls]\ncertificate = "cert.pem"\nkey = "key.pem"\n')
    with rehearsal(tmp_path, "--config", str(config)) as live:
        for _ in range(2):
            assert live.logon("--tls", "--ca", ca).returncode == 0
        assert live.end()[0] == 0
    assert (tmp_path / "week.db").exists()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('[tls]\nkey = "key.pem"\n', b"line 2: tls.key: a key without its certificate"),
        ('[tls]\ncertificate = "none.pem"\n', b"none.pem: it cannot be read: No such file"),
        ("[tls]\ncertificate = 7\n", b"line 2: tls.certificate: give a text in quotes"),
        ('store = "no-folder/week.db"\n', b"week.db cannot be opened: unable to open"),
    ],
)
def test_an_unusable_configuration_is_named(
    tmp_path: Path, papers: tuple[str, str, str], text: str, words: bytes
) -> None:
    config = tmp_path / "gateway.toml"
    config.write_text(text)
    answer = gateway(tmp_path, "--config", str(config))
    assert answer.returncode == 2
    assert words in answer.stderr
    assert b"Traceback" not in answer.stderr


def gateway(folder: Path, *words: str):  # type: ignore[no-untyped-def]
    keys = folder / "keys.txt"
    with rehearsal(folder) as live:
        live.end()
    return shell("simulate", "--keys", str(keys), "--duration", "0", *words)


def test_incomplete_options_are_refused(tmp_path: Path, papers: tuple[str, str, str]) -> None:
    ca, _, key = papers
    assert b"give its certificate too: --tls-cert" in gateway(tmp_path, "--tls-key", key).stderr
    words = ("--keys", "k", "--sender-comp-id", "ABC123N", "--state", str(tmp_path / "state"))
    answer = shell("logon", "127.0.0.1:9", *words, "--ca", ca)
    assert answer.returncode == 2
