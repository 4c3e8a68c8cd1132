"""Snowflake: the sign-in and each right that the pipeline and dbt need.

Belongs here: doing, with tables and files made for it, what a run does. Does not: granting
anything (`sales-assets setup snowflake` prints that).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, closing
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING
from uuid import uuid4

from sales_assets.contracts.quoting import literal
from sales_assets.doctor.advice import OTHERWISE
from sales_assets.doctor.clock import SNOWFLAKE, compared
from sales_assets.doctor.findings import Finding, ok, problem, warning
from sales_assets.doctor.inputs import NETWORK, SECONDS
from sales_assets.errors import PermanentError, SalesAssetsError, TransientError
from sales_assets.resources.build import build_object_store, build_warehouse
from sales_assets.resources.s3_object_store import S3ObjectStore
from sales_assets.resources.session import Columns, StagedFile, StageFile
from sales_assets.setting_kinds import WarehouseKind
from sales_assets.settings import Settings
from sales_assets.setup.snowflake_script import RIGHTS

if TYPE_CHECKING:
    from snowflake.connector import SnowflakeConnection

    from sales_assets.resources.snowflake_session import SnowflakeSession
    from sales_assets.resources.snowflake_warehouse import SnowflakeWarehouse

STATEMENT_SECONDS = 45
"""How long a statement may take: a suspended virtual warehouse resumes in a few seconds."""
PATIENCE = {"network_timeout": 15, "statement_timeout": STATEMENT_SECONDS, "attempts": 1}
SETUP = "have an administrator run what `sales-assets setup snowflake` prints"
NOT_THE_USERS = frozenset({390144, 390189, 390201})
"""Snowflake's numbers of a sign-in with a key or a role that is not the user's."""
PROBE: Columns = (("probe", "VARCHAR"),)
OWNERS = f"""
SELECT count(*), min(lower(table_schema || '.' || table_name)), min(table_owner)
FROM information_schema.tables
WHERE upper(table_schema) IN ({", ".join(map(literal, RIGHTS))}) AND table_owner <> ?
"""


def account(settings: Settings) -> Iterator[Finding]:
    """Sign in, and use each object and right that a run uses."""
    if settings.warehouse is not WarehouseKind.SNOWFLAKE:
        return
    from sales_assets.resources.snowflake_session import SnowflakeSession
    from sales_assets.resources.snowflake_warehouse import SnowflakeWarehouse

    warehouse = build_warehouse(settings).model_copy(update=PATIENCE)
    assert isinstance(warehouse, SnowflakeWarehouse)
    yield from _clock(warehouse)
    try:
        connection = warehouse.connect()
    except SalesAssetsError as error:
        yield _failed("Snowflake sign-in", error)
        return
    with closing(connection):
        yield ok("Snowflake sign-in", f"{warehouse.user} with a key pair, {warehouse.address}")
        missing = list(_missing(warehouse, connection))
        yield from missing
        if missing:
            return
        session = SnowflakeSession(
            connection, warehouse.address, warehouse.stage, STATEMENT_SECONDS
        )
        yield from _schemas(session)
        yield from _owners(session, connection.role or "")
        yield _load(settings, session, warehouse.stage)


def _clock(warehouse: SnowflakeWarehouse) -> Iterator[Finding]:
    """Before the sign-in, which is refused without a word of clocks if they are far apart."""
    import httpx

    host = warehouse.endpoint_url or f"https://{warehouse.account}.snowflakecomputing.com"
    before = datetime.now(UTC)
    try:
        date = httpx.get(host, timeout=SECONDS).headers.get("date")
    except httpx.HTTPError:
        return  # the sign-in tells it
    if date:
        yield compared(SNOWFLAKE, parsedate_to_datetime(date), before)


def _missing(warehouse: SnowflakeWarehouse, connection: SnowflakeConnection) -> Iterator[Finding]:
    """What the sign-in passes over in silence: a session may lack both."""
    for kind, name, seen in (
        ("virtual warehouse", warehouse.warehouse, connection.warehouse),
        ("database", warehouse.database, connection.database),
    ):
        if seen is None:
            told = f"{name} is not there, or {warehouse.role} may not use it"
            yield problem(f"Snowflake {kind}", told, SETUP)


def _schemas(session: SnowflakeSession) -> Iterator[Finding]:
    """Make and drop a table and a view in the schemas where the pipeline and dbt do so."""
    from sales_assets.resources.snowflake_session import described

    for schema, rights in RIGHTS.items():
        name = f"{schema}.doctor_{uuid4().hex}"
        try:
            with ExitStack() as later:
                if "CREATE TABLE" in rights:
                    later.callback(session.query, f"DROP TABLE IF EXISTS {name}")
                    session.query(f"CREATE TRANSIENT TABLE {name} ({described(PROBE)})")
                    session.change(f"INSERT INTO {name} VALUES (?)", ["probe"])
                if "CREATE VIEW" in rights:
                    later.callback(session.query, f"DROP VIEW IF EXISTS {name}_view")
                    session.query(f"CREATE VIEW {name}_view AS SELECT 1 AS probe")
                    session.query(f"SELECT * FROM {name}_view")
        except SalesAssetsError as error:
            yield _failed(f"Snowflake schema {schema}", error)
        else:
            made = ", ".join(right for right in rights if right.startswith("CREATE"))
            yield ok(f"Snowflake schema {schema}", f"{made} and dropping it again work")


def _owners(session: SnowflakeSession, role: str) -> Iterator[Finding]:
    """Tables that another role has made can be neither changed nor made anew."""
    [(count, first, owner)] = session.query(OWNERS, [role])
    if count:
        yield warning(
            "Snowflake tables",
            f"{count} are not {role}'s: {first} is {owner}'s",
            f"GRANT OWNERSHIP ON TABLE ... TO ROLE {role} COPY CURRENT GRANTS, unless it has all "
            "rights to them",
        )


def _load(settings: Settings, session: SnowflakeSession, stage: str | None) -> Finding:
    """Copy a file into a table by the way that staged files take."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    from sales_assets.resources.snowflake_session import LOADS

    way = f"the external stage {stage}" if stage else f"an upload to the stage {LOADS}"
    name = f"doctor-{uuid4().hex}.parquet"
    try:
        with TemporaryDirectory(prefix="sales-assets-") as folder, ExitStack() as later:
            file: StagedFile = Path(folder, name)
            pq.write_table(pa.table({"probe": [name]}), file)
            if stage:
                store = build_object_store(settings)
                assert isinstance(store, S3ObjectStore)  # settings refuse a stage without S3
                store = store.model_copy(update=NETWORK)
                later.callback(store.delete, [name])
                store.put([(Path(folder, name), name)])
                file = StageFile(name)
            elif not session.query("SHOW STAGES LIKE 'LOADS' IN SCHEMA main"):
                session.query(f"CREATE STAGE IF NOT EXISTS {LOADS}")
            table = session.staged("doctor_probe", PROBE, [file])
            if session.query(f"SELECT probe FROM {table}") != [(name,)]:
                raise PermanentError("the copied file came back as something else")
    except SalesAssetsError as error:
        found = _failed("Snowflake load", error)
        place = (
            f"see that {stage} is a stage on s3://{settings.s3_bucket}/{settings.s3_prefix}/"
            if stage
            else "see that this machine reaches Snowflake's storage, whose hosts SELECT "
            "SYSTEM$ALLOWLIST() names"
        )
        to_do = f"{place}; {found.to_do}"
        return Finding(found.check, found.severity, f"by {way}: {found.found}", to_do)
    return ok("Snowflake load", f"by {way}")


def _failed(check: str, error: SalesAssetsError) -> Finding:
    """What Snowflake itself said, and what to do by its number."""
    from sales_assets.resources.snowflake_errors import LACKING

    cause = error.__cause__
    if isinstance(error, TransientError):
        told = "see that nothing keeps this machine from reaching Snowflake, that the account is "
        told += "right and that the virtual warehouse is neither busy nor out of credits"
        return problem(check, str(error), told)
    lacking = getattr(cause, "errno", None) in LACKING | NOT_THE_USERS or "JWT" in str(cause)
    said = str(getattr(cause, "msg", None) or error)
    return problem(check, said, SETUP if lacking else OTHERWISE)
