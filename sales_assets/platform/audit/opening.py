"""The audit log of an installation.

Belongs here: where it is and which keys seal it, by the settings. Does not: the log (`log`).
"""

from __future__ import annotations

from sales_assets.platform.audit.database import check_is_there
from sales_assets.platform.audit.keys import Keys, key_of_file
from sales_assets.platform.audit.log import AuditLog
from sales_assets.settings import Settings


def open_audit_log(settings: Settings, *, write: bool = True) -> AuditLog:
    """The log; only with `write` it is made, with its key, if it is not there.

    See `AuditLog.open`.
    """
    if not write:
        check_is_there(audit_address(settings))  # said of the log, before its key is missed
    key, old = _keys(settings, make=write and settings.is_on_one_machine)
    return AuditLog.open(audit_address(settings), key, old, write=write)


def audit_keys(settings: Settings) -> Keys:
    """The keys, for rows that are not in the log's database."""
    return Keys(*_keys(settings, make=False))


def audit_address(settings: Settings) -> str:
    """Where it is, by the settings."""
    given = settings.audit_url or settings.dagster_postgres_url
    if given is not None:
        return given.get_secret_value()
    return f"sqlite:///{settings.home / 'platform' / 'audit.sqlite'}"


def _keys(settings: Settings, *, make: bool) -> tuple[bytes, list[bytes]]:
    """The key that seals, and the old ones.

    With several machines none is made: each would make another one.
    """
    if settings.audit_key is not None:
        current = settings.audit_key.get_secret_value().strip().encode()
    else:
        current = key_of_file(settings.home / "platform" / "audit.key", make=make)
    old = settings.audit_old_keys.get_secret_value() if settings.audit_old_keys else ""
    return current, [key.strip().encode() for key in old.split(",") if key.strip()]
