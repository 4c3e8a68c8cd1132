"""An installation whose teams deploy from a small repository, and runs of what they deployed.

Belongs here: making the repository's versions, deploying without a package index, launching runs
as the daemon does, ending every server. Does not: any expectation.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import dagster as dg
from dagster._cli.job import _create_run
from dagster._core.utils import make_new_run_id
from dagster._core.workspace.context import WorkspaceProcessContext
from dagster._core.workspace.load_target import WorkspaceFileTarget

from sales_assets.instance.embedded import embedded_instance
from sales_assets.platform.audit.entries import Auditor
from sales_assets.platform.deployments import processes
from sales_assets.platform.deployments.deploying import Deployments
from sales_assets.platform.deployments.environments import OwnEnvironment
from sales_assets.platform.deployments.folders import Folders
from sales_assets.platform.deployments.making import Maker, Wanted
from sales_assets.platform.deployments.records import Record, Server, read_record
from sales_assets.platform.teams_file import read_teams
from sales_assets.settings import Settings
from sales_assets_tests.platform.small import TEAMS
from sales_assets_tests.serving import until

CODE = """
import os, time
from pathlib import Path
import dagster as dg

TEAM, MARKS = os.environ["SALES_ASSETS_TEAM"], Path(os.environ["MARKS"])


@dg.asset(key=[{prefix}, "orders"])
def orders(context):
    (MARKS / "begun").write_text("{version}")
    while not (MARKS / "go").exists():
        time.sleep(0.05)
    from team_code.late import VERSION  # read only now: from the files that the run began with
    (MARKS / "ended").write_text("{version} " + VERSION)


defs = dg.Definitions([orders], jobs=[dg.define_asset_job("load", "*")])
"""
GOOD, BAD_IMPORT, BAD_PREFIX, BAD_START = "TEAM", "no_such_name", '"beta"', "os._exit(3)"


def git(folder: Path, *arguments: str) -> str:
    who = ["-c", "user.name=A", "-c", "user.email=a@example.com", "-c", "commit.gpgsign=false"]
    command = ["git", *who, "-C", str(folder), *arguments]
    return subprocess.run(
        command, check=True, capture_output=True, text=True, timeout=60
    ).stdout.strip()


def make_repository(folder: Path) -> Path:
    folder.mkdir()
    git(folder, "init", "--quiet", "--initial-branch", "main")
    (folder / "pyproject.toml").write_text('[project]\nname = "team-code"\nversion = "1"\n')
    return folder


def commit(folder: Path, tag: str, prefix: str = GOOD) -> str:
    """A version of the team's code, with a tag; its commit."""
    package = folder / "team_code"
    package.mkdir(exist_ok=True)
    (package / "__init__.py").touch()
    (package / "late.py").write_text(f'VERSION = "{tag}"\n')
    (package / "definitions.py").write_text(CODE.format(version=tag, prefix=prefix))
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", tag)
    git(folder, "tag", tag)
    return git(folder, "rev-parse", "HEAD")


@dataclass(frozen=True)
class Trial:
    """The installation."""

    home: Path
    repository: Path

    @property
    def settings(self) -> Settings:
        return Settings(
            home=self.home,
            teams_file=self.home / "teams.yaml",
            deploy_grace_seconds=0,
            deploy_start_seconds=120,
            deploy_keep_releases=2,
        )

    @property
    def folders(self) -> Folders:
        return Folders(self.home)

    def deployments(self, auditor: Auditor | None = None) -> Deployments:
        settings = self.settings
        teams = read_teams(self.home / "teams.yaml")
        return Deployments(Maker.of(settings, teams, OwnEnvironment()), auditor)

    def deploy(self, team: str, tag: str) -> None:
        self.deployments().deploy(team, self.wanted(tag))

    def wanted(self, tag: str) -> Wanted:
        return Wanted(tag, str(self.repository), "team_code.definitions", "defs")

    def record(self, team: str) -> Record:
        return read_record(self.folders, team)

    def server(self, team: str) -> Server:
        current = self.record(team).current
        assert current is not None
        return current

    def marks(self, team: str) -> Path:
        return self.home / "marks" / team

    def servers(self) -> dict[int, Path]:
        return processes.running_below(self.folders.sockets, "")

    @contextmanager
    def instance(self) -> Iterator[dg.DagsterInstance]:
        with dg.DagsterInstance.from_config(str(self.settings.dagster_home)) as instance:
            yield instance

    def launch(self, team: str) -> str:
        """Start a run as the daemon does: on the server that workspace.yaml names."""
        target = WorkspaceFileTarget([str(self.folders.workspace)])
        with self.instance() as instance, WorkspaceProcessContext(instance, target) as process:
            request = process.create_request_context()
            location = request.get_code_location(team)
            repository = location.get_repository("__repository__")
            run = _create_run(
                instance=instance,
                code_location=location,
                remote_repo=repository,
                remote_job=repository.get_full_job("load"),
                run_config={},
                tags=None,
                run_id=make_new_run_id(),
                op_selection=None,
            )
            instance.launch_run(run.run_id, request)
        return str(run.run_id)

    def until_ended(self, run_id: str) -> str:
        with self.instance() as instance:

            def ended() -> str | None:
                run = instance.get_run_by_id(run_id)
                assert run is not None
                return str(run.status.value) if run.is_finished else None

            return str(until("the end of the run", ended, seconds=120))


@contextmanager
def trial(folder: Path) -> Iterator[Trial]:
    """An installation with the teams of `small`; all its servers have ended after the block."""
    home = folder / "home"
    made = Trial(home, make_repository(folder / "repository"))
    with embedded_instance(made.settings.dagster_home):
        pass  # as the commands do before anything starts
    (home / "teams.yaml").write_text(TEAMS)
    for team in ("alpha", "beta"):
        made.marks(team).mkdir(parents=True)
        secrets = made.folders.secrets(team)
        secrets.write_text(f"SECRET_OF_{team.upper()}=hush\nMARKS={made.marks(team)}\n")
        secrets.chmod(0o600)
    try:
        yield made
    finally:
        for pid, socket in made.servers().items():
            processes.end(pid, socket)
        assert not made.servers()
        shutil.rmtree(made.folders.sockets)


def environment_of(pid: int) -> dict[str, str]:
    text = Path(f"/proc/{pid}/environ").read_bytes().decode()
    return dict(line.split("=", 1) for line in text.split("\0") if "=" in line)
