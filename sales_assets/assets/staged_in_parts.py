"""`staged`, when workers do it: large ranges are divided, each part a task of its own.

Belongs here: the rule that divides the days, and the asset as a graph of steps. Does not: the work
(`staging_days`). Asset, checks, metadata and objects are those of `staged` as one step.

The steps tell each other nothing: what a part has staged is in the catalogue and in the object
store, and the last step looks there. So workers on several machines share no other folder, and a
part that is done twice, because its worker seemed dead, is done once.

Without `from __future__ import annotations`: Dagster reads the ops' annotations as objects.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from typing import Any

import dagster as dg

from sales_assets.assets.keys import asset_key
from sales_assets.assets.ranges import window_of
from sales_assets.assets.staged import described
from sales_assets.assets.staging_days import Progress, StagingDays
from sales_assets.contracts.model import SourceContract
from sales_assets.errors import PermanentError, TransientError
from sales_assets.healing.retries import RETRIES, Retries
from sales_assets.resources.manifests import Manifest

NEEDED = {"landing_zone", "catalogue", "object_store", "staging_area"}


def parts(manifests: Mapping[date, Manifest], lines: int) -> list[list[date]]:
    """The days with drops, divided so that no file is read twice.

    Days that share a file are in one part; parts are filled up, in the order of their first days,
    to at least so many lines.
    """
    group_of: dict[str, tuple[list[date], set[str]]] = {}
    for day in sorted(day for day, manifest in manifests.items() if manifest):
        group = [day], {entry.file for entry in manifests[day] if not entry.reference}
        for other in {id(g): g for file in group[1] if (g := group_of.get(file))}.values():
            group = [*other[0], *group[0]], other[1] | group[1]
        group_of |= dict.fromkeys(group[1], group)
    groups = sorted(sorted(days) for days, _ in {id(g): g for g in group_of.values()}.values())
    found: list[list[date]] = []
    room = 0
    for days in groups:
        if room <= 0:
            found.append([])
            room = lines
        found[-1] += days
        room -= _lines(manifests[day] for day in days)
    return found


def _lines(manifests: Iterable[Manifest]) -> int:
    return sum(entry.lines for manifest in manifests for entry in manifest)


def build_staged_in_parts(
    contract: SourceContract,
    partitions: dg.DailyPartitionsDefinition,
    chunk_days: int,
    part_lines: int,
    op_tags: Mapping[str, str],
    retries: Retries = RETRIES,
) -> dg.AssetsDefinition:
    """The staged asset of a source, as a graph; `op_tags` say who does its steps.

    A range of less than two parts of `part_lines` lines has no part: the last step does it.
    """
    about = described(contract, partitions)
    name = "__".join(about["key"].path)
    (check,) = about["check_specs"]
    check_output = check.get_python_identifier()

    def work_with(resources: Any) -> StagingDays:
        return StagingDays(
            contract,
            resources.landing_zone,
            resources.catalogue,
            resources.object_store,
            resources.staging_area,
            chunk_days,
        )

    def divided(found: Progress) -> dict[str, list[date]]:
        """The parts by a name each, the same for as long as the drops are."""
        return {
            f"part_{number}_from_{min(days):%Y_%m_%d}": days
            for number, days in enumerate(parts(found.manifests, part_lines), start=1)
        }

    @dg.op(
        name=f"{name}__divide",
        ins={"raw": dg.In(dg.Nothing)},
        out=dg.DynamicOut(dg.Nothing),
        required_resource_keys=NEEDED,
        tags=op_tags,
    )
    @retries
    def divide(context: dg.OpExecutionContext) -> Iterator[dg.DynamicOutput[None]]:
        found = work_with(context.resources).progress(window_of(context))
        due = {
            part: days
            for part, days in divided(found).items()
            if not found.todo.keys().isdisjoint(days)
        }
        if len(due) > 1 and _lines(found.todo.values()) >= 2 * part_lines:
            for part in due:
                yield dg.DynamicOutput(None, mapping_key=part)

    @dg.op(
        name=f"{name}__part",
        ins={"begin": dg.In(dg.Nothing)},
        out=dg.Out(dg.Nothing),
        required_resource_keys=NEEDED,
        tags=op_tags,
    )
    def stage_part(context: dg.OpExecutionContext) -> None:
        work = work_with(context.resources)
        found = work.progress(window_of(context))
        days = divided(found).get(context.get_mapping_key() or "", [])
        try:
            for _ in work.stage(found, [day for day in days if day in found.todo]):
                pass
        except TransientError as error:
            retries.ask_again(error)
            context.log.error(f"{error} (the last step tries once more)")
        except PermanentError as error:
            # The last step meets it too, and fails with it once the other parts are recorded.
            context.log.error(str(error))

    @dg.op(
        name=f"{name}__record",
        ins={"raw": dg.In(dg.Nothing), "parts": dg.In(dg.Nothing)},
        out={"result": dg.Out(dg.Nothing), check_output: dg.Out(dg.Nothing)},
        required_resource_keys=NEEDED,
        tags=op_tags,
    )
    @retries
    def record(
        context: dg.OpExecutionContext,
    ) -> Iterator[dg.Output[None] | dg.AssetCheckResult]:
        found = work_with(context.resources).finish(context)
        yield dg.Output(None, "result")
        yield found

    @dg.graph_asset(
        ins={"raw": dg.AssetIn(asset_key(contract, "raw"), dagster_type=dg.Nothing)}, **about
    )
    def staged(raw: Any) -> Any:
        done = divide(raw).map(stage_part)
        recorded = record(raw=raw, parts=done.collect())
        return {"result": recorded.result, check_output: getattr(recorded, check_output)}

    return staged
