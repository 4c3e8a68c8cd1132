"""`sales-assets token`: making, listing and revoking tokens of machines and people.

Belongs here: these commands and what they print. Does not: anything beyond calling what does the
work.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sales_assets.cli.output import TableOrJson, TableOrJsonOption, err, out

if TYPE_CHECKING:
    from sales_assets.settings import Settings

tokens_app = typer.Typer(
    no_args_is_help=True, help="Tokens with which machines and people sign in."
)


@tokens_app.command()
def create(
    name: Annotated[
        str, typer.Argument(help="machine:NAME, or an e-mail address, as teams.yaml has it.")
    ],
    expires: Annotated[
        str, typer.Option(help="How long it counts: days (90d) or hours (12h).")
    ] = "90d",
) -> None:
    """Make a token, and print it; it cannot be shown again. Expired ones leave the list."""
    from sales_assets.platform.signing_in.tokens import TokensFile, tokens_path
    from sales_assets.settings import Settings

    settings, valid = Settings.load(), _duration(expires)
    tokens = TokensFile(tokens_path(settings))
    expired = [token.id for token in tokens.current().values() if not token.counts]
    without = f", without the expired {', '.join(expired)}" if expired else ""
    with _told(settings, "create", f"token of {name}{without}"):
        entry, token = tokens.create(name, valid)
    err.print(
        f"Token {entry.id} of {entry.name}, until {entry.expires:%Y-%m-%d %H:%M} UTC. Keep it "
        "safe; it is not shown again:",
        soft_wrap=True,
        markup=False,
    )
    out.print(token, soft_wrap=True, markup=False)
    _warn_of_strangers(settings.teams_file, entry.name)


@tokens_app.command("list")
def list_tokens(shape: TableOrJsonOption = TableOrJson.TABLE) -> None:
    """Show whose tokens there are, and until when they count."""
    import json

    from rich.table import Table

    from sales_assets.platform.signing_in.tokens import TokensFile, tokens_path
    from sales_assets.settings import Settings

    tokens = TokensFile(tokens_path(Settings.load())).current().values()
    if shape is TableOrJson.JSON:
        found = [token.model_dump(mode="json", exclude={"sha256"}) for token in tokens]
        out.print(json.dumps(found, indent=2), soft_wrap=True, markup=False)
        return
    table = Table("id", "name", "created", "expires", "")
    for token in tokens:
        table.add_row(
            token.id,
            token.name,
            f"{token.created:%Y-%m-%d %H:%M}",
            f"{token.expires:%Y-%m-%d %H:%M}",
            "" if token.counts else "expired",
        )
    out.print(table)


@tokens_app.command()
def revoke(
    token_id: Annotated[str, typer.Argument(metavar="ID", help="As `token list` shows it.")],
) -> None:
    """End a token, and all sessions that began with it, at once."""
    from sales_assets.platform.signing_in.tokens import TokensFile, tokens_path
    from sales_assets.settings import Settings

    settings = Settings.load()
    with _told(settings, "revoke", f"token:{token_id}"):
        gone = TokensFile(tokens_path(settings)).revoke(token_id)
    out.print(f"Token {gone.id} of {gone.name} no longer counts.", soft_wrap=True, markup=False)


@contextmanager
def _told(settings: Settings, what: str, target: str) -> Iterator[None]:
    """Tell the audit log; without it no token is made or ended."""
    from sales_assets.platform.audit.local import told
    from sales_assets.platform.audit.opening import open_audit_log

    with closing(open_audit_log(settings)) as log, told(log, f"token {what}", target, {}):
        yield


def _duration(text: str) -> timedelta:
    from sales_assets.errors import UsageError

    found = re.fullmatch(r"([1-9]\d{0,4})([dh])", text)
    if found is None:
        raise UsageError(f"--expires {text}: write days or hours, like 90d or 12h")
    number = int(found[1])
    return timedelta(days=number) if found[2] == "d" else timedelta(hours=number)


def _warn_of_strangers(teams_file: Path | None, name: str) -> None:
    """Say if teams.yaml gives the token's owner no rights."""
    from sales_assets.platform.access import Access
    from sales_assets.platform.people import Person
    from sales_assets.platform.teams_file import read_teams

    if teams_file is not None and not Access(read_teams(teams_file), Person(name)).is_known:
        err.print(f"{teams_file} gives {name} no rights yet.", soft_wrap=True, markup=False)
