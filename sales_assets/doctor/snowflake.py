"""Snowflake: the sign-in and each right that the pipeline and dbt need.

Belongs here: doing, with tables and files made for it, what a run does. Does not: granting
anything (`sales-assets setup snowflake` prints that).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, closing
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING
from uuid import uuid4

from sales_assets.doctor.clock import compared
from sales_assets.doctor.findings import Finding, ok, problem
from sales_assets.errors import PermanentError, SalesAssetsError
from sales_assets.resources.build import build_object_store, build_warehouse
from sales_assets.resources.session import Columns, StagedFile, StageFile
from sales_assets.setting_kinds import WarehouseKind
from sales_assets.settings import Settings
from sales_assets.setup.snowflake_script import RIGHTS

if TYPE_CHECKING:
    from snowflake.connector import SnowflakeConnection

    from sales_assets.resources.snowflake_session import SnowflakeSession
    from sales_assets.resources.snowflake_warehouse import SnowflakeWarehouse

PATIENCE = {"network_timeout": 15, "statement_timeout": 30, "attempts": 1}
"""Seconds, and tries: a suspended virtual warehouse resumes in a few of them."""
SETUP = "have an administrator run what `sales-assets setup snowflake` prints"
PROBE: Columns = (("probe", "VARCHAR"),)


def account(settings: Settings) -> Iterator[Finding]:
    """Sign in, and use each object and right that a run uses."""
    if settings.warehouse is not WarehouseKind.SNOWFLAKE:
        return
    from sales_assets.resources.snowflake_session import SnowflakeSession
    from sales_assets.resources.snowflake_warehouse import SnowflakeWarehouse

    warehouse = build_warehouse(settings).model_copy(update=PATIENCE)
    assert isinstance(warehouse, SnowflakeWarehouse)
    try:
        connection = warehouse.connect()
    except SalesAssetsError as error:
        yield problem(
            "Snowflake sign-in",
            str(error),
            f"{SETUP}: it gives {warehouse.user} the key's public half and the role; see also "
            "that nothing keeps this machine from reaching Snowflake",
        )
        return
    with closing(connection):
        yield ok("Snowflake sign-in", f"{warehouse.user} with a key pair, {warehouse.address}")
        missing = list(_missing(warehouse, connection))
        yield from missing
        if missing:
            return
        session = SnowflakeSession(connection, warehouse.address, warehouse.stage)
        yield from _schemas(session)
        yield _load(settings, session, warehouse.stage)
        before = datetime.now(UTC)
        [(theirs,)] = session.query("SELECT CURRENT_TIMESTAMP()")
        yield compared("Snowflake", theirs.astimezone(UTC), before)


def _missing(warehouse: SnowflakeWarehouse, connection: SnowflakeConnection) -> Iterator[Finding]:
    """What the sign-in passes over in silence: a session may lack all of it."""
    for kind, name, seen in (
        ("role", warehouse.role, connection.role),
        ("virtual warehouse", warehouse.warehouse, connection.warehouse),
        ("database", warehouse.database, connection.database),
    ):
        if seen is None:
            yield problem(
                f"Snowflake {kind}",
                f"{name} is not there, or {warehouse.role} may not use it",
                SETUP,
            )


def _schemas(session: SnowflakeSession) -> Iterator[Finding]:
    """Make and drop a table and a view in the schemas where the pipeline and dbt do so."""
    from sales_assets.resources.snowflake_session import described

    can = []
    for schema, rights in RIGHTS.items():
        name = f"{schema}.doctor_{uuid4().hex}"
        try:
            with ExitStack() as later:
                if "CREATE TABLE" in rights:
                    session.query(f"CREATE TABLE {name} ({described(PROBE)})")
                    later.callback(session.query, f"DROP TABLE {name}")
                    session.change(f"INSERT INTO {name} VALUES (?)", ["probe"])
                if "CREATE VIEW" in rights:
                    session.query(f"CREATE VIEW {name}_view AS SELECT 1 AS probe")
                    later.callback(session.query, f"DROP VIEW {name}_view")
                    session.query(f"SELECT * FROM {name}_view")
        except SalesAssetsError as error:
            yield problem(f"Snowflake schema {schema}", _said(error), SETUP)
        else:
            can.append(schema)
    if can:
        yield ok("Snowflake schemas", f"what runs make can be made in {', '.join(can)}")


def _load(settings: Settings, session: SnowflakeSession, stage: str | None) -> Finding:
    """Copy a file into a table by the way that staged files take."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    from sales_assets.resources.snowflake_session import LOADS

    way = f"the external stage {stage}" if stage else f"an upload to the stage {LOADS}"
    name = f"doctor-{uuid4().hex}.parquet"
    with TemporaryDirectory(prefix="sales-assets-") as folder, ExitStack() as later:
        file: StagedFile = Path(folder, name)
        pq.write_table(pa.table({"probe": [name]}), file)
        try:
            if stage:
                store = build_object_store(settings)
                store.put([(Path(folder, name), name)])
                later.callback(store.delete, [name])
                file = StageFile(name)
            else:
                session.query(f"CREATE STAGE IF NOT EXISTS {LOADS}")
            table = session.staged("doctor_probe", PROBE, [file])
            if session.query(f"SELECT probe FROM {table}") != [(name,)]:
                raise PermanentError("the copied file came back as something else")
        except SalesAssetsError as error:
            return problem(
                "Snowflake load",
                f"by {way}: {_said(error)}",
                f"see that {stage} is a stage on {store.address('')}, and {SETUP}"
                if stage
                else f"{SETUP}; see also that this machine reaches Snowflake's storage "
                "(SELECT SYSTEM$ALLOWLIST() names its hosts)",
            )
    return ok("Snowflake load", f"by {way}")


def _said(error: SalesAssetsError) -> str:
    """What Snowflake itself said; the doctor gives the advice."""
    return str(getattr(error.__cause__, "msg", None) or error)
