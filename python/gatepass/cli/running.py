"""How a run of the command ends: one exit code and, for bad input, one clear line."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any, NoReturn

from typer import Abort, Context, Exit, TyperException
from typer.core import TyperGroup

from gatepass._native import SigningKey
from gatepass.cli import streams
from gatepass.cli.output import emit, say
from gatepass.errors import GatepassError, SecretKeyError

BAD_INPUT = 2
#: As a shell reports a program ended by SIGINT and SIGPIPE: neither is an answer.
INTERRUPTED = 130
BROKEN_PIPE = 141
#: What is read until one knows enough: a reader who leaves then has missed nothing.
ABOUT_ITSELF = frozenset({"--help", "-h", "--version", "-V", "version"})

#: Characters of the shortest word that is taken for a secret. CME's have 43.
SECRET_LENGTH = 43

#: The commands in the order in which a new user wants them; Typer would put groups last.
ORDER = (
    *("samples", "sign", "verify", "explain", "keys", "simulate", "logon", "center", "demo"),
    *("bench", "version"),
)


class Commands(TyperGroup):
    """The top of the command tree."""

    def __init__(self, **given: Any) -> None:
        super().__init__(**given)
        _name_no_type_of_help(self, given["context_settings"])

    def list_commands(self, ctx: object) -> list[str]:
        """Name the commands in `ORDER`."""
        return list(ORDER)

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,
        windows_expand_args: bool = True,
        **extra: Any,
    ) -> NoReturn:
        """Run with these words and exit; no exception but a defect of gatepass leaves."""
        words = list(sys.argv[1:] if args is None else args)
        try:
            code = self._run(words, prog_name or "gatepass", extra)
            sys.stdout.flush()
        except BrokenPipeError:
            streams.silence(sys.stdout)
            code = BROKEN_PIPE if ABOUT_ITSELF.isdisjoint(words) else 0
        except OSError as error:
            code = _lose(error, words)
        streams.finish_talk()
        sys.exit(code)

    def _run(self, words: list[str], prog_name: str, extra: dict[str, Any]) -> int:
        try:
            _refuse_secret(words)
            with self.make_context(prog_name, words[:], **extra) as context:
                self.invoke(context)
        except Exit as exit_:
            return exit_.exit_code
        except SystemExit as exit_:
            # Rich's way with a reader of the help who leaves.
            if not isinstance(exit_.__context__, BrokenPipeError):
                raise
            raise BrokenPipeError from exit_
        except BrokenPipeError:
            raise
        except OSError as error:
            if streams.is_fault(error):
                raise
            return _refuse(error, words)
        except (TyperException, GatepassError) as error:
            return _refuse(error, words)
        except (KeyboardInterrupt, Abort):
            say("interrupted")
            return INTERRUPTED
        return 0


def _name_no_type_of_help(command: Any, settings: Mapping[str, Any]) -> None:
    """Let the help of each command show ``--help`` as the flag that it is, not as ``<bool>``."""
    option = command.get_help_option(Context(command, **settings))
    option.metavar = ""
    for inner in getattr(command, "commands", {}).values():
        _name_no_type_of_help(inner, settings)


def _refuse(error: Exception, words: Sequence[str]) -> int:
    message = _message(error)
    # Without a message Typer has printed the help instead: no command was given.
    if message:
        if "--json" in words:
            emit({"error": message, "type": type(error).__name__})
        say(f"gatepass: {message}")
    return BAD_INPUT


def _lose(error: OSError, words: Sequence[str]) -> int:
    """Say that a standard stream has failed, and give up what was still to be written there."""
    message = streams.fault(error)
    if "--json" in words:
        with suppress(OSError):
            emit({"error": message, "type": "OSError"})
    say(f"gatepass: {message}")
    streams.silence(sys.stdout)
    return BAD_INPUT


def _message(error: Exception) -> str:
    if isinstance(error, TyperException):
        message = " ".join(error.format_message().split())
        context = getattr(error, "ctx", None)
        return f"{message} (see {context.command_path} --help)" if message and context else message
    if isinstance(error, OSError):
        place = f"{error.filename}: " if error.filename else ""
        return f"{place}{error.strerror or error}"
    return str(error)


def _refuse_secret(words: Sequence[str]) -> None:
    """Refuse a secret among the words: every user of the machine can read a command line.

    Done before anything else looks at them, for whatever refuses a word may quote it.
    """
    for number, word in enumerate(words, start=1):
        text = word.partition("=")[2] if word.startswith("-") else word
        if len(text) >= SECRET_LENGTH and _is_secret(text):
            raise SecretKeyError(
                f"word {number} of the command line looks like a Secret Key, and others can read"
                " it there: give the path of a key file to --keys (and ./NAME for a file of such a"
                " name)"
            )


def _is_secret(text: str) -> bool:
    try:
        SigningKey(text)
    except SecretKeyError:
        return False
    return True
