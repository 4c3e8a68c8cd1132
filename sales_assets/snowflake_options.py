"""The settings of Snowflake as the warehouse.

Belongs here: their names, types and defaults; `settings.Settings` has them among its own. Does
not: reading the environment (`settings`), or connecting (`resources`).
"""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, Field, SecretStr

SNOWFLAKE_NEEDS = (
    "snowflake_account",
    "snowflake_user",
    "snowflake_private_key_path",
    "snowflake_role",
    "snowflake_warehouse",
    "snowflake_database",
)
"""The settings without which there is no Snowflake."""


class SnowflakeOptions(BaseModel):
    """The settings of a Snowflake account."""

    snowflake_account: str | None = Field(
        default=None, description="Account identifier, such as myorganisation-myaccount."
    )
    snowflake_user: str | None = Field(
        default=None, description="The service user; it signs in with a key pair only."
    )
    snowflake_private_key_path: Path | None = Field(
        default=None, description="File of the user's private key (PEM, PKCS#8)."
    )
    snowflake_private_key_passphrase: SecretStr | None = Field(
        default=None, description="Passphrase of that file, if it has one; never shown."
    )
    snowflake_role: str | None = Field(default=None, description="Role of all statements.")
    snowflake_warehouse: str | None = Field(
        default=None, description="The virtual warehouse that computes."
    )
    snowflake_database: str | None = Field(
        default=None, description="Database of the schemas main, staging, core and marts."
    )
    snowflake_stage: str | None = Field(
        default=None,
        pattern=r"^[A-Za-z_][A-Za-z0-9_$]*(\.[A-Za-z_][A-Za-z0-9_$]*){0,2}$",
        description="External stage on the bucket and prefix of the staged objects; default: they "
        "are uploaded to an internal stage.",
    )
    snowflake_endpoint_url: str | None = Field(
        default=None,
        pattern="^https?://[^/@]+$",
        description="Address of the account, for a private link; default: from the account.",
    )
    snowflake_statement_timeout_seconds: int = Field(
        default=3600, gt=0, description="How long Snowflake lets one statement run."
    )
