"""A Snowflake server on loopback that the real connector talks to: fakesnow, with bridges.

Belongs here: what fakesnow lacks and the warehouse needs. Does not: signing in (`signing_in`),
starting it (`__main__`), or what tests ask it to do besides (`control`).

It is a test target, never a warehouse to keep. What it cannot do is listed in
docs/decisions/0012-snowflake.md and covered by tests that need an account.
"""

from __future__ import annotations

import gzip
import json
import re
import time
from decimal import Decimal
from importlib import import_module
from pathlib import Path
from typing import Any

import duckdb
import fakesnow.arrow
import fakesnow.converter
import fakesnow.transforms
import pyarrow as pa
from fakesnow import copy_into
from fakesnow.conn import FakeSnowflakeConnection
from fakesnow.cursor import FakeSnowflakeCursor
from fakesnow.instance import FakeSnow
from fakesnow.transforms import stage
from snowflake.connector import errors
from sqlglot import exp
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from sales_assets_tests.snowflake.control import Control
from sales_assets_tests.snowflake.signing_in import (
    make_schemas,
    search_schemas,
    tell_what_there_is,
    why_refused,
)

_server: Any = import_module("fakesnow.server")  # fakesnow has a function of this name too
_patched: Any = import_module("fakesnow")
LOCK_TIMEOUT = 30.0
"""Seconds that a statement waits for rows that another transaction has changed."""
DDL = re.compile(r"^\s*(CREATE|ALTER|DROP|TRUNCATE)\b", re.IGNORECASE)
TAG = re.compile(
    r"^\s*ALTER\s+SESSION\s+(UN)?SET\s+(?:STATEMENT_TIMEOUT_IN_SECONDS\s*=\s*\d+\s+)?"
    r"QUERY_TAG(?:\s*=\s*'(.*)')?",
    re.IGNORECASE,
)
QUALIFIED = re.compile(
    r"^\s*(CREATE\s+OR\s+REPLACE)\s+TEMPORARY\s+(\w+\s+\w+\.\w+\.)", re.IGNORECASE
)
"""dbt's temporary relations, in a schema; DuckDB has a catalog of its own for temporary ones."""
NOTHING = "SELECT 'Statement executed successfully.' AS status"


class Bridged(FakeSnowflakeCursor):
    """fakesnow's cursor, nearer to Snowflake where the warehouse relies on it."""

    control: Control
    s3: Any = None

    def execute(self, command: str, *arguments: Any, **options: Any) -> FakeSnowflakeCursor:
        """A statement, seen by the control; faults become SQL errors instead of HTTP 500."""
        connection: Any = self._conn
        try:
            self.control.seen(connection, command)
            made = self._made(connection, command, *arguments, **options)
            self.control.done(connection, command)
        except ConnectionAbortedError as error:
            raise errors.ProgrammingError(msg=str(error), errno=390112, sqlstate="08003") from error
        except PermissionError as error:
            raise errors.ProgrammingError(msg=str(error), errno=3001, sqlstate="42501") from error
        return made

    def _made(
        self, connection: Any, command: str, *arguments: Any, **options: Any
    ) -> FakeSnowflakeCursor:
        deadline = time.monotonic() + LOCK_TIMEOUT
        while True:
            try:
                return super().execute(_bridged(connection, command), *arguments, **options)
            except errors.Error:
                raise
            except duckdb.TransactionException as error:
                # Snowflake waits for the lock; DuckDB refuses at once. A transaction is lost.
                if connection.open or time.monotonic() > deadline:
                    raise errors.ProgrammingError(
                        msg=f"Statement aborted: {error}", errno=625, sqlstate="57014"
                    ) from error
                time.sleep(0.05)
            except Exception as error:
                raise errors.ProgrammingError(
                    msg=f"{type(error).__name__}: {error}", errno=1, sqlstate="XX000"
                ) from error

    def _transform(self, expression: Any, params: Any) -> Any:
        return super()._transform(_whole_numbers(expression), params)


def _whole_numbers(expression: exp.Expression) -> exp.Expression:
    """Whole numbers of 38 digits, and their division without a remainder, stay exact.

    fakesnow has them as 64 bits, and DuckDB divides as floats.
    """
    for cast in list(expression.find_all(exp.Cast)):
        if cast.to.sql(dialect="snowflake") == "DECIMAL(38, 0)":
            cast.set("to", exp.DataType.build("HUGEINT", dialect="duckdb"))
    for division in list(expression.find_all(exp.Div)):
        taken = division.this.unnest()
        if isinstance(taken, exp.Sub) and isinstance(taken.expression.unnest(), exp.Mod):
            whole = exp.IntDiv(this=division.this, expression=division.expression)
            division.replace(exp.cast(whole, "DECIMAL(37, 0)"))
    return expression


def _bridged(connection: Any, command: str) -> str:
    """A statement as fakesnow understands it; keeps the books of transactions."""
    word = command.strip().split(None, 1)[0].upper() if command.strip() else ""
    command = command.replace("table_owner", f"'{connection.owner}'")  # fakesnow knows one for all
    if word == "BEGIN":
        connection.open = True
        return "BEGIN"
    if word in {"COMMIT", "ROLLBACK"}:
        connection.open = False
        return word
    if DDL.match(command) and connection.open:
        connection._duck_conn.commit()  # as Snowflake does, silently
        connection.open = False
    found = TAG.match(command)
    if found:
        connection.tag = "" if found[1] else (found[2] or "")
        return NOTHING
    if QUALIFIED.match(command):
        return QUALIFIED.sub(r"\1 \2", command)
    if word in {"REMOVE", "RM"}:
        _remove(connection, command)
        return NOTHING
    return command


def _remove(connection: Any, command: str) -> None:
    path = command.split("@", 1)[1].strip().rstrip("/")
    name, _, rest = path.partition("/")
    parts = stage.parts_from_var(name, connection.database, connection.schema)
    folder = Path(stage.internal_dir(".".join(parts)), rest)
    for file in folder.rglob("*"):
        if file.is_file():
            file.unlink()


def _from_binding(binding: dict[str, Any]) -> Any:
    value = binding["value"]
    if binding["type"] == "FIXED" and value is not None and "." in value:
        return Decimal(value)
    return None if value is None else _plain_binding(binding)


_plain_binding = fakesnow.converter.from_binding
_plain_struct = fakesnow.arrow.timestamp_to_sf_struct


def _timestamps(column: pa.Array | pa.ChunkedArray) -> pa.Array:
    """Empty timestamps stay empty, instead of becoming the first of January 1970."""
    whole = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    made = _plain_struct(whole.fill_null(0))
    return pa.StructArray.from_arrays(made.flatten(), fields=list(made.type), mask=whole.is_null())


def _staged_urls(source: str, files: list[str]) -> list[str]:
    """Files of an external stage, fetched; fakesnow would need DuckDB's httpfs."""
    if not source.startswith("s3://"):
        return _plain_urls(source, files)
    bucket, _, prefix = source.removeprefix("s3://").partition("/")
    fetched = []
    for number, file in enumerate(files):
        local = Path(
            stage.LOCAL_BUCKET_PATH, "S3", bucket, "F", f"{time.time_ns()}-{number}.parquet"
        )
        local.parent.mkdir(parents=True, exist_ok=True)
        try:
            Bridged.s3.download_file(bucket, f"{prefix.rstrip('/')}/{file}".lstrip("/"), str(local))
        except Bridged.s3.exceptions.ClientError as error:
            raise errors.ProgrammingError(
                msg=f"Remote file '{source}/{file}' was not found", errno=91016, sqlstate="22000"
            ) from error
        fetched.append(str(local))
    return fetched


_plain_urls = copy_into._source_urls


def _describe(
    table: exp.Table, connection: duckdb.DuckDBPyConnection, *schema: str | None
) -> list[tuple[str, str]]:
    """Columns of the table that is copied into, which may be a temporary one."""
    if table.db:
        return _plain_describe(table, connection, *schema)
    return [(row[0], row[1]) for row in connection.execute(f"DESCRIBE {table.name}").fetchall()]


_plain_describe = copy_into._describe_table


class BridgedConnection(FakeSnowflakeConnection):
    """fakesnow's session, with what the bridges remember of it."""

    open = False
    ended = False
    tag = ""
    owner = ""

    def cursor(self, cursor_class: Any = None) -> FakeSnowflakeCursor:  # noqa: ARG002
        return Bridged(conn=self, duck_conn=self._duck_conn)


def build_app(folder: Path, public_key: bytes, control: Control, s3: Any = None) -> Starlette:
    """The server's application; databases are files in the folder."""
    Bridged.control, Bridged.s3 = control, s3
    _server.from_binding = _from_binding
    _patched.arrow.timestamp_to_sf_struct = _timestamps
    copy_into._source_urls = _staged_urls
    _patched.copy_into._describe_table = _describe
    # fakesnow adds up DOUBLEs, lest somebody adds up text; Snowflake adds up numbers exactly.
    _patched.transforms.numeric_agg_implicit_cast = lambda expression: expression
    _patched.instance.fakes.FakeSnowflakeConnection = BridgedConnection
    _server.shared_fs = FakeSnow(db_path=folder)

    async def login(request: Request) -> JSONResponse:
        body = await request.body()
        if request.headers.get("Content-Encoding") == "gzip":
            body = gzip.decompress(body)
        told = json.loads(body)
        role = request.query_params.get("roleName", "")
        refused, code = why_refused(told, public_key), "390144"
        if not refused and role.upper() in control.hidden:
            refused = f"Role '{role}' specified in the connect string does not exist"
            code = "390189"
        if refused:
            return JSONResponse({"data": {}, "code": code, "message": refused, "success": False})
        answer: JSONResponse = await _server.login_request(request)
        body_told = json.loads(bytes(answer.body))
        token = body_told["data"]["token"]
        body_told["data"]["masterToken"] = token  # without one the connector ends no session
        connection = _server.sessions[token]
        tell_what_there_is(body_told["data"]["sessionInfo"], request.query_params, control.hidden)
        if connection.database:  # the setup of an account signs in without one
            make_schemas(connection, control.hidden)
        parameters = told["data"]["SESSION_PARAMETERS"]
        connection.tag = parameters.get("QUERY_TAG", "")
        connection.owner = control.owner or role.upper()
        if "SEARCH_PATH" in parameters:
            search_schemas(connection)
        control.sessions[token] = connection
        return JSONResponse(body_told)

    async def session(request: Request) -> JSONResponse:
        if request.query_params.get("delete"):
            control.end(_server.to_token(request))
        answer: JSONResponse = await _server.session(request)
        return answer

    own = {"/session/v1/login-request", "/session"}
    kept = [route for route in _server.routes if route.path not in own]
    return Starlette(
        routes=[
            Route("/session/v1/login-request", login, methods=["POST"]),
            Route("/session", session, methods=["POST"]),
            *kept,
            *control.routes(),
        ]
    )
