"""Which day's line counts where a key is there on several days: settled inside the warehouse.

Belongs here: the SQL of that resolution, inside a load's transaction. Does not: keys within a day
(`contracts.keys`), or the load itself (`sql_load`).

The outcome is a function of the lines that are loaded, never of the order in which they came: of
every key that a load brought or took away, the earliest or latest day's line is in `revenue`, and
all others are in `outweighed`, and in `rejected` with the reason.
"""

from __future__ import annotations

from datetime import date

from sales_assets.contracts.days import AcrossDays
from sales_assets.contracts.quoting import literal
from sales_assets.resources.session import Columns, Session
from sales_assets.resources.warehouse_tables import TABLES

_LOSES, _WINS = "c.counts AND NOT c.wins", "c.wins AND NOT c.counts"
_TOUCHED: Columns = (("line_key", "VARCHAR"), ("day", "DATE"))
_REPLACED: Columns = TABLES["restated"]
_CONTESTED: Columns = (
    ("day", "DATE"),
    ("file", "VARCHAR"),
    ("line", "BIGINT"),
    ("text", "VARCHAR"),
    ("counts", "BOOLEAN"),
    ("by_day", "DATE"),
    ("wins", "BOOLEAN"),
    ("winning_day", "DATE"),
    ("winning_file", "VARCHAR"),
    ("winning_line", "BIGINT"),
)


def _same_line(table: str) -> str:
    """That a row of a table is a contested line. Parameter: the source."""
    return (
        f"{table}.source = ? AND {table}.partition_date = c.day AND {table}.file = c.file "
        f"AND {table}.line = c.line"
    )


def prepare_keys(session: Session) -> None:
    """Make the scratch tables, before the transaction begins."""
    session.scratch("replaced", _REPLACED)
    session.scratch("taken_keys", _TOUCHED)
    session.scratch("brought_keys", _TOUCHED)
    session.scratch("contested", _CONTESTED)


def note_taken(session: Session, source: str, within: str) -> None:
    """Note the lines that a load takes away, and their keys."""
    session.change(
        "INSERT INTO replaced SELECT DISTINCT source, partition_date, order_date, customer_id "
        f"FROM main.revenue WHERE {within}",
        [source],
    )
    session.change(
        "INSERT INTO taken_keys "
        f"SELECT line_key, partition_date FROM main.line_keys WHERE {within}",
        [source],
    )


def add_keys(session: Session, accepted: str) -> None:
    """Add the keys of a load's accepted lines."""
    lines = f"FROM {accepted} WHERE line_key IS NOT NULL"
    session.change(
        "INSERT INTO main.line_keys (source, partition_date, line_key, file, line, text, counts) "
        f"SELECT source, partition_date, line_key, file, line, text, true {lines}"
    )
    session.change(f"INSERT INTO brought_keys SELECT line_key, partition_date {lines}")


def settle_keys(session: Session, source: str, rule: AcrossDays) -> list[date]:
    """Let one line of each touched key count; gives the days of which lines moved.

    What moved is noted in `restated` and `moved` under the day of the load that moved it, so that
    the marts of that day bring all of it up to date; what the load replaced is in `restated` too.
    """
    touched = session.query(
        "SELECT (SELECT count(*) FROM taken_keys) + (SELECT count(*) FROM brought_keys)"
    )
    if touched[0][0]:
        _compare(session, source, rule)
    _note_moves(session, source)
    if not session.query("SELECT DISTINCT day FROM contested"):
        return []
    _move(session, source, "revenue", "outweighed", _LOSES)
    _move(session, source, "outweighed", "revenue", _WINS)
    _reject(session, source, rule)
    session.change(
        "UPDATE main.line_keys SET counts = c.wins FROM contested AS c "
        f"WHERE {_same_line('line_keys')} AND c.counts <> c.wins",
        [source],
    )
    rows = session.query("SELECT DISTINCT day FROM contested WHERE counts <> wins")
    return sorted(day for (day,) in rows)


def _compare(session: Session, source: str, rule: AcrossDays) -> None:
    """The lines of touched keys that several days have or had, and which of them wins."""
    order = "DESC" if rule is AcrossDays.LATEST else "ASC"
    by = f"(PARTITION BY line_key ORDER BY partition_date {order}, file, line)"
    found = (
        "SELECT k.line_key, k.partition_date, k.file, k.line, k.text, k.counts, t.by_day "
        "FROM main.line_keys AS k JOIN "
        "(SELECT line_key, min(day) AS by_day FROM ("
        "SELECT * FROM taken_keys UNION ALL SELECT * FROM brought_keys) AS keys "
        "GROUP BY line_key) AS t "
        "ON t.line_key = k.line_key WHERE k.source = ?"
    )
    session.change(
        f"""
        INSERT INTO contested
        SELECT partition_date, file, line, text, counts, by_day,
            row_number() OVER {by} = 1,
            first_value(partition_date) OVER {by},
            first_value(file) OVER {by},
            first_value(line) OVER {by}
        FROM ({found}) AS lines_found
        WHERE line_key IN (
            SELECT line_key FROM ({found}) AS keys_found GROUP BY line_key
            HAVING count(*) > 1 OR count(CASE WHEN NOT counts THEN 1 END) > 0
        )
        """,
        [source, source],
    )


def _note_moves(session: Session, source: str) -> None:
    moves = " UNION ".join(
        "SELECT t.source, c.by_day, t.order_date, t.customer_id "
        f"FROM main.{table} AS t JOIN contested AS c ON {_same_line('t')} WHERE {moves}"
        for table, moves in (("revenue", _LOSES), ("outweighed", _WINS))
    )
    # One statement: DuckDB 2.0.0 does not see what a transaction inserts after it has inserted
    # nothing into the same table (docs/decisions/0002-duckdb-version.md).
    session.change(
        "INSERT INTO main.restated "
        f"SELECT * FROM (SELECT * FROM replaced UNION {moves}) AS noted "
        "EXCEPT SELECT source, partition_date, order_date, customer_id FROM main.restated "
        "WHERE source = ? AND partition_date IN (SELECT day FROM loads)",
        [source, source, source],
    )
    session.change(
        "INSERT INTO main.moved SELECT ?, by_day, day FROM contested "
        "WHERE counts <> wins AND by_day <> day "
        "EXCEPT SELECT source, partition_date, moved_date FROM main.moved WHERE source = ?",
        [source, source],
    )


def _move(session: Session, source: str, origin: str, target: str, moves: str) -> None:
    columns = [name for name, _ in TABLES["revenue"]]
    session.change(
        f"INSERT INTO main.{target} ({', '.join(columns)}) "
        f"SELECT {', '.join(f't.{name}' for name in columns)} FROM main.{origin} AS t "
        f"JOIN contested AS c ON {_same_line('t')} WHERE {moves}",
        [source],
    )
    session.change(
        f"DELETE FROM main.{origin} USING contested AS c WHERE {_same_line(origin)} AND {moves}",
        [source],
    )


def _reject(session: Session, source: str, rule: AcrossDays) -> None:
    """Tell of each line that does not count which one does; an older word on it goes."""
    session.change(
        f"DELETE FROM main.rejected USING contested AS c WHERE {_same_line('rejected')} "
        "AND NOT c.counts",
        [source],
    )
    reason = (
        "'key: the same as in line ' || CAST(c.winning_line AS VARCHAR) || ' of ' || "
        "c.winning_file || ' of ' || CAST(c.winning_day AS VARCHAR) || "
        f"{literal(f', and the {rule} day counts')}"
    )
    session.change(
        "INSERT INTO main.rejected "
        "(source, partition_date, file, file_sha256, line, text, reasons) "
        "SELECT t.source, t.partition_date, t.file, t.file_sha256, t.line, c.text, "
        f"{session.list_of(reason)} "
        f"FROM main.outweighed AS t JOIN contested AS c ON {_same_line('t')} WHERE NOT c.wins",
        [source],
    )
