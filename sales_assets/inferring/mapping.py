"""How the canonical columns may come from the columns that were found.

Belongs here: all of `schema.revenue`, the day of a line and the columns that name things. Does
not: single columns (`columns`), what a line brings (`amounts`), or YAML (`writing`).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date, datetime

from sales_assets.contracts.logical import LogicalType
from sales_assets.inferring.amounts import map_amounts
from sales_assets.inferring.choosing import doubt, likeliest, listed
from sales_assets.inferring.guess import Guess
from sales_assets.inferring.mapped import Day, Revenue
from sales_assets.inferring.splitting import Row
from sales_assets.inferring.words import Concept

_DAY_IN_NAME = re.compile(r"(?<![0-9])(20[0-9]{2})([-_.]?)([01][0-9])\2([0-3][0-9])(?![0-9])")


def revenue_of(guesses: Sequence[Guess], data: Sequence[Row], file_names: Sequence[str]) -> Revenue:
    """Map what can be mapped; `file_names` may hold the day."""
    found = Revenue()
    when = _dates(found, guesses)
    found.day = day_of(when, file_names)
    if found.day.named:
        line = found.lines["order_date"]
        found.put("order_date", f"DATE '{found.day.named}'", question=line.question)
    texts = [guess for guess in guesses if not guess.is_personal]
    for name, concepts, types in (
        ("order_id", (Concept.ORDER_ID,), {LogicalType.STRING}),
        ("line_number", (Concept.LINE_NUMBER,), {LogicalType.INTEGER}),
        ("product", (Concept.PRODUCT_ID, Concept.PRODUCT), {LogicalType.STRING}),
        ("category", (Concept.CATEGORY,), {LogicalType.STRING}),
        ("customer_id", (Concept.CUSTOMER_ID,), {LogicalType.STRING}),
        ("region", (Concept.REGION,), {LogicalType.STRING}),
    ):
        best = likeliest(texts, concepts, types)
        if best is not None:
            found.put(name, best.name, doubt(best))
    map_amounts(found, guesses, data)
    return found


def _dates(found: Revenue, guesses: Sequence[Guess]) -> Guess | None:
    """Map the day and the moment of the sale."""
    kinds = {LogicalType.DATE, LogicalType.TIMESTAMP}
    dated = [guess for guess in guesses if guess.type in kinds]
    best = likeliest(dated, (Concept.ORDER_DATE,), kinds) or next(iter(dated), None)
    if best is None:
        found.put(
            "order_date",
            "DATE '2000-01-01'",
            question="no column holds dates in a known form; give the expression of the sale's day",
        )
        return None
    others = [each.header for each in dated if each is not best]
    told = f"{best.header!r} is taken for the day of the sale; there is {listed(others)} too"
    unsure = best.concept is not Concept.ORDER_DATE or best.sure < 3
    blank = best.values.blanks
    undated = (
        f"{blank:,} lines have no date, as line {best.values.first_blank}, and would be rejected"
        if blank
        else ""
    )
    note = (told if others else doubt(best)) if unsure else ""
    if best.type is LogicalType.TIMESTAMP:
        found.put("order_date", f"CAST({best.name} AS DATE)", note, undated)
        has_zone = any("X" in jdk for jdk in (best.moments.formats if best.moments else ()))
        local = (
            f"{best.header!r} says no time zone and is taken for UTC; if it is local time, write "
            "defaultTimezone into the logicalTypeOptions of its column"
        )
        found.put("ordered_at", best.name, "" if has_zone else local)
    else:
        found.put("order_date", best.name, note, undated)
        time = likeliest(guesses, (Concept.TIME,), {LogicalType.TIME})
        if time is not None:
            found.put("ordered_at", f"{best.name} + {time.name}")
    return best


def day_of(when: Guess | None, file_names: Sequence[str]) -> Day:
    """The day by the file's name if all dates are of that day, else by the column."""
    for name in file_names:
        match = _DAY_IN_NAME.search(name)
        if match is None:
            continue
        sign = match[2]
        jdk = f"yyyy{sign}MM{sign}dd"
        pattern = "(?P<day>" + re.escape(sign).join(("[0-9]{4}", "[0-9]{2}", "[0-9]{2}")) + ")"
        try:
            named = datetime.strptime("".join(match.group(1, 3, 4)), "%Y%m%d").date()  # noqa: DTZ007
        except ValueError:
            continue
        if when is None:
            return Day(pattern=pattern, format=jdk, named=named)
        days = days_of(when)
        if days and set(days) == {named}:
            told = f"all lines are of the day in the name of the file, {named}"
            return Day(
                pattern=pattern,
                format=jdk,
                notes=(f"{told}; look whether that is so of every file",),
            )
    if when is not None:
        return Day(column=when.name)
    return Day(
        question="no column holds dates, and the file's name no day; give {column: NAME}, or "
        "{fileName: 'regular expression with (?P<day>...)', format: yyyy-MM-dd}"
    )


def days_of(guess: Guess) -> list[date]:
    """The days that were seen in a column, in every order that it leaves open."""
    moments = guess.moments
    if moments is None:
        return []
    days = [moments.day(text) for text in guess.values.texts]
    return sorted(
        {day for day in days if day} | {day for span in moments.spans.values() for day in span}
    )
