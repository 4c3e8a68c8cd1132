"""`platform/audit_log`: the head of the audit log, published every day.

Belongs here: the asset, which head was published last, and letting a broken log count. Does not:
the log (`platform.audit`), what its check says (`checks.audit`), or when it runs
(`automation.audit`).

Whoever owns the log's database and its key can write it anew from the first row, and nothing in it
tells. So its head is kept in Dagster's events too, which is another database where SQLite is used,
and where it need not be the same one with PostgreSQL. Not partitioned: a head is of the moment that
it is read in, and nobody can publish that of a day that has passed.

Without `from __future__ import annotations`: Dagster reads the asset's annotations as objects.
"""

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import dagster as dg

from sales_assets.checks.audit import audit_log_is_intact, intact_spec, no_audit_log
from sales_assets.settings import Settings

if TYPE_CHECKING:
    from sales_assets.platform.audit.rows import Head
    from sales_assets.platform.audit.verify import Verification

AUDIT_LOG = dg.AssetKey(["platform", "audit_log"])
_LATE = timedelta(hours=30)
"""Since the last one, with some hours for a queue."""
_AT_ONCE = 50


def build_audit_assets(settings: Settings, *, accepts: bool = False) -> list[dg.AssetsDefinition]:
    """The asset, owned by the team of what is shared; none for an installation without teams.

    With `accepts`, a broken log counts as it is from its run on. That is no configuration of a
    run: whoever may launch the asset could so hide what they have removed.
    """
    if settings.teams_file is None:
        return []
    from sales_assets.platform.teams import Builds  # for those that have teams alone
    from sales_assets.platform.teams_file import read_teams_if_right

    found = read_teams_if_right(settings.teams_file)
    teams = found.teams if found else {}
    shared = [name for name, team in teams.items() if team.builds is Builds.SHARED]

    @dg.asset(
        key=AUDIT_LOG,
        group_name="platform",
        owners=[f"team:{name}" for name in shared],
        description=(
            "The head of the audit log: number and seal of its last row, after the whole chain was "
            "verified against the head that was published before."
        ),
        kinds={"audit"},
        check_specs=[intact_spec(AUDIT_LOG)],
        freshness_policy=dg.FreshnessPolicy.time_window(fail_window=_LATE),
    )
    def audit_log(
        context: dg.AssetExecutionContext,
    ) -> Iterator[dg.AssetCheckResult | dg.MaterializeResult[Any]]:
        from sales_assets.errors import UsageError
        from sales_assets.platform.audit.opening import open_audit_log
        from sales_assets.platform.audit.operations import Wanted
        from sales_assets.platform.audit.rows import NOTHING

        published, start = _published(context.instance) or (None, NOTHING)
        today = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        day = today - timedelta(days=1)
        try:
            opened = open_audit_log(settings, write=False)
        except UsageError as error:
            # Before a head is published: that of a log which is not there would count from then on.
            yield no_audit_log(AUDIT_LOG, str(error))
            raise dg.Failure(str(error), allow_retries=False) from error
        with closing(opened) as log:
            done = log.verify(published, start=start)
            counted = log.count_by_outcome(Wanted(since=day, until=today))
        in_force = done.head if not done.found or published is None else published
        if accepts and done.found:
            context.log.warning("The log counts as it is up to row %d", done.head.number)
            in_force = start = done.head
        yield dg.MaterializeResult(
            metadata={
                **_told(in_force, start),
                "rows": done.rows,
                "verification": "intact" if done.is_intact else "\n".join(done.told()),
                "day": day.date().isoformat(),
                **{f"operations {outcome}": count for outcome, count in sorted(counted.items())},
                "operations_of_unknown_outcome": done.unconcluded_count,
            },
            check_results=[audit_log_is_intact(AUDIT_LOG, done, published)],
        )

    return [audit_log]


def accept_audit_log(settings: Settings, instance: dg.DagsterInstance) -> "Verification":
    """Let a broken log count as it is, and tell it so; what was wrong with it.

    The head is published by a run in this process, and the check fails once more.
    Raises UsageError if there is no log, or nothing is wrong with it.
    """
    from sales_assets.errors import UsageError
    from sales_assets.platform.audit.local import told
    from sales_assets.platform.audit.opening import open_audit_log
    from sales_assets.platform.audit.rows import NOTHING

    assets = build_audit_assets(settings, accepts=True)
    if not assets:
        raise UsageError(
            "No head of the audit log is published without SALES_ASSETS_TEAMS_FILE, so that there "
            "is nothing to accept; set it as the other commands have it"
        )
    published, start = _published(instance) or (None, NOTHING)
    with closing(open_audit_log(settings, write=False)) as log:
        done = log.verify(published, start=start)
    if not done.found:
        raise UsageError("The audit log is as it was written; there is nothing to accept")
    with closing(open_audit_log(settings)) as log, told(log, "audit accept", f"{done.head}", {}):
        dg.materialize(assets, instance=instance)
    return done


def _told(head: "Head", start: "Head") -> dict[str, Any]:
    """A head as metadata, and the row up to which the log counts as it is."""
    return {
        "number": head.number,
        "hash": head.hash,
        "verified_after": start.number,
        "verified_after_hash": start.hash,
    }


def _published(instance: dg.DagsterInstance) -> "tuple[Head, Head] | None":
    """The head that a run published last, and the row that its verification began after.

    Whoever may edit the asset can report a materialisation by hand; such a one has no run, and does
    not count.
    """
    from sales_assets.platform.audit.rows import Head

    cursor = None
    while True:
        found = instance.fetch_materializations(AUDIT_LOG, limit=_AT_ONCE, cursor=cursor)
        for record in found.records:
            made = record.asset_materialization
            if made is not None and record.run_id:
                told = {name: value.value for name, value in made.metadata.items()}
                return (
                    Head(int(str(told["number"])), str(told["hash"])),
                    Head(int(str(told["verified_after"])), str(told["verified_after_hash"])),
                )
        if not found.has_more:
            return None
        cursor = found.cursor
