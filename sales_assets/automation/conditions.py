"""Declarative automation: when marts and reports are computed by themselves.

Belongs here: the conditions. Does not: their sensor, which `definitions` declares.

`AutomationCondition.eager` would do neither job: it looks at the latest day only, while a restated
day may lie years back, and it waits for every upstream partition, while sources have histories of
their own and leave each other's days empty.
"""

from __future__ import annotations

from typing import Any

import dagster as dg


def _when_upstream_changed(label: str) -> dg.AutomationCondition[Any]:
    changed = dg.AutomationCondition.any_deps_updated().since_last_handled()
    quiet = ~dg.AutomationCondition.any_deps_in_progress()
    return (changed & quiet & ~dg.AutomationCondition.in_progress()).with_label(label)


MARTS_CONDITION = _when_upstream_changed("a source's day changed")
"""Compute exactly the days whose revenue changed, when nothing upstream is still running."""

REPORT_CONDITION = _when_upstream_changed("a mart changed")
"""Refresh the report after its marts."""
