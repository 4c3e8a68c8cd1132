"""Code locations that reach for what is another team's, by names that Dagster takes as they are.

Belongs here: definitions for tests of prefixes and shared names. Does not: any expectation.
"""

from __future__ import annotations

import dagster as dg

SHARED = dg.DynamicPartitionsDefinition(name="shared_regions")
LETTERS = dg.StaticPartitionsDefinition(["a", "b"])


def _of(team: str, *more: dg.AssetsDefinition | dg.AssetSpec) -> dg.Definitions:
    """A job `load` with partitions, and an asset with shared ones."""

    @dg.op
    def work() -> None:
        return

    @dg.job(name="load", partitions_def=LETTERS)
    def load() -> None:
        work()

    @dg.asset(key=[team, "by_region"], partitions_def=SHARED)
    def by_region() -> None:
        return

    return dg.Definitions(assets=[by_region, *more], jobs=[load])


@dg.asset(key=["beta", "stolen"])
def _stolen() -> None:
    return


alpha = _of("alpha")
beta = _of("beta", dg.AssetSpec(["alpha", "broken"]))
"""It only refers to an asset of alpha, whose code does not load in some tests."""
thief = _of("alpha", _stolen)


def checker(team: str) -> dg.Definitions:
    """A location with a check of its own on an asset of alpha."""

    @dg.asset_check(asset=dg.AssetKey(["alpha", "by_region"]), name=f"seen_by_{team}")
    def seen() -> dg.AssetCheckResult:
        return dg.AssetCheckResult(passed=False)

    return dg.Definitions.merge(_of(team), dg.Definitions(asset_checks=[seen]))


checking_alpha, checking_beta, checking_gamma = (
    checker("alpha"),
    checker("beta"),
    checker("gamma"),
)
