"""What the loaded code has, and whose each of it is.

Belongs here: from the workspace and teams.yaml to the labels of series. Does not: any number.

A team is the one that teams.yaml gives a code location or a first part of asset keys. Without the
file it is the owner of an asset (`team:x`, which contracts set), or what a run is tagged with.
`none` is what belongs to no team, as in the queue.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

import dagster as dg
from dagster._core.definitions.run_request import InstigatorType
from dagster._core.remote_representation.external import (
    RemoteRepository,
    RemoteSchedule,
    RemoteSensor,
)
from dagster._core.workspace.workspace import CurrentWorkspace

from sales_assets.platform.queue.stamps import NO_TEAM
from sales_assets.platform.teams import Teams

_OWNER = "team:"
_REVENUE = "revenue"


def source_label(name: str, team: str) -> str:
    """What stands for a source beside its team: `till` for `retail/till` of `retail`.

    A team may have several first parts of keys, and below two of them sources of one name. Where
    the first part is not the team's name it stays, so that no two sources share their labels.
    """
    return name.removeprefix(f"{team}/")


@dataclass(frozen=True)
class KnownAsset:
    """An asset that is materialised here."""

    key: dg.AssetKey
    team: str
    has_policy: bool
    """Whether Dagster judges its freshness."""

    @property
    def source(self) -> str | None:
        """The source whose revenue it is, if it is one's, as its label says it."""
        path = self.key.path
        is_revenue = len(path) == 3 and path[2] == _REVENUE
        return source_label("/".join(path[:2]), self.team) if is_revenue else None


@dataclass(frozen=True)
class KnownInstigator:
    """A sensor or schedule."""

    team: str
    location: str
    remote: RemoteSensor | RemoteSchedule

    @property
    def labels(self) -> tuple[str, str, str, str]:
        """Team, location, name, type."""
        is_sensor = isinstance(self.remote, RemoteSensor)
        kind = InstigatorType.SENSOR if is_sensor else InstigatorType.SCHEDULE
        return self.team, self.location, self.remote.name, kind.value.lower()


@dataclass(frozen=True)
class Known:
    """The code that is loaded, and its teams."""

    teams: frozenset[str]
    locations: Mapping[str, str]
    """Every code location, loaded or not -> its team."""
    jobs: frozenset[tuple[str, str]]
    """Team and job, of all whose runs may come."""
    instigators: Mapping[str, KnownInstigator]
    """By the id that ticks have."""
    assets: Mapping[dg.AssetKey, KnownAsset]

    @cached_property
    def sources(self) -> Mapping[str, KnownAsset]:
        """The revenue of each source, by the name that contracts have: `team/source`."""
        return {"/".join(key.path[:2]): asset for key, asset in self.assets.items() if asset.source}

    def team_of_run(self, tag: str | None, location: str | None) -> str:
        """Whose a run is, by its tags."""
        return tag or self.locations.get(location or "") or NO_TEAM


def known_of(workspace: CurrentWorkspace, teams: Teams | None) -> Known:
    """What there is."""
    of_locations = teams.locations() if teams is not None else {}
    entries = workspace.code_location_entries
    locations = {name: of_locations.get(name, NO_TEAM) for name in entries}
    assets = {asset.key: asset for asset in _assets(workspace, teams, locations)}
    repositories = [
        (name, repository)
        for name, entry in entries.items()
        if entry.code_location is not None
        for repository in entry.code_location.get_repositories().values()
    ]
    owners = {asset.team for asset in assets.values()}
    named = {*locations.values(), *owners, *(teams.teams if teams is not None else ())}
    return Known(
        teams=frozenset(named),
        locations=locations,
        jobs=frozenset(
            (team, job.name)
            for name, repository in repositories
            for job in repository.get_all_jobs()
            for team in ([locations[name]] if teams is not None else named)
        ),
        instigators=dict(_instigators(repositories, locations)),
        assets=assets,
    )


def _assets(
    workspace: CurrentWorkspace, teams: Teams | None, locations: Mapping[str, str]
) -> Iterator[KnownAsset]:
    graph = workspace.asset_graph
    for key in graph.materializable_asset_keys:
        node = graph.get(key)
        if teams is not None:
            location = graph.get_repository_handle(key).location_name
            team = teams.team_of_key(key.path[0]) or locations.get(location, NO_TEAM)
        else:
            told = [o.removeprefix(_OWNER) for o in node.owners if o.startswith(_OWNER)]
            team = told[0] if told else NO_TEAM
        yield KnownAsset(key, team, node.freshness_policy_or_from_metadata is not None)


def _instigators(
    repositories: Iterable[tuple[str, RemoteRepository]], locations: Mapping[str, str]
) -> Iterator[tuple[str, KnownInstigator]]:
    for name, repository in repositories:
        remotes: list[RemoteSensor | RemoteSchedule] = [
            *repository.get_sensors(),
            *repository.get_schedules(),
        ]
        for remote in remotes:
            yield remote.selector_id, KnownInstigator(locations[name], name, remote)
