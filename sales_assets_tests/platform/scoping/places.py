"""The three small code locations, with a pool, a notebook and a graph more in each.

Belongs here: definitions that something of every kind can be made from. Does not: any expectation.

Without `from __future__ import annotations`: Dagster reads the asset's annotations as objects.
"""

import dagster as dg

from sales_assets_tests.platform.small import small_location


def place(team: str) -> dg.Definitions:
    """The definitions of a team."""

    @dg.asset(
        key=[team, "pooled"],
        pool=f"{team}_pool",
        metadata={"notebook": dg.MetadataValue.notebook(f"/notebooks/{team}.ipynb")},
    )
    def pooled() -> None:
        return

    @dg.asset_check(asset=dg.AssetKey(["alpha", "orders"]), name=f"seen_by_{team}")
    def of_others() -> dg.AssetCheckResult:
        return dg.AssetCheckResult(passed=True)

    return dg.Definitions.merge(
        small_location(team),
        dg.Definitions(
            assets=[pooled],
            asset_checks=[of_others],
            resources={f"store_of_{team}": dg.ResourceDefinition.none_resource()},
            executor=dg.in_process_executor,
        ),
    )


alpha = place("alpha")
beta = place("beta")
gamma = place("gamma")

namer = dg.Definitions(
    assets=[
        dg.AssetSpec(["namer", "mart"], deps=[dg.AssetKey(["gamma", "orders"])]),
    ]
)
"""A code location that names a key of gamma."""
