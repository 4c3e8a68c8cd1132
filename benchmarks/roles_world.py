"""Installations of three teams with a history, as `roles` asks them.

Belongs here: code locations, the history, teams.yaml, and the applications over them. Does not:
asking or measuring.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import dagster as dg
import yaml
from dagster._core.definitions.job_base import InMemoryJob
from dagster._core.execution.api import execute_run
from dagster._core.execution.backfill import BulkActionStatus, PartitionBackfill
from dagster._core.remote_origin import InProcessCodeLocationOrigin
from dagster._core.remote_representation.external import RemoteRepository
from dagster._core.test_utils import create_run_for_test
from dagster._core.types.loadable_target_origin import LoadableTargetOrigin
from dagster._core.workspace.context import WorkspaceProcessContext
from dagster._core.workspace.load_target import InProcessWorkspaceLoadTarget
from dagster_webserver.webserver import DagsterWebserver
from starlette.types import ASGIApp

from sales_assets.platform.assembling import assembled
from sales_assets.platform.context import TeamProcessContext
from sales_assets.platform.serving import OVERFLOW, RECYCLE_SECONDS, STATEMENT_MS
from sales_assets.platform.signing_in.tokens import TokensFile, tokens_path
from sales_assets.platform.teams_file import TeamsFile
from sales_assets.platform.webserver import TeamWebserver
from sales_assets.settings import Settings
from sales_assets_tests.platform.scoping.world import instance_on
from sales_assets_tests.services import database

TEAMS = ("alpha", "beta", "gamma")
SEEN = TEAMS[:2]
"""The teams that are hidden from nobody."""
ASSETS, RUNS, BACKFILLS = 100, 70, 10
"""Of each team."""
EXECUTED = 10
"""Assets of the run that has a log; the others are told without a run."""
MEMBER, ADMIN = "lars@example.com", "root@example.com"


def _definitions(team: str) -> dg.Definitions:
    def made(number: int) -> dg.AssetsDefinition:
        above = [dg.AssetKey([team, f"a{number - 1}"])] if number else []

        @dg.asset(key=[team, f"a{number}"], deps=above)
        def asset() -> None:
            return

        return asset

    assets = [made(number) for number in range(ASSETS)]
    job = dg.define_asset_job(
        "load", [asset.key for asset in assets], executor_def=dg.in_process_executor
    )
    schedule = dg.ScheduleDefinition(name="nightly", job=job, cron_schedule="0 3 * * *")
    return dg.Definitions(assets=assets, jobs=[job], schedules=[schedule])


alpha, beta, gamma = (_definitions(team) for team in TEAMS)


def run_id(team: str, number: int) -> str:
    """The id of a run, the same in every installation."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"{team}/{number}"))


@dataclass(frozen=True)
class Served:
    """An application, and the bearer token of each person there; Dagster's own has none."""

    app: ASGIApp
    tokens: dict[str, str]


@contextmanager
def applications(kind: str, folder: Path) -> Iterator[dict[str, Served]]:
    """Dagster's webserver and the one for teams, with their instances on a kind of database.

    `plain` and `open` serve all teams, with nothing hidden. `private` serves the same, and gamma
    is hidden from who is not in it; `plain without gamma` is what there is if it is not there.
    """
    with ExitStack() as stack:

        def instance(name: str, teams: Sequence[str]) -> dg.DagsterInstance:
            address = stack.enter_context(database(kind, folder / "unused.sqlite"))
            made = stack.enter_context(instance_on(address, folder / name))
            _make_history(made, teams)
            made.optimize_for_webserver(STATEMENT_MS, RECYCLE_SECONDS, OVERFLOW)
            return made

        def plain(of: dg.DagsterInstance, teams: Sequence[str]) -> Served:
            context = stack.enter_context(WorkspaceProcessContext(of, _target(teams)))
            return Served(DagsterWebserver(context).create_asgi_app(), {})

        def with_teams(of: dg.DagsterInstance, is_private: bool) -> Served:
            home = folder / f"home_{is_private}"
            home.mkdir()
            audit = stack.enter_context(database(kind, home / "audit.sqlite"))
            settings = Settings(home=home, audit_url=audit.replace("+psycopg2", ""))
            tokens = TokensFile(tokens_path(settings))
            of_person = {one: tokens.create(one, timedelta(days=1))[1] for one in (MEMBER, ADMIN)}
            (home / "teams.yaml").write_text(yaml.safe_dump(_teams(is_private)))
            file = TeamsFile(home / "teams.yaml")
            parts = stack.enter_context(assembled(settings, file))
            context = stack.enter_context(
                TeamProcessContext(of, _target(TEAMS), file.current, parts.auditor)
            )
            server = TeamWebserver(context, parts.middleware, parts.routes)
            return Served(server.create_asgi_app(), of_person)

        whole, without = instance("whole", TEAMS), instance("without", SEEN)
        yield {
            "plain": plain(whole, TEAMS),
            "plain without gamma": plain(without, SEEN),
            "open": with_teams(whole, is_private=False),
            "private": with_teams(whole, is_private=True),
        }


def _teams(is_private: bool) -> dict[str, object]:
    teams: dict[str, object] = {
        team: {
            "members": {"launcher": [MEMBER]} if team in SEEN else {},
            "private": is_private and team not in SEEN,
        }
        for team in TEAMS
    }
    return {"version": 1, "admins": [ADMIN], "teams": teams}


def _target(teams: Sequence[str]) -> InProcessWorkspaceLoadTarget:
    return InProcessWorkspaceLoadTarget(
        [
            InProcessCodeLocationOrigin(
                LoadableTargetOrigin(module_name=__name__, attribute=team, executable_path=""),
                location_name=team,
            )
            for team in teams
        ]
    )


def _make_history(instance: dg.DagsterInstance, teams: Sequence[str]) -> None:
    """What the teams have done, in turns, so that each page has some of all."""
    with WorkspaceProcessContext(instance, _target(teams)) as workspace:
        context = workspace.create_request_context()
        repositories = {
            team: context.get_code_location(team).get_repository("__repository__") for team in teams
        }
    for team, repository in repositories.items():
        _execute(instance, team, repository)
    for number in range(1, RUNS):
        for team, repository in repositories.items():
            job = repository.get_full_job("load")
            create_run_for_test(
                instance,
                job_name="load",
                run_id=run_id(team, number),
                status=dg.DagsterRunStatus.SUCCESS,
                remote_job_origin=job.get_remote_origin(),
                job_snapshot=job.job_snapshot,
                tags={"purpose": "benchmark"},
            )
            if number <= BACKFILLS:
                instance.add_backfill(_backfill(team, number))


def _execute(instance: dg.DagsterInstance, team: str, repository: RemoteRepository) -> None:
    definitions: dg.Definitions = globals()[team]
    keys = [dg.AssetKey([team, f"a{number}"]) for number in range(ASSETS)]
    chosen = frozenset(keys[:EXECUTED])
    job = definitions.resolve_job_def("load").get_subset(asset_selection=chosen)
    run = instance.create_run_for_job(
        job,
        run_id=run_id(team, 0),
        asset_selection=chosen,
        remote_job_origin=repository.get_full_job("load").get_remote_origin(),
    )
    execute_run(InMemoryJob(job), run, instance)
    for key in keys[EXECUTED:]:
        instance.report_runless_asset_event(dg.AssetMaterialization(key))


def _backfill(team: str, number: int) -> PartitionBackfill:
    return PartitionBackfill(
        backfill_id=run_id(team, -number)[:8],
        status=BulkActionStatus.COMPLETED_SUCCESS,
        from_failure=False,
        tags={},
        backfill_timestamp=1_768_262_400.0 + number,
        asset_selection=[dg.AssetKey([team, f"a{number}"])],
    )
