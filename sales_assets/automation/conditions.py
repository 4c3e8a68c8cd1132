"""Declarative automation: when marts and reports are computed by themselves.

Belongs here: the conditions. Does not: their sensor, which `definitions` declares.

`AutomationCondition.eager` would do neither job: it looks at the latest day only, while a restated
day may lie years back, and it waits for every upstream partition, while sources have histories of
their own and leave each other's days empty.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import reduce
from operator import or_
from typing import Any

import dagster as dg
from dagster import AutomationCondition

Condition = dg.AutomationCondition[Any]


def _when_changed(
    label: str, of_any: Callable[[Condition], Condition], also: Condition | None = None
) -> Condition:
    """True of what upstream changed since it was last computed or asked for, once all is quiet.

    `of_any` makes a condition on the upstream assets, true if it is of any; `also` is another
    reason, which waits for the same. Not
    `since_last_handled`: that drops a change whenever the asset itself was updated since the last
    tick, although the change may have come after it. Here the change wins, at the price of
    computing a range twice if its sources and its marts were built between the same two ticks.
    """
    changed = of_any(
        (AutomationCondition.newly_updated() & ~AutomationCondition.executed_with_root_target())
        | AutomationCondition.will_be_requested()
    )
    pending = changed.since(AutomationCondition.initial_evaluation())
    handled = AutomationCondition.newly_updated() | AutomationCondition.newly_requested()
    busy = AutomationCondition.in_progress()
    quiet = ~of_any(busy) & ~busy
    wrong = of_any(
        AutomationCondition.any_checks_match(
            AutomationCondition.check_failed(), blocking_only=True
        ).with_label("a blocking check upstream failed")
    )
    why = pending & ~handled.since(changed)
    found = (why if also is None else why | also) & quiet & ~wrong
    return found.with_label(label)


def on_sources(keys: Sequence[dg.AssetKey]) -> Condition:
    """For the staging models: the days of which any of the assets that the marts stand on changed.

    One condition for all of them, though each reads only some: the days of revenue and of exchange
    rates come from one run, and the models above are to be computed once for both, and not at all
    while one of the two is known to be wrong.
    """
    return _when_changed("a source's day or its exchange rates changed", _of_any(keys))


def on_revenue(keys: Sequence[dg.AssetKey]) -> Condition:
    """For exchange rates in a code location without sources: the days of which any source changed.

    The staging models take the request for rates as a change, and so are asked for in the same
    run: the models are computed once, after the rates.
    """
    return _when_changed("a source's day changed", _of_any(keys))


def _of_any(keys: Sequence[dg.AssetKey]) -> Callable[[Condition], Condition]:
    def of_any(condition: Condition) -> Condition:
        return reduce(or_, (AutomationCondition.asset_matches(key, condition) for key in keys))

    return of_any


ALONG = AutomationCondition.any_deps_match(AutomationCondition.will_be_requested()).with_label(
    "a model below is asked for"
)
"""A model goes along with those that it reads, in the same run."""

FAILED = (
    AutomationCondition.execution_failed()
    & AutomationCondition.cron_tick_passed("0 * * * *").since(
        AutomationCondition.newly_requested() | AutomationCondition.newly_updated()
    )
).with_label("its last run failed, and an hour has begun since it was asked for")
"""Nothing counts these attempts and parks, as `healing` does for days: each is one small run."""

ON_MARTS = _when_changed(
    "a mart changed, or its last run failed", AutomationCondition.any_deps_match, also=FAILED
)
"""The reports, after their marts; once more each hour those that failed."""
