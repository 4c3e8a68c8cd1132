"""`sales-assets platform`: the whole installation on this machine, until Ctrl-C.

Belongs here: the command, its settings' defaults, and what it prints. Does not: what runs
(`platform.running`).
"""

from __future__ import annotations

import os
import shlex
import signal
import sys
import threading
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sales_assets.cli.output import err, out, progress

if TYPE_CHECKING:
    from sales_assets.platform.running import Installation
    from sales_assets.settings import Settings

_SAMPLE = ("pizzaplace", "global_sales")
_TRIED_AS = ("retail", "global")
_TOKENS_COUNT = timedelta(hours=12)


def platform(
    port: Annotated[int, typer.Option("--port", "-p")] = 3000,
    sample: Annotated[
        bool, typer.Option(help="Land the sample's drops, so that there is something to see.")
    ] = True,
) -> None:
    """Run webserver, daemon and every team's code server until Ctrl-C; two sign-ins are printed."""
    from sales_assets.platform.deployments.folders import Folders
    from sales_assets.settings import PREFIX, PROJECT, Settings

    os.environ.setdefault(f"{PREFIX}HOME", str(PROJECT / ".sales_assets_platform"))
    os.environ.setdefault(f"{PREFIX}TEAMS_FILE", str(PROJECT / "deploy" / "teams.yaml"))
    settings, ending = Settings.load(), _ending_on_signals()
    with progress(), ExitStack() as stack:
        if settings.dagster_postgres_url is None:
            from sales_assets.platform.deployments.own_postgres import own_postgres

            data = Folders(settings.home).root / "postgres"
            os.environ[f"{PREFIX}DAGSTER_POSTGRES_URL"] = stack.enter_context(own_postgres(data))
            settings = Settings.load()
        if sample:
            from sales_assets.platform.running import land_sample

            land_sample(settings, PROJECT / "sample_data", _SAMPLE)
        sign_ins = _sign_ins(settings)  # before the webserver, which serves nobody who could not
        installation = _installation(settings, port, stack)
        children = stack.enter_context(installation.running())
        for who, token in sign_ins:
            out.print(f"{who}: http://127.0.0.1:{port}", markup=False, soft_wrap=True)
            out.print(f"  token: {token}", markup=False, soft_wrap=True)
        out.print("In another terminal, for `sales-assets teams`, `queue`, `audit show` and so on:")
        out.print(f"  {_exports(settings)}", markup=False, soft_wrap=True)
        out.print("Ctrl-C ends everything; what was computed stays.")
        installation.watch(children, ending)
        err.print("Ending.")


def _exports(settings: Settings) -> str:
    """A line for a shell, after which commands are about this installation.

    A password is not shown: who has set the address of the database can set it again.
    """
    from sqlalchemy import make_url

    from sales_assets.settings import PREFIX

    assert settings.dagster_postgres_url is not None
    assert settings.teams_file is not None
    address = make_url(settings.dagster_postgres_url.get_secret_value())
    values = {
        "HOME": settings.home.resolve(),
        "TEAMS_FILE": settings.teams_file.resolve(),
        "DAGSTER_POSTGRES_URL": address.render_as_string(hide_password=True),
    }
    return "export " + " ".join(
        f"{PREFIX}{name}={shlex.quote(str(value))}" for name, value in values.items()
    )


def _ending_on_signals() -> threading.Event:
    """Set when the process is to end; a signal interrupts no step of starting or ending."""
    ending = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ending.set())
    return ending


def _installation(settings: Settings, port: int, stack: ExitStack) -> Installation:
    from sales_assets.instance.embedded import embedded_instance
    from sales_assets.platform.audit.opening import open_audit_log
    from sales_assets.platform.deployments.deploying import Deployments
    from sales_assets.platform.deployments.making import Maker
    from sales_assets.platform.deployments.workspace import ensure_workspace
    from sales_assets.platform.running import Installation
    from sales_assets.platform.teams_file import read_teams
    from sales_assets.settings import set_variables

    with embedded_instance(settings.dagster_home, settings):
        pass  # Opening it makes what is not there: the folder, its configuration, tables, limits.
    assert settings.teams_file is not None
    maker = Maker.of(settings, read_teams(settings.teams_file))
    workspace = str(ensure_workspace(maker.folders))
    own = [sys.executable, "-m", "sales_assets"]
    daemon = str(Path(sys.executable).with_name("dagster-daemon"))
    commands = {
        "webserver": [*own, "serve", "--port", str(port), "--workspace", workspace],
        "daemon": [daemon, "run", "-w", workspace],
    }
    auditor = open_audit_log(settings)
    stack.callback(auditor.close)
    return Installation(settings, Deployments(maker, auditor), commands, set_variables())


def _sign_ins(settings: Settings) -> list[tuple[str, str]]:
    """Somebody of each team that is tried, as the file names them, and a token of theirs."""
    from sales_assets.platform.running import somebody_of
    from sales_assets.platform.signing_in.tokens import TokensFile, tokens_path
    from sales_assets.platform.teams_file import read_teams

    assert settings.teams_file is not None
    teams, tokens = read_teams(settings.teams_file), TokensFile(tokens_path(settings))
    people = {team: somebody_of(teams, team) for team in _TRIED_AS if team in teams.teams}
    return [
        (f"{person}, of {team}", tokens.create(person, _TOKENS_COUNT)[1])
        for team, person in people.items()
        if person is not None
    ]
