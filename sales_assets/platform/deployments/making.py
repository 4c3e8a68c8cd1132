"""Making a release ready: its files, its environment, its parsed models.

Belongs here: from a tag, or a folder, to a `Release`. Does not: serving it (`switching`).
"""

from __future__ import annotations

import logging
import shutil
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from sales_assets.errors import SalesAssetsError, UsageError
from sales_assets.platform.deployments.checkouts import Checkouts
from sales_assets.platform.deployments.commands import call
from sales_assets.platform.deployments.environments import (
    Environments,
    OwnEnvironment,
    VirtualEnvironments,
)
from sales_assets.platform.deployments.folders import Folders
from sales_assets.platform.deployments.records import (
    Record,
    Release,
    read_record,
    recorded_teams,
)
from sales_assets.platform.deployments.secrets import read_secrets
from sales_assets.platform.deployments.surroundings import surroundings
from sales_assets.platform.teams import Builds, Teams
from sales_assets.settings import PROJECT, Settings, variables_for_tools

MODULE, ATTRIBUTE = "sales_assets.definitions", "defs"
_log = logging.getLogger("sales_assets")


@dataclass(frozen=True)
class Wanted:
    """What is to be deployed; what is left out is as in the team's release before."""

    ref: str
    repository: str | None = None
    module: str | None = None
    attribute: str | None = None


@dataclass(frozen=True)
class Maker:
    """Makes releases of an installation's teams."""

    settings: Settings
    teams: Teams
    folders: Folders
    environments: Environments

    @classmethod
    def of(
        cls, settings: Settings, teams: Teams, environments: Environments | None = None
    ) -> Maker:
        """One that makes virtual environments, if no other ones are given."""
        folders = Folders(settings.home)
        own = environments or VirtualEnvironments(
            folders,
            variables_for_tools(),
            settings.deploy_build_seconds,
            ("distributed",) if settings.dagster_postgres_url else (),
        )
        return cls(settings, teams, folders, own)

    def from_git(self, record: Record, wanted: Wanted) -> Release:
        """A release of a tag, branch or commit. After an error nothing of it is left."""
        before = record.latest
        repository = wanted.repository or (before and before.repository) or str(PROJECT)
        if wanted.repository and Path(wanted.repository).exists():
            repository = str(Path(wanted.repository).absolute())
        checkouts = Checkouts(
            self.folders, repository, variables_for_tools(), self.settings.deploy_build_seconds
        )
        _log.info("Looking for %s in %s", wanted.ref, repository)
        commit = checkouts.resolve(wanted.ref)
        number = record.next_number(self._highest(record.team))
        folder = self.folders.releases(record.team) / str(number)
        try:
            _log.info("Checking out %s as release %d of %s", commit[:12], number, record.team)
            checkouts.check_out(commit, folder)
            _log.info("Looking after the environment")
            release = Release(
                number=number,
                ref=wanted.ref,
                commit=commit,
                repository=repository,
                module=wanted.module or (before.module if before else MODULE),
                attribute=wanted.attribute or (before.attribute if before else ATTRIBUTE),
                folder=folder,
                python=self.environments.python_for(folder),
                made_at=datetime.now(UTC),
            )
            self.prepare(record.team, release)
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        return release

    def from_folder(self, record: Record, folder: Path, module: str, attribute: str) -> Release:
        """A release that is a folder as it is, run with this process's own Python.

        The same folder is the same release again.
        """
        latest = record.latest
        same = (
            latest is not None
            and latest.commit is None
            and (latest.folder, latest.module, latest.attribute) == (folder, module, attribute)
        )
        new = record.next_number(self._highest(record.team))
        release = Release(
            number=latest.number if latest and same else new,
            ref=str(folder),
            commit=None,
            repository=None,
            module=module,
            attribute=attribute,
            folder=folder,
            python=OwnEnvironment().python_for(folder),
            made_at=datetime.now(UTC),
        )
        self.prepare(record.team, release)
        return release

    def surroundings(self, team: str, release: Release) -> dict[str, str]:
        """The environment of a team's programs."""
        return surroundings(
            self.settings,
            team,
            self.teams.teams[team],
            release,
            read_secrets(self.folders.secrets(team)),
        )

    def prepare(self, team: str, release: Release) -> None:
        """Parse the release's models, if the team has any to run."""
        shared = self.teams.teams[team].builds is Builds.SHARED
        if not shared or not (release.folder / "dbt_project").is_dir():
            return
        _log.info("Parsing the dbt project of %s", team)
        call(
            [release.python, "-m", "sales_assets", "prepare"],
            what="sales-assets prepare",
            environment=self.surroundings(team, release),
            seconds=self.settings.deploy_build_seconds,
            folder=release.folder,
        )

    def location(self, team: str) -> str:
        """The code location of a team; raises UsageError if teams.yaml has no such team."""
        if team not in self.teams.teams:
            known = ", ".join(sorted(self.teams.teams))
            raise UsageError(f"{team!r} is no team; teams.yaml has {known}")
        return str(self.teams.teams[team].location)

    def remove_unused(self, team: str) -> None:
        """Remove what no release that is known needs; what cannot be removed stays, and is logged.

        The records say what is used, as they are now: after an interruption nobody else knows how
        far a switch has come. If another team's cannot be read, no environment goes.
        """
        try:
            self._remove_unused(read_record(self.folders, team))
        except (SalesAssetsError, OSError) as error:
            _log.warning("What is not used any more stays: %s", error)

    def _remove_unused(self, record: Record) -> None:
        known = {str(release.number) for release in record.releases}
        for folder in self.folders.releases(record.team).iterdir():
            if folder.name not in known:
                shutil.rmtree(folder, ignore_errors=True)
        names = set(recorded_teams(self.folders)) - {record.team}
        records = [record, *(read_record(self.folders, name) for name in names)]
        used = {release.python for one in records for release in one.releases}
        self.environments.prune(used)

    def _highest(self, team: str) -> int:
        names = [folder.name for folder in self.folders.releases(team).iterdir()]
        return max((int(name) for name in names if name.isdecimal()), default=0)
