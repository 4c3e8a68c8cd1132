"""What loading the code location costs, as the UI, the daemon and every run do it.

Belongs here: importing `sales_assets.definitions` in a process of its own. Does not: with which
contracts.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass

from benchmarks.measuring import Cost, cost_of

IMPORT = "import sys, sales_assets.definitions; print(len(sys.modules))"


@dataclass(frozen=True)
class Load:
    """The cost of a load, and how many modules Python has then imported."""

    cost: Cost
    modules: int


def load_once(environment: Mapping[str, str]) -> Load:
    """Load the code location once; the dbt project has to be prepared."""
    cost, text = cost_of([sys.executable, "-c", IMPORT], environment)
    return Load(cost, int(text.split()[-1]))
