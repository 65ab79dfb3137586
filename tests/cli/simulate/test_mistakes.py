"""What `gatepass simulate` refuses to start with: it names line or option, and what to do."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from gatepass.keys import write_key_file
from tests.cli.gateways import fresh_pair
from tests.cli.processes import shell
from tests.cli.samples import run


@pytest.fixture
def keys(tmp_path: Path) -> str:
    path = tmp_path / "keys.txt"
    write_key_file(path, [fresh_pair()])
    return str(path)


def test_a_fault_plan_must_name_pairs_of_the_gateway(tmp_path: Path) -> None:
    pair = fresh_pair()
    keys, plan = tmp_path / "keys.txt", tmp_path / "plan.toml"
    write_key_file(keys, [pair])
    words = ("simulate", "--keys", str(keys), "--fault-plan", str(plan), "--duration", "0")
    fault = '[[fault]]\ndo = "expire-pair"\naccess-key-id = "{}"\n'
    plan.write_text(fault.format("x" * 20))
    result = run(*words)
    assert result.exit_code == 2
    assert result.stdout == ""
    assert f"plan.toml, line 3: access-key-id: the gateway has no key pair {'x' * 20}:" in (
        result.stderr
    )
    plan.write_text(fault.format(pair.access_key_id))
    assert shell(*words).returncode == 0


def test_a_mistake_in_a_fault_plan_names_its_line(tmp_path: Path, keys: str) -> None:
    plan = tmp_path / "plan.toml"
    plan.write_text('[[fault]]\ndo = "explode"\n')
    result = run("simulate", "--keys", keys, "--fault-plan", str(plan), "--duration", "0")
    assert result.exit_code == 2
    assert "plan.toml, line 2" in result.stderr


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ('kind = "cgw"\nport = "x"\n', "line 2: port: a port is a whole number"),
        ("port = 70000\n", "line 1: port:"),
        ("\nprot = 1\n", "line 2: prot: there is no such setting; did you mean port? there are"),
        ('kind = "nasdaq"\n', "line 1: kind: a gateway is cgw"),
        ("[sending-time]\nmax-age = true\n", "line 2: sending-time.max-age:"),
        ("sending-time.max-ahead = -1\n", "line 1: sending-time.max-ahead:"),
        ("[sending-time]\nmin-age = 1\n", "line 2: sending-time.min-age:"),
        ("[fees]\nclosure = 1000\n", "line 1: fees: there is no such setting"),
        ('kind = "cgw\n', "line 1:"),
        ("kind = cgw\n", "line 1: kind:"),
        ("port = 1\n[tls]\nkey = gateway.key\n", "line 3: key:"),
        ("port = 9443\nbackup-port = 9443\n", "line 2: backup-port: the backup gateway needs a"),
        ("port = 1\nport = 2\n", "line 2: port: this key occurs twice: remove one of the two"),
        ("port =\n", "line 1: port: its value is missing or invalid"),
        ("port =", "line 1: port: its value is missing or invalid"),
        ("[tls]\n[tls]\n", "line 2: this section occurs twice"),
        ('store = ""\n', "line 1: store: this text is empty"),
        ("store = 3\n", "line 1: store: give a text in quotes, not 3"),
        ('\nstore = "no/week.sqlite"\n', "line 2: store: the session store"),
        ('store = "keys.txt"\n', "it is some other file: give another path"),
        ('port = 0\n[tls]\ncertificate = "no.pem"\n', "line 3: tls.certificate: "),
        ('tls = { certificate = "no.pem" }\n', "line 1: tls.certificate: "),
        ('[tls]\ncertificate = "keys.txt"\n', "give a certificate and its key, both as PEM"),
        ('[tls]\ncertificate = "keys.txt"\nkey = "no"\n', "line 3: tls.key: "),
        ('host = "no host"\n', "line 1: host: 'no host' cannot be found: give"),
        ('host = "' + "x" * 70 + '"\n', "line 1: host: 'xxx"),
        ('host = "192.0.2.1"\n', "line 1: host: 192.0.2.1 is not an address of this machine: give"),
        ("port = 1\nhost = 'caf\xe9'\n".encode("latin-1"), "line 2: this is not UTF-8"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_a_mistake_in_the_config_names_line_and_key(
    tmp_path: Path, keys: str, text: str | bytes, named: str
) -> None:
    config = tmp_path / "gateway.toml"
    config.write_bytes(text.encode() if isinstance(text, str) else text)
    result = run("simulate", "--keys", keys, "--config", str(config), "--duration", "0")
    assert result.exit_code == 2
    assert result.stdout == ""
    assert named in result.stderr
    assert "gateway.toml" in result.stderr


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (("--kind", "nyse"), "--kind"),
        (("--port", "70000"), "--port"),
        (("--port", "9443", "--backup-port", "9443"), "--backup-port"),
        (("--config", "none.toml"), "none.toml"),
        (("--log", "no/such/folder/log"), "no/such/folder/log"),
        (("--host", "no host"), "--host: 'no host' cannot be found"),
        (("--host", ""), "--host: the host is empty"),
        (("--tls-cert", "none.pem"), "--tls-cert: none.pem: it cannot be read"),
        (("--tls-key", "none.pem"), "--tls-key: give its certificate too: --tls-cert"),
        (("--duration", "nan"), "--duration: give 0 or more seconds"),
        (("--duration", "inf"), "--duration: give 0 or more seconds"),
        (("--duration", "-1"), "--duration: give 0 or more seconds"),
    ],
)
def test_bad_input_is_exit_code_2(keys: str, words: tuple[str, ...], named: str) -> None:
    result = run(
        "simulate",
        "--keys",
        keys,
        *(words if "--duration" in words else ("--duration", "0", *words)),
    )
    assert result.exit_code == 2
    assert result.stdout == ""
    assert named in result.stderr


@pytest.mark.parametrize("name", ["port", "backup-port"])
def test_a_port_in_use_is_bad_input(tmp_path: Path, keys: str, name: str) -> None:
    config = tmp_path / "gateway.toml"
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        config.write_text(f"\n{name} = {port}\n")
        by_option = shell("simulate", "--keys", keys, f"--{name}", port, "--duration", "5")
        by_file = shell("simulate", "--keys", keys, "--config", str(config), "--duration", "5")
        both = shell(
            *("simulate", "--keys", keys, "--config", str(config), f"--{name}", "0"),
            *("--duration", "0"),
        )
    for answer, place in ((by_option, f"--{name}: "), (by_file, f"line 2: {name}: ")):
        assert answer.returncode == 2
        assert f"{place}port {port} on 127.0.0.1 is in use: stop" in answer.stderr.decode()
        assert answer.stdout == b""
    assert both.returncode == 0


def test_equal_ports_name_the_line_of_the_one_in_the_file(tmp_path: Path, keys: str) -> None:
    config = tmp_path / "gateway.toml"
    config.write_text("backup-port = 9443\n")
    words = ("--config", str(config), "--port", "9443", "--duration", "0")
    assert "gateway.toml, line 1: backup-port: " in run("simulate", "--keys", keys, *words).stderr
