"""What `sales-assets materialize` does without the models: drops and rates, and no dbt.

    python -m benchmarks.sources_only FIRST_DAY LAST_DAY

Belongs here: the same run as the command's, of fewer assets. It shows what dbt adds to the cost of
a command that has just been started.
"""

from __future__ import annotations

import sys

from sales_assets.assets.keys import EXCHANGE_RATES, asset_key
from sales_assets.automation.landing import LAYERS
from sales_assets.contracts.load import load_contracts
from sales_assets.instance.embedded import embedded_instance
from sales_assets.instance.runs import RunStarter, failure_reasons
from sales_assets.partitions import Window
from sales_assets.settings import PROJECT, Settings


def main(first: str, last: str) -> None:
    """Materialise the sources' own assets for a span of days."""
    settings = Settings.load()
    contracts = load_contracts([settings.contracts_folder])
    keys = [asset_key(contract, layer) for contract in contracts for layer in LAYERS]
    starter = RunStarter(PROJECT / "workspace.yaml")
    with embedded_instance(settings.dagster_home, settings) as instance:
        run = starter.run(instance, [*keys, EXCHANGE_RATES], Window.of_keys(first, last))
        if not run.is_success:
            raise SystemExit("\n".join(failure_reasons(instance, run)))


if __name__ == "__main__":
    main(*sys.argv[1:])
