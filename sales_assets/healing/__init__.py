"""Mending what failed: steps are tried again, stuck runs ended, missing days asked for, and parked.

Belongs here: finding what is not as it should be, and deciding what to do about it. Does not: how
a day is made (`assets`), or asking for days whose drops changed (`automation`), which comes first.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sales_assets.healing.state import Parked


def parked(url: str) -> list[Parked]:
    """What is parked, by the database at an address: that of the drop catalogue."""
    from sales_assets.healing.state import HealingState  # not for reading settings

    return HealingState(url=url).parked()
