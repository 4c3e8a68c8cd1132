"""Declarative automation: when marts and reports are computed by themselves.

Belongs here: the conditions. Does not: their sensor, which `definitions` declares.

`AutomationCondition.eager` would do neither job: it looks at the latest day only, while a restated
day may lie years back, and it waits for every upstream partition, while sources have histories of
their own and leave each other's days empty.
"""

from __future__ import annotations

from typing import Any

import dagster as dg
from dagster import AutomationCondition


def _when_upstream_changed(label: str) -> dg.AutomationCondition[Any]:
    """True of what a dependency changed since it was last computed or asked for, once all is quiet.

    Not `since_last_handled`: that drops a change whenever the asset itself was updated since the
    last tick, although the change may have come after it. Here the change wins, at the price of
    computing a range twice if its sources and its marts were built between the same two ticks.
    """
    changed = AutomationCondition.any_deps_updated()
    pending = changed.since(AutomationCondition.initial_evaluation())
    handled = AutomationCondition.newly_updated() | AutomationCondition.newly_requested()
    quiet = ~AutomationCondition.any_deps_in_progress() & ~AutomationCondition.in_progress()
    wrong = AutomationCondition.any_deps_match(
        AutomationCondition.any_checks_match(AutomationCondition.check_failed(), blocking_only=True)
    ).with_label("a blocking check upstream failed")
    return (pending & ~handled.since(changed) & quiet & ~wrong).with_label(label)


ON_REVENUE = _when_upstream_changed("a source's day changed")
"""Exactly the days whose revenue changed, when nothing upstream runs or is known to be wrong."""

ALONG = AutomationCondition.any_deps_match(AutomationCondition.will_be_requested()).with_label(
    "a model below is asked for"
)
"""A model goes along with those that it reads, in the same run."""

ON_MARTS = _when_upstream_changed("a mart changed")
"""The report, after its marts."""
