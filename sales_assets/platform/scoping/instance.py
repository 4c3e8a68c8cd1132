"""Dagster's instance, as one person sees it.

Belongs here: putting the scoped storages into a copy of the instance, and the few methods of the
instance that speak of teams by themselves. Does not: the storages' rules.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dagster import DagsterInstance
from dagster._core.instance.config import ConcurrencyConfig
from dagster_shared.record import copy

from sales_assets.platform.scoping.closed import refused
from sales_assets.platform.scoping.compute_logs import ScopedComputeLogManager
from sales_assets.platform.scoping.events import ScopedEventLogStorage
from sales_assets.platform.scoping.runs import ScopedRunStorage
from sales_assets.platform.scoping.schedules import ScopedScheduleStorage
from sales_assets.platform.scoping.sight import Sight

SHARED = frozenset(
    {
        "_event_buffer",
        "_instance_type",
        "_local_artifact_storage",
        "_ref",
        "_run_coordinator",
        "_run_launcher",
        "_run_monitoring_enabled",
        "_scheduler",
        "_secrets_loader",
        "_settings",
        "_subscribers",
    }
)
"""Parts of an instance that tell nothing of a team. Launching goes on with the whole instance."""
SCOPED = frozenset({"_compute_log_manager", "_event_storage", "_run_storage", "_schedule_storage"})
LEFT_OUT = frozenset({"_defs_state_storage", "_exit_stack", "run_domain"})
"""State of all code locations' components; what belongs to the whole instance alone."""


class ScopedInstance(DagsterInstance):
    """An instance that holds what one person sees; made for one request."""

    sight: Sight

    def __init__(self, instance: DagsterInstance, sight: Sight) -> None:
        """Share the parts of an instance, with its storages scoped."""
        whole = vars(instance)
        self.__dict__.update({name: whole[name] for name in SHARED & whole.keys()})
        self.sight = sight
        self._run_coordinator = instance.run_coordinator
        self._run_launcher = instance.run_launcher
        self._defs_state_storage = None
        self._run_storage = ScopedRunStorage(instance.run_storage, sight)
        self._event_storage = ScopedEventLogStorage(instance.event_log_storage, sight)
        self._compute_log_manager = ScopedComputeLogManager(instance.compute_log_manager, sight)
        whole_schedules = instance.schedule_storage
        self._schedule_storage = (
            ScopedScheduleStorage(whole_schedules, sight) if whole_schedules else None
        )
        for part in (self._run_storage, self._event_storage, self._schedule_storage):
            if part is not None:
                part.register_instance(self)

    def get_concurrency_config(self) -> ConcurrencyConfig:
        """The limits of the queue, without those that are another team's."""
        whole = super().get_concurrency_config()
        queue = whole.run_queue_config
        if queue is None:
            return whole
        kept = [one for one in queue.tag_concurrency_limits if self._is_open(one)]
        return copy(whole, run_queue_config=queue._replace(tag_concurrency_limits=kept))

    def _is_open(self, limit: Mapping[str, Any]) -> bool:
        """Whether a limit is for each value of a tag, or for a team that is seen."""
        value = limit.get("value")
        if value is None or isinstance(value, Mapping):
            return True
        team = self.sight.teams.teams.get(str(value))
        return team is not None and self.sight.location(str(team.location))

    def info_dict(self) -> Mapping[str, object]:
        """Nothing: the configuration of the installation is the administrators'."""
        return {}

    dispose = refused("dispose")
    optimize_for_webserver = refused("optimize_for_webserver")
    reindex = refused("reindex")
    upgrade = refused("upgrade")
    wipe = refused("wipe")
    wipe_all_schedules = refused("wipe_all_schedules")
    wipe_daemon_heartbeats = refused("wipe_daemon_heartbeats")
