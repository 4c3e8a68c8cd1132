"""Loading days into the warehouse: the steps of one transaction, and its proof.

Belongs here: the SQL of a load. Does not: who may write when (`sql_warehouse`), or which of
several lines with one key counts (`sql_keys`).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime

from sales_assets.contracts.days import AcrossDays
from sales_assets.errors import PermanentError
from sales_assets.resources.session import Columns, Session
from sales_assets.resources.sql_keys import add_keys, note_taken, prepare_keys, settle_keys
from sales_assets.resources.warehouse import DayLoad, LoadedDay
from sales_assets.resources.warehouse_tables import TABLES

WITHIN = "source = ? AND partition_date IN (SELECT day FROM loads)"
"""Rows of the days that are loaded. Parameter: the source."""
_LOADS: Columns = (
    ("day", "DATE"),
    ("fingerprint", "VARCHAR"),
    ("version", "VARCHAR"),
    ("files", "VARCHAR"),
    ("lines", "BIGINT"),
)
_COUNTED: Columns = (
    ("day", "DATE"),
    ("accepted", "BIGINT"),
    ("rejected", "BIGINT"),
    ("amount", "DECIMAL(38,4)"),
    ("net_amount", "DECIMAL(38,4)"),
)
_KEYED: Columns = (*TABLES["revenue"], ("line_key", "VARCHAR"), ("text", "VARCHAR"))


def now() -> datetime:
    """This moment in UTC, as the tables have times: without a zone."""
    return datetime.now(UTC).replace(tzinfo=None)


def replace_days(
    session: Session,
    source: str,
    loads: Sequence[DayLoad],
    across_days: AcrossDays | None,
) -> list[LoadedDay]:
    """Replace some days of a source in one transaction; gives every day that is not as before.

    Raises PermanentError, and has changed nothing, if a row is lost, doubled or of another day.
    """
    rows = [(o.day, o.fingerprint, o.contract_version, o.files, o.lines) for o in loads]
    session.scratch("loads", _LOADS, rows)
    session.scratch("counted_days", _COUNTED)
    prepare_keys(session)
    files = [load.accepted for load in loads if load.accepted]
    columns = _KEYED if across_days else TABLES["revenue"]
    accepted = session.staged("accepted_rows", columns, files) if files else ""
    files = [load.rejected for load in loads if load.rejected]
    rejected = session.staged("rejected_rows", TABLES["rejected"], files) if files else ""
    with session.transaction():
        return _replace(session, source, loads, across_days, accepted, rejected)


def _replace(
    session: Session,
    source: str,
    loads: Sequence[DayLoad],
    across_days: AcrossDays | None,
    accepted: str,
    rejected: str,
) -> list[LoadedDay]:
    days = {load.day for load in loads}
    note_taken(session, source, WITHIN)
    for table in ("revenue", "rejected", "ledger", "line_keys", "outweighed"):
        session.change(f"DELETE FROM main.{table} WHERE {WITHIN}", [source])
    inserted = sum(
        session.load(table, [name for name, _ in TABLES[table]], rows, small=len(loads) > 1)
        for table, rows in (("revenue", accepted), ("rejected", rejected))
        if rows
    )
    if across_days and accepted:
        add_keys(session, accepted)
    # Lines of days that were loaded while the contract still had such a rule are settled too.
    moved = settle_keys(session, source, across_days or AcrossDays.EARLIEST)
    _count(session, source)
    _check_counts(session, source)
    if inserted != sum(load.lines for load in loads):
        raise PermanentError(
            f"{source}: the staged files of {min(days)} to {max(days)} hold rows of other days or "
            "sources; nothing was changed. Materialise the staged asset of these days again"
        )
    session.change(
        "INSERT INTO main.ledger SELECT ?, n.day, n.fingerprint, n.version, n.files, n.lines, "
        "c.accepted, c.rejected, c.amount, c.net_amount, ? FROM loads AS n "
        "JOIN counted_days AS c ON c.day = n.day",
        [source, now()],
    )
    if moved:
        session.change(
            "UPDATE main.ledger SET accepted = c.accepted, rejected = c.rejected, "
            "amount = c.amount, net_amount = c.net_amount, loaded_at = ? "
            "FROM counted_days AS c WHERE ledger.source = ? AND ledger.partition_date = c.day",
            [now(), source],
        )
    entries = session.query(
        "SELECT partition_date, fingerprint, lines, accepted, rejected, amount, net_amount "
        "FROM main.ledger WHERE source = ? AND partition_date IN (SELECT day FROM counted_days) "
        "ORDER BY 1",
        [source],
    )
    return [LoadedDay(*entry) for entry in entries]


def _count(session: Session, source: str) -> None:
    """Count and add up what the tables hold of the days that a load changed."""
    these = (
        "source = ? AND partition_date IN "
        "(SELECT day FROM loads UNION SELECT day FROM contested WHERE counts <> wins)"
    )
    session.change(
        "INSERT INTO counted_days SELECT d.day, coalesce(a.lines, 0), coalesce(r.lines, 0), "
        "coalesce(a.amount, 0), coalesce(a.net_amount, 0) FROM ("
        "SELECT day FROM loads UNION SELECT day FROM contested WHERE counts <> wins"
        ") AS d LEFT JOIN ("
        "SELECT partition_date, count(*) AS lines, sum(amount) AS amount, "
        f"sum(net_amount) AS net_amount FROM main.revenue WHERE {these} GROUP BY partition_date"
        ") AS a ON a.partition_date = d.day LEFT JOIN ("
        f"SELECT partition_date, count(*) AS lines FROM main.rejected WHERE {these} "
        "GROUP BY partition_date) AS r ON r.partition_date = d.day",
        [source, source],
    )


def _check_counts(session: Session, source: str) -> None:
    """Compare what was counted, day by day, with the lines that went in."""
    lost: list[tuple[date, int, int, int]] = [
        (day, lines, accepted, rejected)
        for day, lines, accepted, rejected in session.query(
            "SELECT n.day, n.lines, c.accepted, c.rejected FROM loads AS n "
            "JOIN counted_days AS c ON c.day = n.day "
            "WHERE n.lines <> c.accepted + c.rejected ORDER BY n.day"
        )
    ]
    if lost:
        day, lines, accepted, rejected = lost[0]
        raise PermanentError(
            f"{source}, {day}: {lines} lines went in but {accepted} were accepted and {rejected} "
            f"rejected ({len(lost)} days like this); nothing was changed. Materialise the day's "
            "staged asset again"
        )
