"""Exchange rates inside the warehouse.

Belongs here: the SQL of writing publications and of asking what is valid when. Does not: who may
write when (`sql_warehouse`), or converting sales (dbt_project).
"""

from __future__ import annotations

from datetime import date, timedelta

from sales_assets.partitions import DAY
from sales_assets.resources.session import Columns, Session
from sales_assets.resources.sql_load import now
from sales_assets.resources.warehouse import LoadedRates, RateLoad

REACH = timedelta(days=31)
"""How long a publication can be the last one; after the largest age limit nobody uses it."""

VALID = f"""
SELECT d.day, r.currency, max(r.rate_date) AS rate_date, max_by(r.rate, r.rate_date) AS rate
FROM main.rate_days AS d JOIN main.exchange_rates AS r
    ON r.rate_date <= d.day AND r.rate_date >= d.day - {REACH.days}
WHERE d.day >= ? AND d.day < ? GROUP BY d.day, r.currency
"""
"""Parameters: the first day and the day after the last."""

_RATES: Columns = (
    ("rate_date", "DATE"),
    ("currency", "VARCHAR"),
    ("rate", "DECIMAL(18,6)"),
    ("object_key", "VARCHAR"),
)
_QUARANTINED: Columns = (
    ("rate_date", "DATE"),
    ("currency", "VARCHAR"),
    ("value", "VARCHAR"),
    ("reason", "VARCHAR"),
    ("object_key", "VARCHAR"),
)
_DAYS: Columns = (("day", "DATE"), ("expected_rate_date", "DATE"))
_VALID: Columns = (
    ("day", "DATE"),
    ("currency", "VARCHAR"),
    ("rate_date", "DATE"),
    ("rate", "DECIMAL(18,6)"),
)
_KNOWN = (
    "SELECT 1 FROM main.quarantined_rates AS q WHERE q.rate_date = n.rate_date "
    "AND q.currency = n.currency AND q.value = n.value AND q.reason = n.reason"
)


def replace_rates(session: Session, load: RateLoad) -> LoadedRates:
    """Write a load in one transaction."""
    session.scratch("new_rates", _RATES, load.rates)
    session.scratch("new_quarantined", _QUARANTINED, load.quarantined)
    session.scratch("new_days", _DAYS, load.days)
    session.scratch("unseen", _QUARANTINED)
    session.scratch("days_before", (("day", "DATE"),))
    for moment in ("before", "after"):
        session.scratch(f"valid_{moment}", _VALID)
    with session.transaction():
        return _replace(session, _span(load))


def _replace(session: Session, span: list[date]) -> LoadedRates:
    session.change("INSERT INTO days_before SELECT day FROM main.rate_days")
    session.change(f"INSERT INTO valid_before {VALID}", span)
    for table in ("exchange_rates", "quarantined_rates"):
        _delete(session, table, "rate_date, currency", "new_rates")
    session.change(
        "INSERT INTO main.exchange_rates (rate_date, currency, rate, object_key, loaded_at) "
        "SELECT rate_date, currency, rate, object_key, ? FROM new_rates",
        [now()],
    )
    session.change(
        "INSERT INTO unseen SELECT rate_date, currency, value, reason, object_key "
        f"FROM new_quarantined AS n WHERE NOT EXISTS ({_KNOWN})"
    )
    _delete(session, "quarantined_rates", "rate_date, currency", "unseen")
    session.change(
        "INSERT INTO main.quarantined_rates "
        "(rate_date, currency, value, reason, object_key, seen_at) "
        "SELECT rate_date, currency, value, reason, object_key, ? FROM unseen",
        [now()],
    )
    _delete(session, "rate_days", "day", "new_days")
    session.change(
        "INSERT INTO main.rate_days (day, expected_rate_date) "
        "SELECT day, expected_rate_date FROM new_days"
    )
    session.change(f"INSERT INTO valid_after {VALID}", span)
    changed = session.query(
        "SELECT DISTINCT day FROM ("
        "(SELECT * FROM valid_after EXCEPT SELECT * FROM valid_before) UNION ALL "
        "(SELECT * FROM valid_before EXCEPT SELECT * FROM valid_after)) AS differing "
        "WHERE day IN (SELECT day FROM days_before) ORDER BY day"
    )
    unseen = session.query(
        "SELECT rate_date, currency, value, reason FROM unseen ORDER BY 1, 2, 3, 4"
    )
    return LoadedRates(
        [day for (day,) in changed],
        [(day, currency, value, reason) for day, currency, value, reason in unseen],
    )


def _span(load: RateLoad) -> list[date]:
    """The days, half-open, for which a load's publications can be the valid ones."""
    dates = [*(rate[0] for rate in load.rates), *(day for day, _ in load.days)]
    return [min(dates), max(dates) + REACH + DAY] if dates else [date.min, date.min]


def _delete(session: Session, table: str, key: str, keys: str) -> None:
    session.change(f"DELETE FROM main.{table} WHERE ({key}) IN (SELECT {key} FROM {keys})")
