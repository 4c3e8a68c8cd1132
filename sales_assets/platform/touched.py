"""What a mutation touches: the code locations whose matter its arguments are.

Belongs here: from a mutation's arguments to everything that they name, directly or by an id. Does
not: which mutation has which arguments (`mutations`), or who may touch what (`access`).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import dagster as dg
from dagster._core.storage.tags import PARENT_RUN_ID_TAG, ROOT_RUN_ID_TAG

if TYPE_CHECKING:  # the context names what it refuses itself
    from sales_assets.platform.context import TeamRequestContext

Arguments = Mapping[str, Any]
NOTHING_FOUND = frozenset({None})
"""Of what is not there, or not to be seen by who asks; only administrators may touch it."""
_LONGEST = 200


@dataclass(frozen=True)
class Touched:
    """What a mutation is about (`target`), and the locations that it touches.

    None among the locations stands for what belongs to no location that is known.
    """

    target: str
    locations: frozenset[str | None] = frozenset()


def named(kind: str, names: Iterable[str], locations: Iterable[str | None]) -> Touched:
    """Things of a kind by their names, as short as the audit log wants it."""
    target = f"{kind}:{','.join(dict.fromkeys(_quoted(name) for name in names))}"
    if len(target) > _LONGEST:
        target = f"{target[: _LONGEST - 3]}..."
    return Touched(target, frozenset(locations))


def _quoted(name: str) -> str:
    """A name as it stands in a list of them: one in which it might look like two is quoted."""
    plain = name.isprintable() and not set(name) & {",", '"', "\\"}
    return name if plain else json.dumps(name)


def nothing(_: TeamRequestContext, __: Arguments) -> Touched:
    """Nothing of any team: the installation as a whole."""
    return Touched("installation")


def location(_: TeamRequestContext, arguments: Arguments) -> Touched:
    """A code location that is named."""
    name = arguments.get("repositoryLocationName") or arguments["locationName"]
    return named("location", [name], [name])


def repository(_: TeamRequestContext, arguments: Arguments) -> Touched:
    """The dynamic partitions of a repository."""
    where = arguments["repositorySelector"]["repositoryLocationName"]
    return named("partitions", [arguments["partitionsDefName"]], [where])


def selected(kind: str, argument: str) -> Any:
    """A sensor or schedule that is named by its selector."""

    def touched(_: TeamRequestContext, arguments: Arguments) -> Touched:
        selector = arguments[argument]
        where = selector["repositoryLocationName"]
        return named(kind, [f"{where}/{selector[f'{kind}Name']}"], [where])

    return touched


def keys_of(selection: Iterable[Any] | None) -> list[dg.AssetKey]:
    """Asset keys as GraphQL writes them."""
    return [dg.AssetKey(list(key["path"])) for key in selection or ()]


def _of_keys(context: TeamRequestContext, keys: Iterable[dg.AssetKey]) -> set[str | None]:
    return {where for key in keys for where in context.locations_of_key(key)}


def assets(context: TeamRequestContext, keys: list[dg.AssetKey]) -> Touched:
    """Assets."""
    return named("asset", [key.to_user_string() for key in keys], _of_keys(context, keys))


def wiped(context: TeamRequestContext, arguments: Arguments) -> Touched:
    """The assets of `wipeAssets`."""
    return assets(context, keys_of(part["assetKey"] for part in arguments["assetPartitionRanges"]))


def reported(context: TeamRequestContext, arguments: Arguments) -> Touched:
    """The asset of an event that is reported."""
    return assets(context, keys_of([arguments["eventParams"]["assetKey"]]))


def check(context: TeamRequestContext, key: dg.AssetKey, name: str | None) -> Touched:
    """A check whose result is reported, by its asset and its own code location.

    Another team than the asset's may have made it, and act on what it says. One that no code
    location has that the person sees is the administrators', hidden or not.
    """
    of_check = dg.AssetCheckKey(key, name or "")
    graph = context.asset_graph
    own = graph.get_repository_handle(of_check).location_name if graph.has(of_check) else None
    target = f"{key.to_user_string()}:{of_check.name}"
    return named("check", [target], {own, *_of_keys(context, [key])})


def checked(context: TeamRequestContext, arguments: Arguments) -> Touched:
    """The check of a result that is reported."""
    params = arguments["eventParams"]
    (key,) = keys_of([params["assetKey"]])
    return check(context, key, params["checkName"])


def location_of_run(context: TeamRequestContext, run_id: str) -> str | None:
    """The code location of a run; None for one that is not there, or not to be seen."""
    found = context.instance.get_run_by_id(run_id)
    origin = found.remote_job_origin if found else None
    return origin.location_name if origin else None


def run(context: TeamRequestContext, arguments: Arguments) -> Touched:
    """A run."""
    run_id = arguments["runId"]
    return named("run", [run_id], [location_of_run(context, run_id)])


def runs(context: TeamRequestContext, arguments: Arguments) -> Touched:
    """Several runs."""
    ids = arguments["runIds"]
    return named("run", ids, [location_of_run(context, one) for one in ids])


def run_of_installation(_: TeamRequestContext, arguments: Arguments) -> Touched:
    """A run, by one who may touch all."""
    return named("run", [arguments["runId"]], [])


def pool(_: TeamRequestContext, arguments: Arguments) -> Touched:
    """A pool, or key, of concurrency."""
    return named("pool", [arguments["concurrencyKey"]], [])


def _origins(
    context: TeamRequestContext, parent_id: str | None, root_id: str | None, tags: Iterable[Any]
) -> list[str]:
    """The runs that a launch says it comes from, in its metadata or its tags.

    What the parent itself came from is left out: its tags are sent again, and that run may have
    been deleted since.
    """
    told = [parent_id, root_id]
    told += [tag["value"] for tag in tags if tag["key"] in {PARENT_RUN_ID_TAG, ROOT_RUN_ID_TAG}]
    parent = context.instance.get_run_by_id(parent_id) if parent_id else None
    before = {parent.parent_run_id, parent.root_run_id} if parent else set()
    return list(dict.fromkeys(one for one in told if one and one not in before))


def _launch(context: TeamRequestContext, params: Mapping[str, Any]) -> Touched:
    selector = params["selector"]
    where = selector["repositoryLocationName"]
    locations: set[str | None] = {where}
    locations |= _of_keys(context, keys_of(selector.get("assetSelection")))
    metadata = params.get("executionMetadata") or {}
    origins = _origins(
        context,
        metadata.get("parentRunId"),
        metadata.get("rootRunId"),
        metadata.get("tags") or (),
    )
    locations |= {location_of_run(context, one) for one in origins}
    return named("job", [_job(params)], locations)


def _job(params: Mapping[str, Any]) -> str:
    selector = params["selector"]
    job = selector.get("pipelineName") or selector.get("jobName") or ""
    return f"{selector['repositoryLocationName']}/{job}"


def launch(context: TeamRequestContext, arguments: Arguments) -> Touched:
    """A job that is launched, its assets, and the runs that it comes from."""
    return _launch(context, arguments["executionParams"])


def launches(context: TeamRequestContext, arguments: Arguments) -> Touched:
    """Several jobs that are launched."""
    all_of_them = [_launch(context, params) for params in arguments["executionParamsList"]]
    names = [_job(params) for params in arguments["executionParamsList"]]
    return named("job", names, {where for one in all_of_them for where in one.locations})


def reexecution(context: TeamRequestContext, arguments: Arguments) -> Touched:
    """A run that is executed again, or a job as it was in one."""
    if arguments.get("executionParams"):
        return launch(context, arguments)
    params = arguments.get("reexecutionParams") or {}
    ids = _origins(context, params.get("parentRunId"), None, params.get("extraTags") or ())
    return named("run", ids, [location_of_run(context, one) for one in ids] or NOTHING_FOUND)


def _backfill(context: TeamRequestContext, backfill_id: str) -> Touched:
    found = context.instance.get_backfill(backfill_id)
    locations = _of_keys(context, found.asset_selection or () if found else ())
    if found and found.partition_set_origin:
        locations.add(found.partition_set_origin.selector.location_name)
    return named("backfill", [backfill_id], locations or NOTHING_FOUND)


def backfill(context: TeamRequestContext, arguments: Arguments) -> Touched:
    """A backfill."""
    return _backfill(context, arguments["backfillId"])


def backfill_again(context: TeamRequestContext, arguments: Arguments) -> Touched:
    """A backfill that is executed again; the argument calls it a run."""
    return _backfill(context, (arguments.get("reexecutionParams") or {}).get("parentRunId", ""))


def new_backfill(context: TeamRequestContext, arguments: Arguments) -> Touched:
    """A job or assets that are filled back."""
    params = arguments["backfillParams"]
    keys = keys_of(params.get("assetSelection"))
    keys += keys_of(part["assetKey"] for part in params.get("partitionsByAssets") or () if part)
    touched = assets(context, keys)
    selector = params.get("selector")
    if selector is None:
        return Touched(touched.target, touched.locations or NOTHING_FOUND)
    where = selector["repositorySelector"]["repositoryLocationName"]
    names = [f"{where}/{selector['partitionSetName']}", *(key.to_user_string() for key in keys)]
    return named("backfill-of", names, {where, *touched.locations})
