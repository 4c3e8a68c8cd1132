"""The definitions as they are, with sensors that look often, so that tests wait less.

Belongs here: how long sensors pause. Does not: what they do.
"""

from __future__ import annotations

import dagster as dg

from sales_assets.automation.exchange_rates import NAME as RATES
from sales_assets.definitions import defs

__all__ = ["defs"]

PAUSE_SECONDS = 5

for _sensor in defs.sensors or ():
    # Rates that are behind are left to what asks for them now: more often would be more runs.
    if isinstance(_sensor, dg.SensorDefinition) and _sensor.name != RATES:
        _sensor._min_interval = PAUSE_SECONDS
