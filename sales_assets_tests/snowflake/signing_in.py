"""Signing in to the Snowflake stand-in: whose key is taken, and what a session then has.

Belongs here: that. Does not: the server's other answers (`server`), or keys (`keys`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import jwt

USER = "loader"
"""The user who has the key."""
SCHEMAS = ("MAIN", "STAGING", "CORE", "MARTS")


def why_refused(body: dict[str, Any], key: bytes) -> str:
    """Why a sign-in is refused; empty if it is not. Only a key pair is taken."""
    data = body["data"]
    if data.get("AUTHENTICATOR") != "SNOWFLAKE_JWT":
        return "Sign-in is by key pair only."
    try:
        claims = jwt.decode(
            data["TOKEN"], key, algorithms=["RS256"], options={"verify_aud": False}, leeway=30
        )
    except jwt.InvalidTokenError:
        return "JWT token is invalid."
    wanted = f"{data['ACCOUNT_NAME']}.{USER}".upper()
    return "" if claims["sub"].upper() == wanted else "JWT token is invalid."


def tell_what_there_is(
    info: dict[str, Any], asked: Mapping[str, str], hidden: frozenset[str]
) -> None:
    """What a session has: a name that is not there, or may not be used, is passed over."""
    info |= {
        "warehouseName": asked.get("warehouse", "").upper(),
        "roleName": asked.get("roleName", "").upper(),
    }
    for kind in ("warehouseName", "databaseName"):
        if (info[kind] or "").upper() in hidden:
            info[kind] = None


def make_schemas(connection: Any, hidden: frozenset[str]) -> None:
    """Schemas, as the setup of an account makes them."""
    there = _schemas(connection)
    for schema in SCHEMAS:
        if schema not in there | hidden:
            connection._duck_conn.execute(
                f"CREATE SCHEMA IF NOT EXISTS {connection.database}.{schema}"
            )


def _schemas(connection: Any) -> set[str]:
    found = connection._duck_conn.execute(
        "SELECT upper(schema_name) FROM information_schema.schemata WHERE upper(catalog_name) = ?",
        [connection.database],
    ).fetchall()
    return {name for (name,) in found}


def search_schemas(connection: Any) -> None:
    """Look bare names up in the project's schemas, those that are there."""
    database = connection.database
    there = _schemas(connection)
    path = ",".join(f"{database}.{name}" for name in SCHEMAS if name in there)
    if path:
        connection._duck_conn.execute(f"SET search_path = '{path}'")
