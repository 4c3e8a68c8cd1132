"""The table of the audit log, and the triggers that let it only grow.

Belongs here: the table, the triggers, making both. Does not: writing rows (`log`).

Triggers stop mistakes and half of all attacks; whoever owns the database can drop them. What they
do then, the seals and the published heads show.
"""

from __future__ import annotations

import logging

import sqlalchemy as sa

_log = logging.getLogger("sales_assets")
_NUMBER = sa.BigInteger().with_variant(sa.Integer, "sqlite")
NAME = "audit_log"
_METADATA = sa.MetaData()
TABLE = sa.Table(
    NAME,
    _METADATA,
    sa.Column("number", _NUMBER, primary_key=True, autoincrement=False),
    sa.Column("time", sa.Text, nullable=False, index=True),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("about", _NUMBER, unique=True, index=True),
    # In PostgreSQL a bare `user` is whoever asks.
    sa.Column("user_name", sa.Text),
    sa.Column("team", sa.Text),
    sa.Column("address", sa.Text),
    sa.Column("request_id", sa.Text),
    sa.Column("operation", sa.Text),
    sa.Column("target", sa.Text),
    sa.Column("arguments", sa.Text),
    sa.Column("outcome", sa.Text),
    sa.Column("detail", sa.Text),
    sa.Column("key_id", sa.Text, nullable=False),
    sa.Column("previous", sa.Text, nullable=False),
    sa.Column("hash", sa.Text, nullable=False),
)
_NEXT = f"(SELECT coalesce(max(number), 0) + 1 FROM {NAME})"
_SQLITE = {
    f"{NAME}_no_update": f"BEFORE UPDATE ON {NAME} BEGIN "
    f"SELECT RAISE(ABORT, '{NAME} is append-only: UPDATE is refused'); END",
    f"{NAME}_no_delete": f"BEFORE DELETE ON {NAME} BEGIN "
    f"SELECT RAISE(ABORT, '{NAME} is append-only: DELETE is refused'); END",
    # INSERT OR REPLACE deletes without asking the trigger above.
    f"{NAME}_in_order": f"BEFORE INSERT ON {NAME} WHEN NEW.number IS NOT {_NEXT} "
    f"OR EXISTS (SELECT 1 FROM {NAME} WHERE about = NEW.about) BEGIN "
    f"SELECT RAISE(ABORT, '{NAME} is append-only: a row has to be the next one'); END",
}
_FUNCTIONS = (
    f"CREATE OR REPLACE FUNCTION {NAME}_refuses() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
    f"RAISE EXCEPTION '{NAME} is append-only: % is refused', TG_OP; END $$",
    f"CREATE OR REPLACE FUNCTION {NAME}_is_next() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
    f"IF NEW.number <> {_NEXT} THEN "
    f"RAISE EXCEPTION '{NAME} is append-only: a row has to be the next one'; END IF; "
    "RETURN NEW; END $$",
)
_POSTGRESQL = {
    f"{NAME}_append_only": f"BEFORE UPDATE OR DELETE OR TRUNCATE ON {NAME} "
    f"FOR EACH STATEMENT EXECUTE FUNCTION {NAME}_refuses()",
    f"{NAME}_in_order": f"BEFORE INSERT ON {NAME} FOR EACH ROW EXECUTE FUNCTION {NAME}_is_next()",
}


def is_there(connection: sa.Connection) -> bool:
    """Whether there is the table of a log."""
    return sa.inspect(connection).has_table(NAME)


def create(connection: sa.Connection) -> None:
    """Make the table with its triggers if it is not there; make triggers again that are gone."""
    if not is_there(connection):
        _METADATA.create_all(connection)
        _guard(connection)
    elif missing := (missing := missing_triggers(connection)):
        _guard(connection)
        _log.error(
            "The audit log had lost %s, and has them again; `sales-assets audit verify` tells if "
            "rows were changed meanwhile",
            ", ".join(missing),
        )


def missing_triggers(connection: sa.Connection) -> list[str]:
    """The names of triggers that are gone or switched off."""
    if connection.dialect.name == "sqlite":
        expected, of_table = _SQLITE, "SELECT name FROM sqlite_master WHERE type = 'trigger'"
    else:
        expected = _POSTGRESQL
        of_table = (
            f"SELECT tgname FROM pg_trigger WHERE tgrelid = '{NAME}'::regclass "
            "AND tgenabled IN ('O', 'A')"
        )
    there: set[str] = set(connection.exec_driver_sql(of_table).scalars())
    return sorted(expected.keys() - there)


def _guard(connection: sa.Connection) -> None:
    if connection.dialect.name == "sqlite":
        for name, body in _SQLITE.items():
            connection.exec_driver_sql(f"DROP TRIGGER IF EXISTS {name}")
            connection.exec_driver_sql(f"CREATE TRIGGER {name} {body}")
        return
    for function in _FUNCTIONS:
        connection.execute(sa.text(function))
    for name, body in _POSTGRESQL.items():
        connection.execute(sa.text(f"DROP TRIGGER IF EXISTS {name} ON {NAME}"))
        connection.execute(sa.text(f"CREATE TRIGGER {name} {body}"))
        # Also for a session that plays a replica.
        connection.execute(sa.text(f"ALTER TABLE {NAME} ENABLE ALWAYS TRIGGER {name}"))
