"""Whether a transaction took effect whose COMMIT had no answer.

Belongs here: the mark that each transaction leaves, and looking for it. Does not: who may write
(`snowflake_lease`), or trying again (`snowflake_warehouse`).

A connection can break after Snowflake has committed. To make the change once more would do the
tables no harm, but the second time it has nothing to tell of what the first one changed: the days
of which lines moved, and the rates that were not known before.
"""

from __future__ import annotations

from uuid import uuid4

from sales_assets.resources.session import Columns, Session
from sales_assets.resources.snowflake_lease import NOW, await_transaction

COMMITS: Columns = (("mark", "VARCHAR"), ("left_at", "TIMESTAMP"))
"""The table `main.commits`: a mark of each transaction of the last day, and when it was left (UTC).
"""


def leave_mark(session: Session) -> str:
    """Leave a mark in the open transaction; those of more than a day ago go."""
    mark = uuid4().hex
    session.change(f"DELETE FROM main.commits WHERE left_at < DATEADD(day, -1, {NOW})")
    session.change(f"INSERT INTO main.commits SELECT ?, {NOW}", [mark])
    return mark


def was_committed(session: Session, mark: str) -> bool:
    """Whether the transaction that left a mark took effect, asked in another session.

    If it is still open, its end is awaited.
    """
    await_transaction(session)
    return bool(session.query("SELECT 1 FROM main.commits WHERE mark = ?", [mark]))
