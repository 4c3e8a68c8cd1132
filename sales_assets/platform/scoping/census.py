"""Which code locations and beginnings of asset keys Dagster's storages hold anything of.

A person from whom nothing is hidden gets Dagster's own objects. What is hidden may be more than
the workspace tells: runs of a code location that is gone, of a team that teams.yaml no longer has.
The census finds those, so that they stay with the administrators.

Belongs here: the look at the storages, kept for a while. Does not: what follows (`scoped`).
"""

from __future__ import annotations

import threading
import time
import weakref
from dataclasses import dataclass, field

from dagster import DagsterInstance
from dagster._core.storage.tags import CODE_LOCATION_TAG

from sales_assets.platform.scoping.backfills import BackfillIndex

FRESH_SECONDS = 60.0
"""How long a look at the storages is kept. Code locations of the workspace do not wait for it."""
STALE_SECONDS = 120.0
"""How old a look may be that is given while somebody takes a new one."""


@dataclass(frozen=True)
class Held:
    """What the storages held when they were looked at."""

    locations: frozenset[str] = frozenset()
    first_parts: frozenset[str] = frozenset()
    """First parts of asset keys."""
    unknown: bool = False
    """Whether there is something of which the code location cannot be told."""


@dataclass
class Census:
    """The last look at the storages of an instance."""

    backfills: BackfillIndex
    _looking: threading.Lock = field(default_factory=threading.Lock)
    """Held by who takes a new look; the others have the old one, if it is not stale."""
    _last: tuple[Held, float] = (Held(), float("-inf"))
    """The last look, and when it was begun."""

    def held(self, instance: DagsterInstance) -> Held:
        """What the storages hold, as of two minutes ago at most, and mostly of one."""
        held, since = self._last
        if time.monotonic() < since + FRESH_SECONDS:
            return held
        if not self._looking.acquire(blocking=time.monotonic() >= since + STALE_SECONDS):
            return held
        try:
            held, since = self._last
            if time.monotonic() >= since + FRESH_SECONDS:  # else somebody has just looked
                begun = time.monotonic()
                held = self._look(instance)
                self._last = (held, begun)
            return held
        finally:
            self._looking.release()

    def forget(self) -> None:
        """Look again at the next question."""
        with self._looking:
            self._last = (Held(), float("-inf"))

    def _look(self, instance: DagsterInstance) -> Held:
        tagged = dict(instance.get_run_tags([CODE_LOCATION_TAG])).get(CODE_LOCATION_TAG, set())
        states = {
            one.origin.repository_origin.code_location_origin.location_name
            for one in instance.all_instigator_state()
        }
        backfills = self.backfills.current().values()
        keys = {key for one in backfills for key in one.keys} | set(instance.all_asset_keys())
        return Held(
            locations=frozenset({*tagged, *states, *(b.location for b in backfills if b.location)}),
            first_parts=frozenset(key.path[0] for key in keys),
            unknown=any(not one.location and not one.keys for one in backfills),
        )


_census: weakref.WeakKeyDictionary[DagsterInstance, Census] = weakref.WeakKeyDictionary()
_lock = threading.Lock()


def census_of(instance: DagsterInstance) -> Census:
    """The census of an instance's storages."""
    with _lock:
        found = _census.get(instance)
        if found is None:
            found = _census[instance] = Census(BackfillIndex(instance.run_storage))
        return found
