"""`sales-assets deploy`: one team's code location, without the others noticing.

Belongs here: these commands and what they print. Does not: what they do (`platform.deployments`).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from sales_assets.cli.output import TableOrJson, TableOrJsonOption, err, out, progress

if TYPE_CHECKING:
    from sales_assets.platform.deployments.deploying import Deployments

_DEPLOY = "run"


class _TeamFirst(TyperGroup):
    """`deploy TEAM ...` is `deploy run TEAM ...`."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """The command that the first word names, or else `run` for the team of that name."""
        if args and args[0] not in self.commands and not args[0].startswith("-"):
            args = [_DEPLOY, *args]
        return super().resolve_command(ctx, args)


deploy_app = typer.Typer(
    cls=_TeamFirst,
    no_args_is_help=True,
    help="Deploy one team's code: `sales-assets deploy TEAM --ref TAG`.",
)
TeamArgument = Annotated[str, typer.Argument(help="As teams.yaml names it.")]
WaitOption = Annotated[
    bool,
    typer.Option(
        "--wait/--no-wait",
        help="Wait until the server before has ended its runs; it ends after them by itself, once "
        "it has been told to, which any later deploy command does.",
    ),
]


@deploy_app.command(_DEPLOY)
def run(
    team: TeamArgument,
    ref: Annotated[str, typer.Option("--ref", help="A tag, branch or commit.")],
    repository: Annotated[
        str | None,
        typer.Option("--repository", help="Path or URL; default: as before, or this project."),
    ] = None,
    module: Annotated[
        str | None,
        typer.Option("--module", help="With the definitions; default: as before, or this project."),
    ] = None,
    attribute: Annotated[
        str | None, typer.Option("--attribute", help="Of the module; default: as before, or defs.")
    ] = None,
    wait: WaitOption = True,
) -> None:
    """Let a tag of a team's repository serve; what served before goes on if it does not do."""
    from sales_assets.platform.deployments.making import Wanted

    with progress(), _deployments() as deployments:
        release = deployments.deploy(team, Wanted(ref, repository, module, attribute))
        out.print(f"{team}: {release.ref} serves as release {release.number}.")
        _drain(deployments, team, wait=wait)


@deploy_app.command()
def rollback(team: TeamArgument, wait: WaitOption = True) -> None:
    """Let the release before serve again; once more goes further back."""
    with progress(), _deployments() as deployments:
        release = deployments.rollback(team)
        out.print(f"{team}: {release.ref} serves again, as release {release.number}.")
        _drain(deployments, team, wait=wait)


@deploy_app.command()
def status(output: TableOrJsonOption = TableOrJson.TABLE) -> None:
    """What serves each team, and which servers still have runs to end."""
    from sales_assets.platform.deployments.folders import Folders
    from sales_assets.platform.deployments.overview import overview
    from sales_assets.settings import Settings

    settings = Settings.load()
    found = overview(Folders(settings.home), settings.deploy_grace_seconds)
    if output is TableOrJson.JSON:
        out.print_json(data=[one.as_json() for one in found])
        return
    if not found:
        out.print("Nothing was deployed yet.")
    for one in found:
        release, server = one.record.latest, one.record.current
        out.print(f"[bold]{one.record.team}[/]: {one.state}")
        if release is not None:
            commit = release.commit[:12] if release.commit else "as it is"
            out.print(f"  release {release.number}: {release.ref} ({commit})")
        if server is not None:
            out.print(f"  process {server.pid} since {server.since:%Y-%m-%d %H:%M} UTC")
            out.print(f"  socket {server.socket}", soft_wrap=True)
            out.print(f"  runs under way: {len(one.runs)}")
        for gone in one.leaving:
            takes = ", takes runs until the daemon has seen the new one" if gone.takes_runs else ""
            out.print(
                f"  release {gone.server.release} ends after {len(gone.runs)} runs{takes} "
                f"(process {gone.server.pid})",
                soft_wrap=True,
            )
        if one.before:
            before = ", ".join(f"{old.number} ({old.ref})" for old in one.before)
            out.print(f"  before: {before}", soft_wrap=True)


@deploy_app.command()
def start() -> None:
    """Start the server of each team that has none, as after a reboot."""
    from sales_assets.errors import SalesAssetsError

    failed = False
    with progress(), _deployments() as deployments:
        for team in deployments.teams():
            try:
                started = deployments.start(team)
            except SalesAssetsError as error:  # the others start all the same
                failed = True
                err.print(f"{team}: {error}", style="red", markup=False, soft_wrap=True)
            else:
                out.print(f"{team}: {'started' if started else 'nothing to start'}.")
    if failed:
        raise typer.Exit(1)


@deploy_app.command()
def stop(
    team: Annotated[str | None, typer.Argument(help="Default: all.")] = None,
    seconds: Annotated[
        float, typer.Option("--seconds", min=0, help="Runs that take longer are cancelled.")
    ] = 600.0,
) -> None:
    """Stop the server of a team, or of all, after its runs; `deploy start` brings it back."""
    with progress(), _deployments() as deployments:
        for name in [team] if team else deployments.teams():
            deployments.stop(name, seconds)
            out.print(f"{name}: stopped.")


@contextmanager
def _deployments() -> Iterator[Deployments]:
    """Those of the settings' installation, with its instance made if it is new."""
    from sales_assets.errors import UsageError
    from sales_assets.instance.embedded import embedded_instance
    from sales_assets.platform.audit.opening import open_audit_log
    from sales_assets.platform.deployments.deploying import Deployments
    from sales_assets.platform.deployments.making import Maker
    from sales_assets.platform.teams_file import read_teams
    from sales_assets.settings import PREFIX, Settings, find_dagster_home

    settings = Settings.load()
    if settings.teams_file is None:
        raise UsageError(f"{PREFIX}TEAMS_FILE is not set; it names the file of the teams")
    with embedded_instance(find_dagster_home(settings), settings):
        pass  # code servers that start together would all make the tables
    with closing(open_audit_log(settings)) as auditor:
        yield Deployments(Maker.of(settings, read_teams(settings.teams_file)), auditor)


def _drain(deployments: Deployments, team: str, *, wait: bool) -> None:
    """Wait for the servers before, as long as the settings say."""
    seconds = deployments.maker.settings.deploy_drain_seconds if wait else 0
    for left in deployments.drain(team, seconds):
        out.print(
            f"Release {left.server.release} is still there with {len(left.runs)} runs (process "
            f"{left.server.pid}); `sales-assets deploy status` shows it.",
            soft_wrap=True,
        )
