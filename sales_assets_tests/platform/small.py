"""Three small code locations of three teams, for tests of what one team may do to another.

Belongs here: definitions that every kind of operation has something to act on, with the same names
in each location. Does not: any expectation. `alpha` and `beta` are open, `gamma` is private.

Without `from __future__ import annotations`: Dagster reads the asset's annotations as objects.
"""

from typing import Any

import dagster as dg

TEAMS = """\
version: 1
signed_in: viewer
admins: [root@example.com]
groups:
  alpha_engineers: [edith@example.com]
teams:
  alpha:
    members:
      admin: [anna@example.com]
      editor: [group:alpha_engineers, machine:alpha_ci]
      launcher: [lars@example.com]
      viewer: [vera@example.com]
  beta:
    members:
      admin: [boris@example.com]
      editor: [bella@example.com]
  gamma:
    private: true
    members:
      admin: [gustav@example.com]
      viewer: [greta@example.com]
"""
"""Beside these there is olaf@example.com, who is in no team, and who else signs in."""

LOCATIONS = ("alpha", "beta", "gamma")


def small_location(team: str) -> dg.Definitions:
    """The definitions of a team."""
    days = dg.DailyPartitionsDefinition("2026-01-01", end_date="2026-01-11")
    regions = dg.DynamicPartitionsDefinition(name=f"{team}_regions")

    @dg.asset(
        key=[team, "orders"],
        partitions_def=days,
        owners=[f"team:{team}"],
        backfill_policy=dg.BackfillPolicy.multi_run(),
        check_specs=[dg.AssetCheckSpec("plausible", asset=dg.AssetKey([team, "orders"]))],
    )
    def orders(context: dg.AssetExecutionContext) -> dg.MaterializeResult:  # type: ignore[type-arg]
        print(f"the secret figure of {team}")
        context.log.info("the secret line of %s", team)
        return dg.MaterializeResult(
            metadata={"figure": 42, "secret_of": team},
            check_results=[dg.AssetCheckResult(check_name="plausible", passed=True)],
        )

    @dg.asset(key=[team, "by_region"], partitions_def=regions)
    def by_region() -> None:
        return

    @dg.asset(key=[team, "totals"], automation_condition=dg.AutomationCondition.eager())
    def totals() -> None:
        return

    @dg.op(config_schema={"password": dg.Field(str, default_value="")})
    def work() -> None:
        return

    @dg.job(name="load", tags={"purpose": f"of_{team}"})
    def load() -> None:
        work()

    def of_the_day(_: str) -> dict[str, Any]:
        return {"ops": {"work": {"config": {"password": f"the computed secret of {team}"}}}}

    computed = dg.PartitionedConfig(days, run_config_for_partition_key_fn=of_the_day)

    @dg.job(name="daily", config=computed)
    def daily() -> None:
        work()

    @dg.sensor(name="watch", job=load, minimum_interval_seconds=3600)
    def watch() -> dg.SkipReason:
        return dg.SkipReason(f"nothing new for {team}")

    nightly = dg.ScheduleDefinition(name="nightly", job=load, cron_schedule="0 3 * * *")
    return dg.Definitions(
        assets=[orders, by_region, totals],
        jobs=[load, daily],
        sensors=[watch],
        schedules=[nightly],
    )


alpha = small_location("alpha")
beta = small_location("beta")
gamma = small_location("gamma")
