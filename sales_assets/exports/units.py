"""What the numbers of a column are counted in.

Belongs here: the unit of each column that the dictionary explains, by its name, since a name means
the same in every model. Does not: what a column means (dbt_project/models/columns.md).
"""

from __future__ import annotations

import re

IN_CURRENCY = "money, in the row's currency"
IN_REPORTING = "money, in the reporting currency"
_UNITS = (
    (r"reporting_\w+_(revenue|amount)", IN_REPORTING),
    (r"\w+_(revenue|amount)|amount|unit_price", IN_CURRENCY),
    (r"(currency|reporting)_rate", "units of the currency for one euro"),
    (r"units|quantity", "pieces, or what the source sells by"),
    (r"(\w+_)?lines", "lines"),
    (r"orders", "orders"),
    (r"sources", "sources"),
    (r"line|line_number", "place in a sequence, from 1"),
    (r"\w+_(date|day)|day", "calendar day"),
    (r"\w+_at", "moment in UTC"),
)


def unit(column: str) -> str:
    """The unit of a column; none for texts."""
    return next((of for name, of in _UNITS if re.fullmatch(name, column)), "")
