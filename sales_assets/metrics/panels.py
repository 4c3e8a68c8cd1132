"""The panels: what an administrator and what a team look at.

Belongs here: the two lists, and the panels of what runs. Does not: those of what people are told
and charged (`panels_people`), or the files (`dashboards`).
"""

from __future__ import annotations

from sales_assets.metrics.panel import OF_TEAM as _TEAM
from sales_assets.metrics.panel import Panel, Query, Row
from sales_assets.metrics.panels_people import ALERTS, COSTS
from sales_assets.metrics.rules import JOB

_FINISHED = "sales_assets_runs_finished_total"
_DURATION = "sales_assets_run_duration_seconds_bucket"
_CALLS = "sales_assets_exchange_rate_api_calls_total"
_LATENCY = "sales_assets_exchange_rate_api_call_duration_seconds_bucket"
_TICKS = "sales_assets_ticks_total"
_ROWS = "sales_assets_source_day_rows"
_BY_DAY = "sum by (team, source, day) "


def _quantile(share: float, buckets: str, by: str, window: str) -> str:
    return f"histogram_quantile({share}, sum by ({by}, le) (rate({buckets}[{window}])))"


RUNS = [
    Panel(
        "Runs that wait or go on",
        [
            Query(
                f"sum by (team, status) (sales_assets_runs_unfinished{{{_TEAM}}})",
                "{{team}} {{status}}",
            )
        ],
    ),
    Panel(
        "How long the oldest queued run has waited",
        [Query(f"sales_assets_run_queue_oldest_age_seconds{{{_TEAM}}}", "{{team}}")],
        "s",
    ),
    Panel(
        "Runs that ended, in an hour",
        [
            Query(
                f"sum by (team, status) (increase({_FINISHED}{{{_TEAM}}}[1h]))",
                "{{team}} {{status}}",
            )
        ],
    ),
    Panel(
        "Duration of runs",
        [
            Query(_quantile(0.5, f"{_DURATION}{{{_TEAM}}}", "team", "6h"), "{{team}}, half"),
            Query(_quantile(0.95, f"{_DURATION}{{{_TEAM}}}", "team", "6h"), "{{team}}, 95 %"),
        ],
        "s",
        description="Of runs that ended in six hours: as long as half of them took, and 95 %.",
    ),
    Panel(
        "Runs that failed in a day",
        [
            Query(
                f'sum by (team, job_name) (increase({_FINISHED}{{status="FAILURE",{_TEAM}}}[24h]))',
                "{{team}} {{job_name}}",
            )
        ],
        kind="table",
    ),
    Panel(
        "Sensors and schedules that fail",
        [
            Query(
                f"sales_assets_instigator_failing{{{_TEAM}}}"
                f" * on (team, location, instigator, type)"
                f" sales_assets_instigator_running{{{_TEAM}}}",
                "{{team}} {{instigator}}",
            )
        ],
        kind="table",
        description="1 where the last tick failed.",
    ),
]
DATA = [
    Panel(
        "Net revenue of the newest days",
        [
            Query(
                "sum by (team, source, day, currency) "
                f"(sales_assets_source_day_net_revenue{{{_TEAM}}})",
                "{{source}} {{day}} {{currency}}",
            )
        ],
        kind="table",
        description="A float, for a look; the exact sums are in the marts.",
    ),
    Panel(
        "Rows of the newest days",
        [
            Query(
                f"sum by (team, source, day, outcome) ({_ROWS}{{{_TEAM}}})",
                "{{source}} {{day}} {{outcome}}",
            )
        ],
        kind="table",
    ),
    Panel(
        "Share of rejected rows",
        [
            Query(
                f'max by (team, source) ({_BY_DAY}({_ROWS}{{outcome="rejected",{_TEAM}}})'
                f" / ({_BY_DAY}({_ROWS}{{{_TEAM}}}) > 0))",
                "{{team}}/{{source}}",
            )
        ],
        "percentunit",
        description="Of the worst of the newest seven days.",
    ),
    Panel(
        "Age of the newest day",
        [
            Query(
                f"time() - sales_assets_source_newest_day_timestamp_seconds{{{_TEAM}}}",
                "{{team}}/{{source}}, materialised",
            ),
            Query(
                f"time() - sales_assets_source_revenue_day_timestamp_seconds{{{_TEAM}}}",
                "{{team}}/{{source}}, with revenue",
            ),
        ],
        "s",
    ),
    Panel(
        "Time since the last materialisation",
        [
            Query(
                f"time() - sales_assets_asset_last_materialization_timestamp_seconds{{{_TEAM}}}",
                "{{asset}}",
            )
        ],
        "s",
        kind="table",
    ),
    Panel(
        "Freshness",
        [
            Query(
                f"sum by (team, state) (sales_assets_asset_freshness_state{{{_TEAM}}})",
                "{{team}} {{state}}",
            )
        ],
        description="Assets that have a freshness policy, by the state that the daemon found.",
    ),
    Panel(
        "Parked days",
        [Query(f"sales_assets_parked_partitions{{{_TEAM}}}", "{{team}}/{{source}}")],
        description="Days that failed too often; nothing asks for them until a person does.",
    ),
    Panel(
        "How long the first day has been parked",
        [Query(f"sales_assets_parked_oldest_age_seconds{{{_TEAM}}}", "{{team}}/{{source}}")],
        "s",
    ),
]
DAEMON = [
    Panel(
        "Age of the daemon's heartbeats",
        [Query("sales_assets_daemon_heartbeat_age_seconds", "{{daemon}}")],
        "s",
    ),
    Panel("Errors of the daemon", [Query("sales_assets_daemon_errors", "{{daemon}}")]),
    Panel(
        "Ticks in an hour",
        [Query(f"sum by (team, status) (increase({_TICKS}[1h]))", "{{team}} {{status}}")],
    ),
    Panel(
        "Code locations that are loaded",
        [Query("sales_assets_code_location_loaded", "{{location}}")],
    ),
    Panel(
        "Places in pools",
        [
            Query("sales_assets_pool_used", "{{pool}} taken"),
            Query("sales_assets_pool_limit", "{{pool}} limit"),
            Query("sales_assets_pool_pending", "{{pool}} waiting"),
        ],
    ),
    Panel(
        "How long the first has waited for a pool",
        [Query("sales_assets_pool_oldest_pending_age_seconds", "{{pool}}")],
        "s",
    ),
]
RATES = [
    Panel(
        "Calls that succeeded, of a day",
        [
            Query(
                f'sum by (api) (increase({_CALLS}{{result="success"}}[24h])) / '
                f'sum by (api) (increase({_CALLS}{{result=~"success|failure"}}[24h]))',
                "{{api}}",
            )
        ],
        "percentunit",
    ),
    Panel(
        "How long answered calls took",
        [
            Query(_quantile(0.5, _LATENCY, "api", "24h"), "half"),
            Query(_quantile(0.95, _LATENCY, "api", "24h"), "95 %"),
        ],
        "s",
    ),
    Panel(
        "Calls in an hour",
        [Query(f"sum by (api, result) (increase({_CALLS}[1h]))", "{{result}}")],
    ),
    Panel(
        "Failed calls in a day",
        [
            Query(
                "sum by (api, failure) (increase("
                "sales_assets_exchange_rate_api_failures_total[24h]))",
                "{{failure}}",
            )
        ],
        kind="table",
    ),
    Panel(
        "Circuit breaker",
        [Query("sales_assets_circuit_breaker_state", "{{state}}")],
        description="1 for the state that it is in.",
    ),
    Panel("Failures in a row", [Query("sales_assets_circuit_breaker_failures", "{{api}}")]),
]
SCRAPES = [
    Panel("Whether the installation answers", [Query(f'up{{job="{JOB}"}}', "{{instance}}")]),
    Panel("Parts without numbers", [Query("sales_assets_scrape_errors", "{{part}}")]),
    Panel(
        "How long parts of a scrape take",
        [Query("sales_assets_scrape_part_duration_seconds", "{{part}}")],
        "s",
    ),
]
INSTALLATION = [
    Row("Runs", RUNS),
    Row("Daemon, code, pools", DAEMON),
    Row("Data", DATA),
    Row("Alerts", ALERTS),
    Row("Costs", COSTS),
    Row("Exchange rates", RATES),
    Row("These numbers", SCRAPES),
]
TEAM = [
    Row("Data of $team", DATA),
    Row("Runs of $team", RUNS),
    Row("Alerts of $team", ALERTS),
    Row("Costs of $team", COSTS),
]
