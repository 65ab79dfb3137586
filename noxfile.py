"""One word for each piece of work: ``nox -s lint``, ``nox -s test -- tests/fix``.

``.ci/run`` and the pull-request workflow use the same words. All but `core` and `lowest` run in the
active environment, which ``pip install '.[lint]' && maturin develop --release`` fills.
"""

from __future__ import annotations

from pathlib import Path

import nox

nox.options.default_venv_backend = "none"
nox.options.error_on_missing_interpreters = True
nox.options.sessions = ["lint", "test"]

#: The tests that ask most of a Python and of the packages below it.
CORE = (
    *("tests/keys", "tests/signing", "tests/session", "tests/fix", "tests/client", "tests/gateway"),
    *map(str, sorted(Path("tests").glob("test_*.py"))),
)


@nox.session
def lint(session: nox.Session) -> None:
    """Check format, types, imports and spelling, of Python and of Rust."""
    session.run("ruff", "format", "--check", ".")
    session.run("ruff", "check", ".")
    session.run("mypy")
    session.run("stubtest", "gatepass._native")
    session.run("lint-imports")
    session.run("bandit", "--quiet", "--configfile", "pyproject.toml", "--recursive", "python")
    session.run("codespell")
    session.run("cargo", "fmt", "--all", "--check", external=True)
    clippy = ("cargo", "clippy", "--quiet", "--workspace", "--all-targets", "--", "-D", "warnings")
    session.run(*clippy, external=True)


@nox.session
def test(session: nox.Session) -> None:
    """Run the suite, or the tests given; ``--slow`` adds the slow ones."""
    session.run("pytest", *(session.posargs or ("-n", "logical", "--dist", "worksteal")))


@nox.session
def rust(session: nox.Session) -> None:
    """Run the tests of the core."""
    session.run("cargo", "test", "--quiet", "--workspace", external=True)


@nox.session
def docs(session: nox.Session) -> None:
    """Build the core's documentation, and run the examples of the README."""
    warnings = {"RUSTDOCFLAGS": "-D warnings"}
    session.run(
        *("cargo", "doc", "--quiet", "--no-deps", "-p", "gatepass-core"),
        env=warnings,
        external=True,
    )
    session.run("pytest", "-q", "README.md", "tests/cli/test_readme.py")


@nox.session
def audit(session: nox.Session) -> None:
    """Look at the packages below: known weaknesses, licences, where they come from."""
    session.run("pip-audit", "--skip-editable", "--progress-spinner", "off")
    # The advisories for crates are a repository that a closed network cannot fetch.
    deny = ("cargo", "deny", "--log-level", "error", "check", "bans", "licenses", "sources")
    session.run(*deny, external=True)


@nox.session
def bench(session: nox.Session) -> None:
    """Run every benchmark; ``-- --smoke`` runs each only as long as its code needs to be seen."""
    once = ("--benchmark-min-rounds=1", "--benchmark-max-time=0.05", "--benchmark-warmup=off")
    smoke = "--smoke" in session.posargs
    session.run("pytest", "-q", "benches", "--benchmark-enable", *(once if smoke else ()))
    session.run(
        *("cargo", "bench", "--quiet", "-p", "gatepass-core"),
        *(("--", "--test") if smoke else ()),
        external=True,
    )
    for name in ("load", "load.messages", "center", "center.following", "center.attack"):
        session.run("python", "-m", f"benches.{name}", *session.posargs)


@nox.session
def faults(session: nox.Session) -> None:
    """Kill client and gateway at random, and set the Request Center on fire, for a minute each."""
    session.run("python", "-m", "tests.faults.soak", "--runs", "30", *session.posargs)
    session.run("python", "-m", "tests.center.fire", "--seconds", "20")


@nox.session
def interop(session: nox.Session) -> None:
    """Install QuickFIX, QuickFIX/J and tshark, and run them against gatepass."""
    session.run(".ci/interop", external=True)


@nox.session
def coverage(session: nox.Session) -> None:
    """Measure what tests reach: branches of keys, signing, session and fix, lines of the core."""
    session.run(".ci/coverage", external=True)


@nox.session
def mutation(session: nox.Session) -> None:
    """Change the code at many places, and name each change that no test finds."""
    session.run(".ci/mutation", "python", external=True)
    session.run(".ci/mutation", "rust", external=True)


@nox.session
def fuzz(session: nox.Session) -> None:
    """Run each fuzz target for ten seconds, or for the seconds given."""
    session.run("rust/fuzz/smoke.sh", *session.posargs, external=True)


@nox.session(venv_backend="venv", python=["3.12", "3.13", "3.14"])
def core(session: nox.Session) -> None:
    """Run the core's tests on another Python: with this checkout, or the wheel given."""
    session.install(f"{next(iter(session.posargs), '.')}[test]")
    session.run("pytest", "-q", *CORE)


@nox.session(venv_backend="uv", python="3.11")
def lowest(session: nox.Session) -> None:
    """Run the suite with the lowest versions that pyproject.toml allows."""
    session.install("--resolution", "lowest-direct", ".[test]")
    session.run("pytest", *(session.posargs or ("-n", "logical", "--dist", "worksteal")))
