"""Every check in turn, whatever each of them meets.

Belongs here: the list of checks, and that none of them breaks, hangs or tells a secret. Does not:
any check.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from queue import Empty, SimpleQueue
from threading import Thread
from urllib.parse import unquote

from pydantic import SecretStr

from sales_assets.doctor import (
    celery_workers,
    databases,
    dbt_project,
    inputs,
    instance,
    machine,
    object_storage,
    snowflake,
    warehouse,
)
from sales_assets.doctor.findings import Check, Finding, ok, problem
from sales_assets.errors import SalesAssetsError, UsageError
from sales_assets.settings import Settings

SECONDS = 60.0
"""How long a check may take between two findings; a time-out of each call ends it earlier."""
HIDDEN = "***"
CHECKS: Sequence[tuple[str, Check]] = (
    ("packages", machine.packages),
    ("home", machine.home),
    ("contracts", inputs.contracts),
    ("AWS credentials", object_storage.credentials),
    ("landing zone", inputs.landing_zone),
    ("landing queue", inputs.landing_queue),
    ("exchange rates", inputs.exchange_rates),
    ("object store", object_storage.objects),
    ("catalogue", databases.catalogue),
    ("warehouse", warehouse.embedded),
    ("warehouse", snowflake.account),
    ("dbt project", dbt_project.prepared),
    ("Dagster", instance.dagster),
    ("Celery", celery_workers.celery),
)
"""What is looked at, in this order: what others need comes first."""


def examine(seconds: float = SECONDS) -> Iterator[Finding]:
    """Read the settings and look at everything that they name; raises nothing."""
    try:
        settings = Settings.load()
    except UsageError as error:
        yield problem("settings", str(error), "correct them; nothing else was looked at")
        return
    changed = sorted(settings.model_fields_set)
    yield ok(
        "settings",
        f"{len(changed)} of {len(Settings.model_fields)} are set: {', '.join(changed)}"
        if changed
        else "all as shipped: directories, DuckDB, the ECB's file of rates",
    )
    secrets = _secrets(settings)
    for name, check in CHECKS:
        for finding in _guarded(name, check, settings, seconds):
            yield Finding(
                finding.check,
                finding.severity,
                _without(secrets, finding.found),
                _without(secrets, finding.to_do),
            )


def _guarded(name: str, check: Check, settings: Settings, seconds: float) -> Iterator[Finding]:
    """The findings of a check, which runs in a thread that nobody waits for in vain."""
    found: SimpleQueue[Finding | None] = SimpleQueue()

    def look() -> None:
        try:
            for finding in check(settings):
                found.put(finding)
        except SalesAssetsError as error:
            found.put(problem(name, str(error), "do what it says, and look again"))
        except Exception as error:  # noqa: BLE001  # of whatever class, it is what was found
            told = f"{type(error).__name__}: {error}".strip()
            found.put(problem(name, told, "see what that means; the check could not go on"))
        finally:
            found.put(None)

    Thread(target=look, name=f"doctor: {name}", daemon=True).start()
    while True:
        try:
            finding = found.get(timeout=seconds)
        except Empty:
            yield problem(
                name,
                f"no answer within {seconds:g} s",
                "see that its address is right and that no firewall drops what is sent there",
            )
            return
        if finding is None:
            return
        yield finding


def _secrets(settings: Settings) -> list[str]:
    """What no finding may show: the values of secret settings, of addresses their passwords."""
    values = [getattr(settings, name) for name in Settings.model_fields]
    secret = [value.get_secret_value() for value in values if isinstance(value, SecretStr)]
    hidden = {part for text in secret for part in (_passwords(text) if "://" in text else [text])}
    return sorted(hidden - {""}, key=len, reverse=True)  # one may hold another


def _passwords(address: str) -> Iterator[str]:
    """The passwords in an address, before its host or in its query, as written and as meant."""
    for found in re.findall(r"://[^/@]*:([^/@]+)@|[?&][^=&]*pass[^=&]*=([^&]+)", address):
        for part in filter(None, found):
            yield part
            yield unquote(part)


def _without(secrets: Sequence[str], text: str) -> str:
    for secret in secrets:
        text = text.replace(secret, HIDDEN)
    return text
