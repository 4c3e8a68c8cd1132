"""Whether exchange rates are there, may be believed, and were used for every sale.

Belongs here: the checks of the rates, and of the sales converted at them. Does not: judging rates
(`exchange_rates.plausibility`), or the sums (dbt_project). None of them blocks: revenue in its own
currency does not wait for a rate.

Without `from __future__ import annotations`: Dagster reads the check's annotations as objects.
"""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import dagster as dg

from sales_assets.assets.keys import EXCHANGE_RATES, FCT_SALES
from sales_assets.checks.results import number_of, result
from sales_assets.errors import PermanentError
from sales_assets.exchange_rates.currencies import ENDED, is_published
from sales_assets.exchange_rates.state import DayState, KnownDay
from sales_assets.healing.retries import RETRIES, Retries
from sales_assets.partitions import Window, contiguous
from sales_assets.resources.warehouse import UnconvertedSales, ValidRate, Warehouse

CURRENT = "rates_are_current"
PLAUSIBLE = "rates_are_plausible"
ANSWERS = "api_answers"


def rate_check_specs() -> list[dg.AssetCheckSpec]:
    """Declares the checks of the exchange rates."""
    described = {
        CURRENT: "Every day has the rates that the bank had published by then.",
        PLAUSIBLE: "No rate had to be put aside as impossible.",
        ANSWERS: "The API answered for every month and currency that was asked for.",
    }
    return [
        dg.AssetCheckSpec(name, asset=EXCHANGE_RATES, description=text)
        for name, text in described.items()
    ]


def rates_are_current(
    behind: Mapping[date, KnownDay],
    valid: Mapping[date, Mapping[str, ValidRate]],
    limit_days: int,
) -> dg.AssetCheckResult:
    """The days that are not current: a warning with the rates' age, an error past the limit."""
    ages = {day: _age(day, known, valid.get(day, {})) for day, known in behind.items()}
    oldest = max((age for age in ages.values() if age is not None), default=None)
    late = any(age is None or age > limit_days for age in ages.values())
    incomplete = sum(known.state is DayState.INCOMPLETE for known in behind.values())
    wrong = {
        str(span): f"rates up to {number_of(max(ages[day] or 0 for day in span.days()), 'day')} old"
        if all(ages[day] is not None for day in span.days())
        else "no rates of some currency"
        for span in contiguous(behind)
    }
    found = f"{number_of(len(behind), 'day')} without the rates that are due"
    if behind:
        found += f", {incomplete:,} of them with some put aside" if incomplete else ""
        found += "" if oldest is None else f"; the oldest in use is {number_of(oldest, 'day')} old"
    return result(
        CURRENT,
        EXCHANGE_RATES,
        expected="the publication that is due; for a while one up to "
        f"{number_of(limit_days, 'day')} old",
        found=found,
        wrong=wrong,
        to_do="Sales of these days are converted again by themselves when the rates come; with the "
        "ECB's file as the source, get a newer one",
        warn=not late,
        more={"oldest_rate_days": oldest or 0},
    )


def _age(day: date, known: KnownDay, valid: Mapping[str, ValidRate]) -> int | None:
    """Days between a day and the oldest rate in use on it; None if a currency has none at all."""
    alive = [symbol for symbol in known.symbols if is_published(symbol, day)]
    if any(symbol not in valid for symbol in alive):
        return None
    return max(((day - valid[symbol].rate_date).days for symbol in alive), default=0)


def rates_are_plausible(
    quarantined: Sequence[tuple[date, str, str, str]],
) -> dg.AssetCheckResult:
    """The rates that were put aside."""
    wrong: dict[str, str] = {}
    for day, currency, value, reason in quarantined:
        told = f"{currency} {value or '(nothing)'} {reason}"
        wrong[str(day)] = "; ".join(filter(None, [wrong.get(str(day)), told]))
    return result(
        PLAUSIBLE,
        EXCHANGE_RATES,
        expected="rates above zero, of every currency, near those of the day before",
        found=f"{number_of(len(quarantined), 'rate')} put aside",
        wrong=wrong,
        to_do="Compare with the ECB's own; a rate that is right enters by "
        "`sales-assets rates accept DATE CURRENCY`",
    )


def api_answers(
    failures: Mapping[Window, Exception], unknown: Sequence[str], condition: Mapping[str, Any]
) -> dg.AssetCheckResult:
    """The months for which the API had no answer in this run, and how it does.

    A warning for what may pass, an error for what somebody has to set right.
    """
    refused = refusals(failures, unknown)
    passing = {_month(month): str(error) for month, error in failures.items()}
    return result(
        ANSWERS,
        EXCHANGE_RATES,
        expected="an answer for every month and currency",
        found=f"{number_of(len(failures), 'month')} without an answer"
        + (f", {len(unknown):,} unknown currencies" if unknown else ""),
        wrong=passing | refused,
        to_do="Set right what the API refuses; the days are asked for again a day later, or when "
        "they are materialised"
        if refused
        else "Nothing: the days are asked for again when the API answers, at the latest after the "
        "circuit breaker's pause",
        warn=not refused,
        more=condition,
    )


def refusals(failures: Mapping[Window, Exception], unknown: Sequence[str]) -> dict[str, str]:
    """What somebody has to set right, by currency or month."""
    never = (
        "the API has never had rates of it; correct the currency in the contracts that name it, or "
        "SALES_ASSETS_REPORTING_CURRENCY"
    )
    refused = {m: error for m, error in failures.items() if isinstance(error, PermanentError)}
    return {
        **dict.fromkeys(unknown, never),
        **{_month(month): str(error) for month, error in refused.items()},
    }


def _month(month: Window) -> str:
    return f"{month.start:%Y-%m}"


def build_conversion_check(retries: Retries = RETRIES) -> dg.AssetChecksDefinition:
    """The check of the converted sales, over all of history."""

    @dg.asset_check(
        asset=FCT_SALES,
        name="sales_are_converted",
        description=(
            "Every sale is converted at the rates that were due on its order date: a warning for "
            "older ones, an error where a sale could not be converted."
        ),
    )
    @retries
    def sales_are_converted(warehouse: Warehouse) -> dg.AssetCheckResult:
        return conversion_result(warehouse.unconverted())

    return sales_are_converted


def conversion_result(found: Sequence[UnconvertedSales]) -> dg.AssetCheckResult:
    """What there is of sales that are not, or not yet finally, converted."""
    stale = [sales for sales in found if sales.rate_state == "stale"]
    not_at_all = [sales for sales in found if sales.rate_state != "stale"]
    oldest = max((sales.oldest_days or 0 for sales in stale), default=0)
    told = [
        f"{number_of(sum(sales.lines for sales in not_at_all), 'line')} without an amount in the "
        f"reporting currency, {sum(sales.lines for sales in stale):,} at stale rates"
    ]
    if stale:
        told.append(f"the oldest of these {number_of(oldest, 'day')} old")
    return result(
        "sales_are_converted",
        FCT_SALES,
        expected="rates that were due on the order date",
        found=", ".join(told),
        wrong={
            f"{s.source} {s.currency} {s.first}..{s.last}": (
                f"{number_of(s.lines, 'line')}, {_why(s)}"
            )
            for s in found
        },
        to_do="See the checks of rates/exchange_rates, and materialise it for days that it lacks",
        warn=not not_at_all,
        more={"stale_lines": sum(s.lines for s in stale), "oldest_stale_rate_days": oldest},
    )


def _why(sales: UnconvertedSales) -> str:
    """The state of a rate as a sentence."""
    match sales.rate_state:
        case "stale":
            return f"rates up to {number_of(sales.oldest_days or 0, 'day')} old"
        case "too_old":
            return f"the last rates are up to {number_of(sales.oldest_days or 0, 'day')} old"
        case "ended":
            return f"{sales.currency} is published no more since {ENDED.get(sales.currency)}"
        case _:
            return "no rates are known"
