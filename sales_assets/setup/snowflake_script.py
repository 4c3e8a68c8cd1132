"""The SQL that sets up Snowflake for an installation.

Belongs here: which objects and rights there are. Does not: their names (`snowflake_names`), or the
words of the script (templates/snowflake.sql.j2).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sales_assets.errors import UsageError
from sales_assets.setting_kinds import WarehouseKind
from sales_assets.settings import PREFIX, Settings
from sales_assets.setup.aws_place import SNOWFLAKE_ROLE, Place, buckets, place_of
from sales_assets.setup.public_key import PublicKey, public_key_of
from sales_assets.setup.snowflake_names import login_name, object_name, path, stage_name, text
from sales_assets.snowflake_options import SNOWFLAKE_NEEDS

RIGHTS = {
    "MAIN": ("USAGE", "CREATE TABLE", "CREATE STAGE"),
    "STAGING": ("USAGE", "CREATE VIEW"),
    "CORE": ("USAGE", "CREATE TABLE", "CREATE VIEW"),
    "MARTS": ("USAGE", "CREATE TABLE", "CREATE VIEW"),
}
"""What the pipeline's role may do in each schema; it owns what it makes. `main` has the pipeline's
own tables and its internal stage (`resources.snowflake_warehouse`); the rest is dbt's: views, and
tables with a temporary view of each one's new rows (`tmp_relation_type`). Temporary tables need no
right; of temporary views Snowflake's documentation does not say so ("CREATE TABLE", "CREATE VIEW").
"""
READ = ("CORE", "MARTS")
"""The schemas whose tables and views people may read."""
_PROTOCOLS = {"aws": "s3", "aws-us-gov": "s3gov", "aws-cn": "s3china"}
"""What Snowflake calls S3 in each partition of AWS ("CREATE STORAGE INTEGRATION")."""


def snowflake_script(
    settings: Settings, *, reader: bool = False, account: str | None = None
) -> tuple[str, str]:
    """The script for an administrator, and what is still wrong with it, or nothing.

    `reader` adds a role that reads only; `account` is the number of the AWS account in which
    Snowflake takes a role to read the bucket. Raises UsageError if the settings choose no
    Snowflake, or a name cannot be one.
    """
    if settings.warehouse is not WarehouseKind.SNOWFLAKE:
        needed = ", ".join(f"{PREFIX}{name}".upper() for name in SNOWFLAKE_NEEDS)
        raise UsageError(
            f"These settings choose no Snowflake: set {PREFIX}WAREHOUSE=snowflake, and {needed}"
        )
    assert settings.snowflake_private_key_path is not None  # Settings refuses Snowflake without
    database = object_name(settings, "snowflake_database")
    role = object_name(settings, "snowflake_role")
    key = public_key_of(settings.snowflake_private_key_path)
    stage = None if settings.snowflake_stage is None else _stage(settings, account)
    script = _template(
        database=path(database),
        schemas={name: path(database, name) for name in RIGHTS},
        rights=RIGHTS,
        warehouse=path(object_name(settings, "snowflake_warehouse")),
        seconds=settings.snowflake_statement_timeout_seconds,
        role=path(role),
        user=path(login_name(settings)),
        login=text(login_name(settings)),
        reader=path(f"{role}_READER") if reader else None,
        read=[path(database, name) for name in READ],
        key=key,
        stage=stage,
    )
    return script, _left(key, stage)


def _stage(settings: Settings, account: str | None) -> dict[str, Any]:
    """The external stage and the integration behind it."""
    place = place_of(settings, account)
    protocol = _PROTOCOLS.get(place.partition, "s3")
    bucket, root = buckets(settings)[-1]  # Settings refuses a stage without a bucket
    own = object_name(settings, "snowflake_database")
    database, schema, name = stage_name(settings)
    return {
        "name": path(database, schema, name),
        "schema": path(database, schema),
        "database": path(database),
        "elsewhere": database != own or schema not in RIGHTS,
        "integration": path(f"{database}_{schema}_{name}"),
        "provider": text(protocol.upper()),
        "url": text(f"{protocol}://{bucket}/{root}"),
        "role_arn": text(place.role_arn(SNOWFLAKE_ROLE)),
    }


def _left(key: PublicKey, stage: dict[str, Any] | None) -> str:
    """What a person still has to do."""
    left = []
    if key.value is None:
        left.append(f"{key.problem}; give the public key at the end of the script")
    if stage is not None and Place.UNKNOWN_ACCOUNT in stage["role_arn"]:
        left.append(f"name the AWS account for {Place.UNKNOWN_ACCOUNT}, or give --aws-account")
    return "; ".join(left)


def _template(**given: object) -> str:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(  # noqa: S701  # SQL and not HTML: `snowflake_names` quotes
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    return environment.get_template("snowflake.sql.j2").render(given)
