"""``gatepass explain``."""

from __future__ import annotations

from dataclasses import replace

import typer

from gatepass.cli.options.common import (
    STDIN,
    AllowInsecureKeys,
    AnyTime,
    At,
    Json,
    Keys,
    LogonFile,
    open_key_source,
    parse_at,
    refuse_both_times,
)
from gatepass.cli.signing.logons import Logons
from gatepass.cli.terminal.output import emit, page, say
from gatepass.cli.views.explanation import print_explanation
from gatepass.fix import Explanation
from gatepass.fix import explain as explain_logon

EPILOG = """[bold]Example:[/bold] gatepass explain refused.txt --keys keys.txt --any-time"""

#: Checks that fail for every old Logon.
TIME_CHECKS = frozenset({"sending time", "key validity"})


def explain(
    context: typer.Context,
    keys: Keys,
    file: LogonFile = STDIN,
    at: At = None,
    any_time: AnyTime = False,
    allow_insecure_keys: AllowInsecureKeys = False,
    json: Json = False,
) -> None:
    """Explain signed Logons, and why they are refused.

    Shows the signed fields in order, the canonical string, the expected and the
    received signature, and the client's mistake if it is a known one. Secrets are
    never shown. Exit code 1 if any Logon is not valid.

    In a log of gatepass simulate, each Logon is checked as of the time at which
    the gateway refused it, and the check "gateway" gives the gateway's reason.
    Lines without a Logon are skipped.

    --json writes one object per line for each Logon: the fields of verify --json,
    and signed_fields, canonical, expected_signature, received_signature, cause,
    untried (null, as this command tries all mistakes).
    """
    refuse_both_times(at, any_time)
    moment = parse_at(at)
    source = open_key_source(
        context, keys, logons=file, allow_insecure=allow_insecure_keys, diagnosis=True
    )
    console = None if json else page()
    all_valid, only_late = True, False
    logons = Logons(file)
    for found in logons:
        at_its = found.judged_at(moment, any_time=any_time)
        explanation = explain_logon(found.message, source, at=at_its, any_time=any_time)
        explanation = replace(explanation, verdict=found.judged(explanation.verdict))
        all_valid = all_valid and explanation.verdict.valid
        only_late = only_late or _only_late(explanation)
        if console is None:
            emit({**found.place.as_dict(), **explanation.as_dict()})
        else:
            print_explanation(console, explanation, f"Logon of line {found.place}")
    logons.say_passed_over()
    if only_late and not json:
        say("Some Logons fail only because of their time: for old Logons, add --any-time or --at")
    raise typer.Exit(0 if all_valid else 1)


def _only_late(explanation: Explanation) -> bool:
    failed = {check.name for check in explanation.verdict.failed}
    return bool(failed) and failed <= TIME_CHECKS
