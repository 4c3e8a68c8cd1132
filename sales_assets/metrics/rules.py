"""The alerts: what is wrong, from when on, and how bad that is.

Belongs here: the list. Does not: telling people (Alertmanager, or `sales_assets.alerts` without
Prometheus), or what to do then (docs/engineers/monitoring.md).

Every vector is there while all is well, too: a rule without data would be one that never fires.
"""

from __future__ import annotations

from typing import Any

from sales_assets.metrics.alert import Alert
from sales_assets.metrics.times import Times

JOB = "sales-assets"
"""What Prometheus's configuration calls the installation."""
MINUTE, HOUR, DAY = 60, 3_600, 86_400
_AGE = "{{ $value | humanizeDuration }}"
_SHARE = "{{ $value | humanizePercentage }}"
_SOURCE = "{{ $labels.team }}/{{ $labels.source }}"
_ROWS = "sales_assets_source_day_rows"
_CALLS = "sales_assets_exchange_rate_api_calls_total"


def alerts(times: Times | None = None) -> list[Alert]:
    """All of them; `times` makes their durations shorter."""
    told = times or Times()
    return [
        *_of_runs(told),
        *_of_code(),
        *_of_data(),
        *_of_rates(told),
        *_of_people(told),
        *_of_metrics(),
    ]


def rules(times: Times | None = None, docs: str | None = None) -> dict[str, Any]:
    """The file of rules."""
    told = times or Times()
    written = [alert.written(told, docs) for alert in alerts(told)]
    return {"groups": [{"name": JOB, "rules": written}]}


def _of_runs(times: Times) -> list[Alert]:
    return [
        Alert(
            "RunsQueueTooLong",
            "sales_assets_run_queue_oldest_age_seconds",
            f"> {times.seconds(30 * MINUTE)}",
            5 * MINUTE,
            "warning",
            "Runs of {{ $labels.team }} wait too long",
            f"The oldest queued run of {{{{ $labels.team }}}} has waited for {_AGE}.",
        ),
        Alert(
            "RunFailures",
            "sum by (team, job_name) (increase("
            f'sales_assets_runs_finished_total{{status="FAILURE"}}[{times.window(30 * MINUTE)}]))',
            "> 0",
            0,
            "warning",
            "Runs of {{ $labels.team }} fail",
            "{{ $value | humanize }} runs of {{ $labels.job_name }} of {{ $labels.team }} failed "
            f"in the last {times.window(30 * MINUTE)}.",
        ),
        Alert(
            "DaemonDown",
            "sales_assets_daemon_heartbeat_age_seconds",
            f"> {times.seconds(5 * MINUTE)}",
            2 * MINUTE,
            "error",
            "The daemon's {{ $labels.daemon }} is not alive",
            f"Its last heartbeat was {_AGE} ago: no run starts, and no sensor or schedule works.",
            of_installation=True,
        ),
        Alert(
            "PoolStuck",
            "sales_assets_pool_used_by_ended_runs",
            "> 0",
            5 * MINUTE,
            "error",
            "Places of the pool {{ $labels.pool }} are not given back",
            "{{ $value }} places of {{ $labels.pool }} are taken by runs that have ended.",
            of_installation=True,
        ),
        Alert(
            "PoolWaitsLong",
            "sales_assets_pool_oldest_pending_age_seconds",
            f"> {times.seconds(HOUR)}",
            5 * MINUTE,
            "warning",
            "Steps wait long for the pool {{ $labels.pool }}",
            f"The first of them has waited for {_AGE}.",
            of_installation=True,
        ),
    ]


def _of_code() -> list[Alert]:
    return [
        Alert(
            "CodeLocationDown",
            "sales_assets_code_location_loaded",
            "== 0",
            5 * MINUTE,
            "error",
            "The code of {{ $labels.location }} is not loaded",
            "Nothing of the code location {{ $labels.location }} of {{ $labels.team }} can start.",
        ),
        Alert(
            "SensorFailing",
            "sales_assets_instigator_failing",
            "== 1",
            5 * MINUTE,
            "warning",
            "The {{ $labels.type }} {{ $labels.instigator }} of {{ $labels.team }} fails",
            "The last tick of {{ $labels.instigator }} in {{ $labels.location }} failed.",
        ),
    ]


def _of_data() -> list[Alert]:
    rows = "sum by (team, source, day) "
    return [
        Alert(
            "AssetStale",
            'sales_assets_asset_freshness_state{state="FAIL"}',
            "== 1",
            15 * MINUTE,
            "warning",
            "{{ $labels.asset }} is stale",
            "{{ $labels.asset }} of {{ $labels.team }} was not materialised in the time that its "
            "freshness policy gives.",
        ),
        Alert(
            "RejectedRowsHigh",
            f'{rows}({_ROWS}{{outcome="rejected"}}) / ({rows}({_ROWS}) > 0)',
            "> 0.05",
            MINUTE,
            "warning",
            f"Many rows of {_SOURCE} were rejected",
            f"{_SHARE} of the rows of {{{{ $labels.day }}}} break the contract.",
        ),
        Alert(
            "RevenueMissing",
            "((time() - sales_assets_source_revenue_day_timestamp_seconds) "
            "and on (team, source) (sales_assets_source_delivers == 1))",
            f"> {3 * DAY}",
            HOUR,
            "error",
            f"There is no revenue of {_SOURCE}",
            f"The newest day of {_SOURCE} with an accepted row began {_AGE} ago.",
        ),
        Alert(
            "DaysParked",
            "sales_assets_parked_partitions",
            "> 0",
            10 * MINUTE,
            "error",
            f"Days of {_SOURCE} are parked",
            f"{{{{ $value }}}} days of {_SOURCE} failed too often, and nothing asks for them any "
            "more.",
        ),
    ]


def _of_rates(times: Times) -> list[Alert]:
    window = times.window(HOUR)
    return [
        Alert(
            "ExchangeRateApiFailing",
            f'sum by (api) (increase({_CALLS}{{result="failure"}}[{window}])) / '
            f'sum by (api) (increase({_CALLS}{{result=~"failure|success"}}[{window}]))',
            "> 0.5",
            10 * MINUTE,
            "warning",
            "The exchange-rate API fails",
            f"{_SHARE} of the calls of {{{{ $labels.api }}}} failed in the last {window}. Sales go "
            "on at the last rates, marked as stale.",
            of_installation=True,
        ),
        Alert(
            "BreakerOpen",
            'sales_assets_circuit_breaker_state{state="open"}',
            "== 1",
            10 * MINUTE,
            "warning",
            "The exchange-rate API is left alone",
            "The circuit breaker of {{ $labels.api }} is open after failures in a row.",
            of_installation=True,
        ),
    ]


def _of_people(times: Times) -> list[Alert]:
    """What people have to be told, or to decide."""
    return [
        Alert(
            "BudgetExceeded",
            "sales_assets_month_budget_used_ratio",
            "> 1",
            5 * MINUTE,
            "error",
            "{{ $labels.team }} has used up its budget",
            f"{{{{ $labels.team }}}} has cost {_SHARE} of what it may cost in this month.",
        ),
        Alert(
            "AlertsNotDelivered",
            "sales_assets_alert_oldest_message_age_seconds",
            f"> {times.seconds(15 * MINUTE)}",
            2 * MINUTE,
            "error",
            "Alerts for {{ $labels.channel }} do not arrive",
            f"The oldest message for {{{{ $labels.channel }}}} of {{{{ $labels.team }}}} has "
            f"waited for {_AGE}: nobody there has been told of what went wrong.",
        ),
    ]


def _of_metrics() -> list[Alert]:
    return [
        Alert(
            "ScrapeFailing",
            "max by (part) (sales_assets_scrape_errors)",
            "> 0",
            5 * MINUTE,
            "warning",
            "The numbers of {{ $labels.part }} are missing",
            "What they are read from fails or is slow; alerts that stand on them cannot fire.",
            of_installation=True,
        ),
        Alert(
            "TargetDown",
            f'up{{job="{JOB}"}}',
            "== 0",
            3 * MINUTE,
            "error",
            "The installation cannot be measured",
            "{{ $labels.instance }} does not answer Prometheus; no other alert can fire.",
            of_installation=True,
        ),
    ]
