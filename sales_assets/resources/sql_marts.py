"""Which sales the models have to compute anew, kept inside the warehouse.

Belongs here: the SQL of that. Does not: the models (dbt_project), or who may write when
(`sql_warehouse`).

`conversions` has, for each day of drops, the rates that its sales were converted at, once all
models were built; `unfinished_marts` the days of builds that began and did not end. So a killed
build, or one of some of the models, is done again, and a small table says which sales a new rate
is about.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date

from sales_assets.resources.session import Columns, Row, Session

OF_ANOTHER_CURRENCY = "SELECT 1 FROM main.conversions WHERE reporting_currency <> ? LIMIT 1"

COLUMNS = """
SELECT lower(table_schema), lower(table_name), lower(column_name) FROM information_schema.columns
WHERE lower(table_schema) IN ('core', 'marts', 'staging')
"""

UNCONVERTED = """
SELECT source, currency, rate_state, count(*), min(order_date), max(order_date),
    max(order_date - rate_date)
FROM core.fct_sales WHERE rate_state NOT IN ('current', 'same_currency')
GROUP BY source, currency, rate_state ORDER BY 1, 2, 3
"""

_RULES: Columns = (("source", "VARCHAR"), ("rules", "VARCHAR"))
_CHOSEN: Columns = (("partition_date", "DATE"),)
_IS_CHOSEN = "partition_date IN (SELECT partition_date FROM chosen)"


def outdated(session: Session, rules: Mapping[str, str]) -> list[Row]:
    """The days of drops whose sales were converted at other rates, or by other rules."""
    session.scratch("rules", _RULES, list(rules.items()))
    differs = " OR ".join(
        f"c.{column} IS DISTINCT FROM r.{column}"
        for column in ("rate_date", "currency_rate", "reporting_rate", "expected_rate_date")
    )
    return session.query(
        "SELECT DISTINCT c.partition_date FROM main.conversions AS c "
        "LEFT JOIN staging.stg_exchange_rates AS r "
        "ON r.day = c.order_date AND r.currency = c.currency "
        "LEFT JOIN rules AS n ON n.source = c.source "
        f"WHERE c.currency <> c.reporting_currency AND ({differs} OR c.rules <> n.rules)"
    )


def begin(session: Session, days: Collection[date] | None) -> None:
    """Note days, or all that have rows, as unfinished."""
    _prepare(session, days)
    with session.transaction():
        _choose_all(session, days)
        session.change(
            "INSERT INTO main.unfinished_marts (partition_date) SELECT partition_date FROM chosen "
            "EXCEPT SELECT partition_date FROM main.unfinished_marts"
        )


def abandon(session: Session, days: Collection[date]) -> None:
    """Note days as not unfinished any more, though they were not built."""
    _prepare(session, days)
    with session.transaction():
        session.change(f"DELETE FROM main.unfinished_marts WHERE {_IS_CHOSEN}")


def end(session: Session, days: Collection[date] | None, rules: Mapping[str, str]) -> None:
    """Note days, or all, as built, with the rates that their sales were converted at."""
    _prepare(session, days)
    session.scratch("rules", _RULES, list(rules.items()))
    with session.transaction():
        _choose_all(session, days)
        for table in ("unfinished_marts", "conversions"):
            session.change(f"DELETE FROM main.{table} WHERE {_IS_CHOSEN}")
        session.change(
            "INSERT INTO main.conversions (source, partition_date, order_date, currency, "
            "reporting_currency, rate_date, currency_rate, reporting_rate, expected_rate_date, "
            "rules) "
            "SELECT DISTINCT f.source, f.partition_date, f.order_date, f.currency, "
            "f.reporting_currency, f.rate_date, f.currency_rate, f.reporting_rate, "
            "r.expected_rate_date, coalesce(n.rules, '') FROM core.fct_sales AS f "
            "LEFT JOIN staging.stg_exchange_rates AS r "
            "ON r.day = f.order_date AND r.currency = f.currency "
            "LEFT JOIN rules AS n ON n.source = f.source "
            "WHERE f.partition_date IN (SELECT partition_date FROM chosen)"
        )


def _prepare(session: Session, days: Collection[date] | None) -> None:
    """Make `chosen`, with the days if they are some."""
    session.scratch("chosen", _CHOSEN, [(day,) for day in days or ()])


def _choose_all(session: Session, days: Collection[date] | None) -> None:
    """Fill `chosen` with the days that are known in any way, if all are meant."""
    if days is None:
        known = ("ledger", "unfinished_marts", "conversions")
        union = " UNION ".join(f"SELECT partition_date FROM main.{table}" for table in known)
        session.change(f"INSERT INTO chosen {union}")
