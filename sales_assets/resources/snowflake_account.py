"""Signing in to an account of Snowflake, by dagster-snowflake's resource.

Belongs here: which account, as whom, and how a connection is set up. Does not: what is done with
one (`snowflake_session`, `snowflake_warehouse`).
"""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import dagster as dg

from sales_assets.errors import PermanentError
from sales_assets.resources.query_tag import query_tag
from sales_assets.resources.snowflake_errors import errors_told
from sales_assets.settings import read_secret

if TYPE_CHECKING:
    from snowflake.connector import SnowflakeConnection

# The connector has a copy of requests that knows no urllib3 of today and says so on each start.
warnings.filterwarnings("ignore", message="urllib3 .* doesn't match a supported version")
PASSPHRASE = "snowflake_private_key_passphrase"  # noqa: S105  # the setting's name
SCHEMAS = ("main", "staging", "core", "marts")
"""Where a bare table name is looked up: the pipeline's own tables, then dbt's layers."""


class SnowflakeAccount(dg.ConfigurableResource[Any]):
    """A user of an account; sign-in is by key pair alone."""

    account: str
    user: str
    private_key_path: str
    role: str
    warehouse: str
    database: str
    endpoint_url: str | None = None
    statement_timeout: int = 3600
    network_timeout: int = 120

    @property
    def address(self) -> str:
        """What errors call this warehouse."""
        return f"snowflake://{self.account}/{self.database}"

    def connect(self) -> SnowflakeConnection:
        """A connection, which the caller has to close; tables may not be there yet."""
        from dagster_snowflake import SnowflakeResource

        parameters = {
            "QUERY_TAG": query_tag(),
            "STATEMENT_TIMEOUT_IN_SECONDS": self.statement_timeout,
            "TIMEZONE": "UTC",
            "SEARCH_PATH": ", ".join(SCHEMAS),
        }
        more: dict[str, Any] = {
            "session_parameters": parameters,
            "login_timeout": self.network_timeout,
            "network_timeout": self.network_timeout,
        }
        if self.endpoint_url:
            url = urlsplit(self.endpoint_url)
            more |= {"host": url.hostname, "protocol": url.scheme}
            more |= {"port": url.port or (443 if url.scheme == "https" else 80)}
        resource = SnowflakeResource(
            account=self.account,
            user=self.user,
            private_key_path=self.private_key_path,
            private_key_password=read_secret(PASSPHRASE),
            role=self.role,
            warehouse=self.warehouse,
            database=self.database,
            schema=SCHEMAS[0],
            paramstyle="qmark",
            autocommit=True,
            additional_snowflake_connection_args=more,
        )
        with errors_told(self.address):
            try:
                # Its context manager closes nothing when the block raises; the session does.
                connection: SnowflakeConnection = resource.get_connection().__enter__()
            except OSError as error:
                raise PermanentError(
                    f"{self.private_key_path}: the private key cannot be read "
                    f"({error.strerror}); correct SALES_ASSETS_SNOWFLAKE_PRIVATE_KEY_PATH"
                ) from error
            except (ValueError, TypeError) as error:  # TypeError: sealed, without a passphrase
                raise PermanentError(
                    f"{self.private_key_path}: is no private key that the passphrase opens; "
                    "correct SALES_ASSETS_SNOWFLAKE_PRIVATE_KEY_PATH or _PASSPHRASE"
                ) from error
        return connection
