"""Every check in turn, whatever each of them meets.

Belongs here: the list of checks, and that none of them breaks, hangs or tells a secret. Does not:
any check; each is imported when its turn comes, for a package that is missing is a finding too.
"""

from __future__ import annotations

import logging
import threading
import warnings
from collections.abc import Iterator, Sequence
from importlib import import_module
from queue import Empty, SimpleQueue

from sales_assets.doctor.findings import Check, Finding, ok, problem
from sales_assets.doctor.secrets import Secrets
from sales_assets.errors import SalesAssetsError, UsageError
from sales_assets.settings import Settings

SECONDS = 60.0
"""How long a check may take between two findings; a time-out of each call ends it earlier."""
CHECKS: Sequence[tuple[str, str]] = (
    ("packages", "machine.packages"),
    ("home", "machine.home"),
    ("contracts", "inputs.contracts"),
    ("pseudonym keys", "inputs.pseudonym_keys"),
    ("AWS credentials", "object_storage.credentials"),
    ("landing zone", "inputs.landing_zone"),
    ("landing queue", "inputs.landing_queue"),
    ("exchange rates", "inputs.exchange_rates"),
    ("object store", "object_storage.objects"),
    ("catalogue", "databases.catalogue"),
    ("warehouse", "warehouse.embedded"),
    ("Snowflake", "snowflake.account"),
    ("dbt project", "dbt_project.prepared"),
    ("Dagster", "instance.dagster"),
    ("Celery", "celery_workers.celery"),
    ("teams", "teams.teams"),
    ("audit log", "teams.audit_log"),
    ("code servers", "teams.code_servers"),
)
"""What is looked at, in this order: what others need comes first. Functions of modules here."""
_THREADS = "doctor: "


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
    secrets = Secrets(settings)
    logging.disable()  # what libraries log beside what they raise would not pass `secrets`
    try:
        for name, function in CHECKS:
            for finding in _guarded(name, function, settings, seconds):
                yield secrets.hidden(finding)
    finally:
        logging.disable(logging.NOTSET)


def has_given_up() -> bool:
    """Whether a check still runs that nobody waits for any more."""
    return any(thread.name.startswith(_THREADS) for thread in threading.enumerate())


def _guarded(name: str, function: str, settings: Settings, seconds: float) -> Iterator[Finding]:
    """The findings of a check, which runs in a thread that nobody waits for in vain."""
    found: SimpleQueue[Finding | None] = SimpleQueue()

    def look() -> None:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                for finding in _check(function)(settings):
                    found.put(finding)
        except SalesAssetsError as error:
            found.put(problem(name, str(error), "do what it says, and look again"))
        except ImportError as error:
            found.put(problem(name, f"cannot be looked at: {error}", "see what packages says"))
        except BaseException as error:  # noqa: BLE001  # of whatever class, it is what was found
            told = f"{type(error).__name__}: {error}".strip()
            found.put(problem(name, told, "see what that means; the check could not go on"))
        finally:
            found.put(None)

    thread = threading.Thread(target=look, name=f"{_THREADS}{name}", daemon=True)
    thread.start()
    while True:
        try:
            finding = found.get(timeout=seconds)
        except Empty:
            yield problem(
                name,
                f"no answer within {seconds:g} s, and given up",
                "see that its address is right and that no firewall drops what is sent there; a "
                "warehouse or bucket may keep a table or an object named doctor...",
            )
            return
        if finding is None:
            thread.join()  # it has ended; `has_given_up` is not to see it still
            return
        yield finding


def _check(function: str) -> Check:
    module, _, name = function.partition(".")
    check: Check = getattr(import_module(f"sales_assets.doctor.{module}"), name)
    return check
