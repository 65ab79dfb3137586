"""Log on over TLS with a temporary authority; the error for each mistake says what to do."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
import trustme
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_pem_private_key,
)

from gatepass.client import connect, opening
from gatepass.errors import ConfigError, NoConnectionError
from gatepass.fix.settings import ClientSettings
from gatepass.fix.week import week_of
from gatepass.gateway import Gateway, Kind
from gatepass.keys import KeyRing, generate_pair
from gatepass.session.store import MemoryStore
from gatepass.transport import client_context, server_context, tls

RING = KeyRing([generate_pair("ABC", date(2026, 1, 5), date(2027, 1, 5)).key_pair()])
SETTINGS = ClientSettings("ABC123N", "OP1", "G", "US", "SYS", "1.0", "V", heart_bt_int=5)
PATIENCE = 30.0


def wednesday() -> datetime:
    return datetime(2026, 3, 4, 15, 0, tzinfo=UTC)


@dataclass
class Papers:
    """Files of an authority and of a gateway's certificate."""

    folder: Path
    authority: trustme.CA
    ca: Path
    certificate: Path
    key: Path


def papers_of(folder: Path, *names: str, until: datetime | None = None) -> Papers:
    folder.mkdir(exist_ok=True)
    authority = trustme.CA()
    leaf = authority.issue_cert(*(names or ("127.0.0.1", "localhost")), not_after=until)
    found = Papers(
        folder, authority, *(folder / name for name in ("ca.pem", "cert.pem", "key.pem"))
    )
    authority.cert_pem.write_to_path(found.ca)
    found.certificate.write_bytes(b"".join(part.bytes() for part in leaf.cert_chain_pems))
    leaf.private_key_pem.write_to_path(found.key)
    return found


@pytest.fixture
def papers(tmp_path: Path) -> Papers:
    return papers_of(tmp_path)


@asynccontextmanager
async def gateway(context: ssl.SSLContext | None) -> AsyncIterator[tuple[Gateway, int]]:
    here = Gateway(RING, Kind.parse("cgw"), clock=wednesday)
    try:
        yield here, await here.listen("127.0.0.1", 0, tls=context)
    finally:
        await here.close()


async def log_on(port: int, context: ssl.SSLContext | None, host: str = "127.0.0.1") -> str:
    """Log on and log out, and return the version of TLS."""
    logging_on = connect(host, port, SETTINGS, RING, MemoryStore(), tls=context, clock=wednesday)
    async with logging_on as link:
        assert link._transport is not None
        version: str = link._transport.get_extra_info("ssl_object").version()
    assert link.goodbye is not None
    return version


def refused(server: ssl.SSLContext | None, client: ssl.SSLContext | None, host: str) -> str:
    """Return the error of a connection that cannot be made."""

    async def story() -> str:
        async with gateway(server) as (_, port):
            with pytest.raises(NoConnectionError) as caught:
                await log_on(port, client, host)
        return str(caught.value)

    return asyncio.run(asyncio.wait_for(story(), PATIENCE))


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_a_client_logs_on_over_tls(papers: Papers, host: str) -> None:
    async def story() -> None:
        async with gateway(server_context(papers.certificate, papers.key)) as (here, port):
            assert await log_on(port, client_context(papers.ca), host) == "TLSv1.3"
            assert week_of(here.account("ABC123").store.load()).begun

    asyncio.run(asyncio.wait_for(story(), PATIENCE))


def test_messages_pass_both_ways(papers: Papers) -> None:
    """Many more than fit into one TLS record, or into one of its buffers."""
    count, text = 300, "x" * 4000

    async def story() -> None:
        async with gateway(server_context(papers.certificate, papers.key)) as (here, port):
            got: list[str | None] = []
            here.application = lambda _name, message: got.append(message.get(58))
            trusted = client_context(papers.ca)
            async with connect(
                "127.0.0.1", port, SETTINGS, RING, MemoryStore(), tls=trusted, clock=wednesday
            ) as link:
                for number in range(count):
                    link.send("D", [(58, f"{number}{text}")])
                    here.send("ABC123", "n", [(58, f"{number}{text}")])
                    await asyncio.sleep(0)
                came = []
                async for message in link.messages():
                    came.append(message.get(58))
                    if len(came) == count:
                        break
                while len(got) < count:
                    await asyncio.sleep(0.01)
            assert came == got == [f"{number}{text}" for number in range(count)]

    asyncio.run(asyncio.wait_for(story(), PATIENCE))


def test_the_key_may_be_in_the_certificates_file(papers: Papers) -> None:
    both = papers.folder / "both.pem"
    both.write_bytes(papers.key.read_bytes() + papers.certificate.read_bytes())

    async def story() -> None:
        async with gateway(server_context(both)) as (_, port):
            assert await log_on(port, client_context(papers.ca))

    asyncio.run(asyncio.wait_for(story(), PATIENCE))


def test_a_certificate_for_another_name_is_refused(tmp_path: Path) -> None:
    papers = papers_of(tmp_path, "gateway.example", "10.0.0.1")
    for host in ("localhost", "127.0.0.1"):
        words = refused(
            server_context(papers.certificate, papers.key), client_context(papers.ca), host
        )
        assert f"the gateway's certificate is not for {host}: connect with a name" in words


def test_a_certificate_of_an_unknown_authority_is_refused(papers: Papers, tmp_path: Path) -> None:
    server = server_context(papers.certificate, papers.key)
    other = papers_of(tmp_path / "other")
    for client in (client_context(other.ca), client_context()):
        words = refused(server, client, "127.0.0.1")
        assert "is not from a trusted authority" in words
        assert "give the certificate of the authority that issued it" in words


def test_an_expired_certificate_is_refused(tmp_path: Path) -> None:
    yesterday = datetime.now(UTC) - timedelta(days=1)
    papers = papers_of(tmp_path, "127.0.0.1", until=yesterday)
    server = server_context(papers.certificate, papers.key)
    words = refused(server, client_context(papers.ca), "127.0.0.1")
    assert "is not valid now (certificate has expired): get a new one" in words


def test_a_client_without_tls_is_advised_to_use_it(papers: Papers) -> None:
    words = refused(server_context(papers.certificate, papers.key), None, "127.0.0.1")
    ending = "closed the connection without a message: if it requires TLS, connect with TLS"
    assert words.endswith(ending)


def test_a_client_with_tls_learns_that_the_gateway_has_none(
    papers: Papers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(opening, "HANDSHAKE_WAIT", 0.2)
    words = refused(None, client_context(papers.ca), "127.0.0.1")
    assert "the TLS handshake was not answered: the gateway listens without TLS" in words


def test_a_server_that_does_not_speak_tls_gives_a_handshake_error(papers: Papers) -> None:
    async def story() -> str:
        async def greet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(b"220 this is a post office\r\n")
            await reader.read()
            writer.close()

        server = await asyncio.start_server(greet, "127.0.0.1", 0)
        async with server:
            with pytest.raises(NoConnectionError) as caught:
                await log_on(server.sockets[0].getsockname()[1], client_context(papers.ca))
        return str(caught.value)

    assert "the TLS handshake failed (" in asyncio.run(asyncio.wait_for(story(), PATIENCE))


def test_a_gateway_ends_with_silent_handshakes_open(
    papers: Papers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gatepass.gateway.server.HANDSHAKE_WAIT", 0.2)

    async def story() -> None:
        async with gateway(server_context(papers.certificate, papers.key)) as (_, port):
            silent = [await asyncio.open_connection("127.0.0.1", port) for _ in range(20)]
            assert await log_on(port, client_context(papers.ca))
        for reader, writer in silent:
            assert await reader.read() == b""
            writer.close()

    asyncio.run(asyncio.wait_for(story(), PATIENCE))


def encrypted(papers: Papers) -> None:
    key = load_pem_private_key(papers.key.read_bytes(), None)
    kind = (Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"open sesame"))
    papers.key.write_bytes(key.private_bytes(*kind))


def another_key(papers: Papers) -> None:
    papers_of(papers.folder / "other").key.replace(papers.key)


@pytest.mark.parametrize(
    ("spoil", "file", "words"),
    [
        (encrypted, "key", "the key has a passphrase: give it without one"),
        (another_key, "certificate", "the key is another certificate's"),
        (lambda p: p.certificate.write_text("no"), "certificate", "and its key, both as PEM"),
        (lambda p: p.key.unlink(), "key", "it cannot be read: No such file"),
        (lambda p: p.certificate.unlink(), "certificate", "it cannot be read: No such file"),
    ],
    ids=["encrypted", "other key", "no PEM", "no key", "no certificate"],
)
def test_an_unusable_file_of_a_gateway_is_named(
    papers: Papers, spoil, file: str, words: str
) -> None:  # type: ignore[no-untyped-def]
    spoil(papers)
    with pytest.raises(ConfigError) as caught:
        server_context(papers.certificate, papers.key)
    assert str(caught.value).startswith(f"{getattr(papers, file)}: ")
    assert words in str(caught.value)


@pytest.mark.parametrize("text", [None, "no certificate"])
def test_an_unusable_file_of_a_client_is_named(tmp_path: Path, text: str | None) -> None:
    path = tmp_path / "ca.pem"
    if text is not None:
        path.write_text(text)
    words = "give a certificate as PEM" if text else "it cannot be read"
    with pytest.raises(ConfigError, match=words) as caught:
        client_context(path)
    assert caught.value.path == path


def test_without_an_authority_only_the_systems_are_trusted() -> None:
    context = client_context()
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname
    assert context.minimum_version >= ssl.TLSVersion.TLSv1_2
    assert tls.HANDSHAKE_WAIT > 0
