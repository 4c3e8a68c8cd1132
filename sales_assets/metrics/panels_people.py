"""The panels of what people are told and charged.

Belongs here: alerts and costs. Does not: what runs, and what comes of it (`panels`).
"""

from __future__ import annotations

from sales_assets.metrics.panel import OF_TEAM, Panel, Query

_MESSAGES = "sales_assets_alert_messages_waiting"

ALERTS = [
    Panel(
        "Open incidents",
        [
            Query(
                f"sum by (team, severity) (sales_assets_incidents_open{{{OF_TEAM}}})",
                "{{team}} {{severity}}",
            )
        ],
    ),
    Panel(
        "Age of the oldest message that was not taken",
        [Query(f"sales_assets_alert_oldest_message_age_seconds{{{OF_TEAM}}}", "{{channel}}")],
        "s",
        description="Of those that are due: in quiet hours warnings wait.",
    ),
    Panel(
        "Messages that wait",
        [
            Query(
                f"sum by (team, channel, state) ({_MESSAGES}{{{OF_TEAM}}})",
                "{{channel}} {{state}}",
            )
        ],
    ),
    Panel(
        "Failures in a row of channels",
        [Query(f"sales_assets_alert_channel_failures{{{OF_TEAM}}}", "{{channel}}")],
        kind="table",
    ),
]
COSTS = [
    Panel(
        "Costs of this month",
        [
            Query(f"sales_assets_month_cost{{{OF_TEAM}}}", "{{team}} {{currency}}"),
            Query(f"sales_assets_month_budget{{{OF_TEAM}}}", "{{team}} {{currency}}, budget"),
        ],
        description="A float, for a look; `sales-assets costs` tells the exact sums.",
    ),
    Panel(
        "Share of the budget that is used",
        [Query(f"sales_assets_month_budget_used_ratio{{{OF_TEAM}}}", "{{team}}")],
        "percentunit",
    ),
    Panel(
        "CPU time of this month",
        [Query(f"sales_assets_month_cpu_seconds{{{OF_TEAM}}}", "{{team}}")],
        "s",
    ),
]
