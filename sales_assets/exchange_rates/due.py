"""Which days' rates are worth asking for again.

Belongs here: that rule. Does not: asking (`collecting`), or starting runs (`automation`).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date, datetime, timedelta

from sales_assets.exchange_rates.calendar import last_publication
from sales_assets.exchange_rates.state import DayState, KnownDay

AGAIN_AFTER = timedelta(days=1)
"""When a publication of which something was put aside is looked at again."""


def days_to_ask(
    known: Mapping[date, KnownDay],
    symbols: Collection[str],
    published_until: date,
    moment: datetime,
) -> list[date]:
    """The known days that are not current and could be, by a moment (aware), in order.

    A day whose publication is out but was not to be had; one of which something was put aside, a
    day later; and one that was asked for before a contract brought another currency.
    """
    return [
        day
        for day, was in sorted(known.items())
        if not set(symbols) <= set(was.symbols)
        or (was.state is DayState.UNPUBLISHED and last_publication(day) <= published_until)
        or (was.state is DayState.INCOMPLETE and was.checked_at + AGAIN_AFTER <= moment)
    ]
