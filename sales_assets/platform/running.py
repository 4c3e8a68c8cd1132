"""The whole installation on one machine, for trying it out: `make platform`.

Belongs here: what runs, in which order, and that it ends together. Does not: any of the parts. The
working tree is what serves, as it is: there is nothing to tag, and no environment to make.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from sales_assets.errors import SalesAssetsError, UsageError
from sales_assets.landing import land_file
from sales_assets.platform.deployments.children import Child, end_all
from sales_assets.platform.deployments.deploying import AnotherDeploymentError, Deployments
from sales_assets.platform.deployments.locks import held
from sales_assets.platform.deployments.making import ATTRIBUTE, MODULE
from sales_assets.platform.deployments.noted import end_noted, note
from sales_assets.platform.deployments.workspace import ensure_workspace
from sales_assets.platform.roles import Role
from sales_assets.platform.teams import GROUP, MACHINE, Team, Teams
from sales_assets.settings import PROJECT, Settings

_LOOK_SECONDS = 1.0
_SERVERS_SECONDS = 15.0
"""How often code servers are looked after; asking one takes a while."""
_RUNS_SECONDS = 5.0
"""How long runs may go on once the installation is to end."""
_log = logging.getLogger("sales_assets")


@dataclass(frozen=True)
class Tree:
    """Code that is served as it lies in a folder."""

    folder: Path = PROJECT
    module: str = MODULE
    attributes: Mapping[str, str] = field(default_factory=dict)
    """By team, where it is not the project's own."""


@dataclass(frozen=True)
class Installation:
    """An installation whose parts run as long as this process does."""

    settings: Settings
    deployments: Deployments
    commands: Mapping[str, Sequence[str]]
    """Programs by name that are watched, such as webserver and daemon."""
    environment: Mapping[str, str]
    tree: Tree = Tree()

    @contextmanager
    def running(self) -> Iterator[list[Child]]:
        """Everything runs within the block, and has ended after it.

        Raises UsageError if the installation runs already.
        """
        folders = self.deployments.maker.folders
        busy = UsageError(f"{folders.home}: the installation runs already; end it first")
        with held(folders.lock("platform"), 0, busy):
            end_noted(folders.children)
            children = [self._child(name) for name in self.commands]
            try:
                self.start_servers()
                self._look_after(children)
                yield children
            finally:
                self._end(children)

    def watch(self, children: Sequence[Child], ending: threading.Event) -> None:
        """Look after everything until the installation is to end."""
        looked = Child.now()
        while not ending.wait(_LOOK_SECONDS):
            now = self._look_after(children)
            if now - looked > _SERVERS_SECONDS:
                for team in self.deployments.teams():
                    self._keep_serving(team)
                looked = Child.now()

    def _look_after(self, children: Sequence[Child]) -> float:
        """Look after programs, and note those that were started; when that was."""
        now, before = Child.now(), [child.pid for child in children]
        for child in children:
            child.look_after(now)
        if (pids := [child.pid for child in children]) != before:
            note(self.deployments.maker.folders.children, (pid for pid in pids if pid is not None))
        return now

    def start_servers(self) -> None:
        """Let the working tree serve every team; one that fails does not keep the others."""
        teams = list(self.deployments.maker.teams.teams)
        ensure_workspace(self.deployments.maker.folders)
        with ThreadPoolExecutor(max_workers=len(teams)) as pool:
            list(pool.map(self._serve, teams))

    def _serve(self, team: str) -> None:
        attribute = self.tree.attributes.get(team, ATTRIBUTE)
        try:
            self.deployments.deploy_folder(team, self.tree.folder, self.tree.module, attribute)
        except SalesAssetsError as error:
            _log.error("%s does not serve: %s", team, error)

    def _keep_serving(self, team: str) -> None:
        try:
            self.deployments.drain(team, 0)
            if self.deployments.start(team):
                _log.warning("The code server of %s had ended; it was started again", team)
        except AnotherDeploymentError:
            return
        except SalesAssetsError as error:
            _log.error("%s does not serve: %s", team, error)

    def _child(self, name: str) -> Child:
        log = self.deployments.maker.folders.log(name, 0).with_name(f"{name}.log")
        return Child(name, self.commands[name], self.environment, PROJECT, log)

    def _end(self, children: Sequence[Child]) -> None:
        end_all(children)
        self.deployments.maker.folders.children.unlink(missing_ok=True)
        for team in self.deployments.teams():
            try:
                self.deployments.stop(team, _RUNS_SECONDS)
            except SalesAssetsError as error:
                _log.error("%s: %s", team, error)


def land_sample(settings: Settings, sample: Path, sources: Sequence[str]) -> None:
    """Put the sample's drops into the landing zone, where the sensors find them."""
    for source in sources:
        land_file(settings, sample / f"{source}.csv.gz", source)


def somebody_of(teams: Teams, name: str) -> str | None:
    """The person with the highest role in a team, to try it as."""
    team: Team = teams.teams[name]
    for role in sorted(Role, reverse=True):
        for member in team.members.get(role, ()):
            people = (
                teams.groups.get(member.removeprefix(GROUP), ())
                if member.startswith(GROUP)
                else (member,)
            )
            for person in people:
                if not person.startswith(MACHINE):
                    return person
    return None
