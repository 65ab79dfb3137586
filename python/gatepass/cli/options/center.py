"""What the commands of the Request Center share: the options that choose it, and opening it.

Nothing from `gatepass.center` is imported before a command runs, so the help works without the
extra.
"""

from __future__ import annotations

import functools
import inspect
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Concatenate, ParamSpec

import typer
from typer import TyperException

from gatepass.cli.options.file_kinds import FileKind, refuse_file, refuse_other

if TYPE_CHECKING:
    from gatepass.center.context import Center
    from gatepass.center.pairs.key_source import CenterKeys
    from gatepass.center.settings import CenterSettings

#: Environment variables for settings that no option gives.
ENV_DATABASE = "GATEPASS_CENTER_DATABASE"
ENV_STATE = "GATEPASS_CENTER_STATE"
ENV_ENVELOPE_KEY = "GATEPASS_CENTER_ENVELOPE_KEY"

#: The prefix of a --keys value that names a Request Center's store.
KEYS_PREFIX = "center:"

#: The heading in the help above the options below.
PANEL = "Which Request Center"

P = ParamSpec("P")


@dataclass(frozen=True, slots=True)
class CenterOptions:
    """Which Request Center a command uses: each field is an option of every center command."""

    database: Annotated[
        str | None,
        typer.Option(
            "--database",
            metavar="URL",
            rich_help_panel=PANEL,
            help=f"sqlite:///FILE or postgresql://USER@HOST/NAME; put a URL with a password into"
            f" {ENV_DATABASE}. [dim]Default: SQLite in the state folder[/dim]",
        ),
    ] = None
    config: Annotated[
        Path | None,
        typer.Option(
            "--config",
            metavar="FILE",
            rich_help_panel=PANEL,
            help="Settings as TOML; options override them.",
        ),
    ] = None
    state: Annotated[
        Path | None,
        typer.Option(
            "--state",
            metavar="DIR",
            rich_help_panel=PANEL,
            help=f"Folder for database, envelope key and outbox; or set {ENV_STATE}."
            " [dim]Default: ~/.local/share/gatepass/center[/dim]",
        ),
    ] = None

    def settings(self, *, make_folder: bool = False) -> CenterSettings:
        """Read the settings: options first, then the environment, the file, and the defaults.

        With ``make_folder`` the state folder is made. Raises `typer.BadParameter` for a password on
        the command line, and as `gatepass.center.settings.read_settings`.
        """
        from gatepass.center import embedded
        from gatepass.center.secrets.private_text import SecretPlace
        from gatepass.center.settings import read_settings

        refuse_password(self.database, "--database")
        refuse_other(self.config, FileKind.CENTER_SETTINGS, "--config")
        if self.state is not None:
            refuse_file(self.state, "--state")
        folder = (self.state or _state_folder() or embedded.default_folder()).absolute()
        if make_folder:
            embedded.make_folder(folder)
        settings = embedded.defaults(folder)
        if os.environ.get(ENV_ENVELOPE_KEY):
            settings = replace(settings, envelope=SecretPlace(variable=ENV_ENVELOPE_KEY))
        if self.config is not None:
            settings = read_settings(self.config, settings)
        wanted = self.database or os.environ.get(ENV_DATABASE)
        return replace(settings, database=wanted) if wanted else settings

    @contextmanager
    def opened(self) -> Iterator[Center]:
        """Open the Request Center; raises as `settings` and its parts."""
        from gatepass.center import assembly

        with assembly.opened(self.settings()) as center:
            yield center


_SHARED = inspect.signature(CenterOptions, eval_str=True).parameters


def with_center_options(
    command: Callable[Concatenate[CenterOptions, P], None],
) -> Callable[P, None]:
    """Add the center's options to a command, which takes `CenterOptions` first."""
    own = inspect.signature(command, eval_str=True)

    @functools.wraps(command)
    def run(*args: P.args, **given: P.kwargs) -> None:
        options = {name: given.pop(name) for name in _SHARED}
        command(CenterOptions(**options), *args, **given)  # type: ignore[arg-type]

    _, *parameters = (*own.parameters.values(), *_SHARED.values())
    # Typer reads these two.
    run.__signature__ = own.replace(parameters=parameters)  # type: ignore[attr-defined]
    run.__annotations__ = {each.name: each.annotation for each in parameters}
    return run


#: Import names of the packages in the extra ``center``.
EXTRA = frozenset(
    (
        *("alembic", "argon2", "cryptography", "exchange_calendars", "fastapi"),
        *("jinja2", "prometheus_client", "psycopg", "pyotp", "python_multipart", "segno"),
        *("sqlalchemy", "starlette", "uvicorn"),
    )
)


@contextmanager
def needing_the_extra() -> Iterator[None]:
    """Raise `TyperException`, which says what to install, if a package is missing."""
    try:
        yield
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in EXTRA:
            raise
        raise TyperException(
            f"the Request Center needs the package {error.name}: pip install 'gatepass[center]'"
        ) from None


def open_center(source: str, *, diagnosis: bool) -> CenterKeys:
    """Open ``center:URL`` or ``center:URL?disaster=INSTANT`` as a key source; close it at the end.

    Without a URL, the database is that of the environment or the state folder. Raises what
    `CenterOptions.settings` raises, `gatepass.errors.KeySourceError` and
    `gatepass.errors.CenterError`.
    """
    with needing_the_extra():
        from gatepass.center import assembly
        from gatepass.center.pairs.key_source import open_center_keys

        settings = CenterOptions().settings()
        url, mark, disaster = source.removeprefix(KEYS_PREFIX).partition("?")
        if url:
            refuse_password(source.removeprefix(KEYS_PREFIX), "--keys")
            named = source
        else:
            named = f"{KEYS_PREFIX}{settings.database}{mark}{disaster}"
        assembly.require_begun(url or settings.database)
        envelope = assembly.envelope_keys(settings.envelope)
        return open_center_keys(named, envelope, diagnosis=diagnosis)


def refuse_password(url: str | None, option: str) -> None:
    """Raise `typer.BadParameter` for a URL with a password: other users can read command lines."""
    from gatepass.center.settings import has_password

    if url and has_password(url):
        raise typer.BadParameter(
            "this URL contains a password, and other users can read the command line: put the URL"
            f" into the environment variable {ENV_DATABASE}, or the password into ~/.pgpass",
            param_hint=option,
        )


def _state_folder() -> Path | None:
    folder = os.environ.get(ENV_STATE)
    return Path(folder) if folder else None
