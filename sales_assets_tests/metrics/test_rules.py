"""Each alert fires on the series of its fault, not before its time, and clears after it.

Prometheus's own tool evaluates the rules of deploy/, minute by minute.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml

from sales_assets.metrics.rules import alerts
from sales_assets_tests.harness import PROJECT

RULES = PROJECT / "deploy/prometheus/rules.yaml"
WRITTEN: dict[str, dict[str, Any]] = {
    rule["alert"]: rule for rule in yaml.safe_load(RULES.read_text())["groups"][0]["rules"]
}
TILL = 'team="retail",source="till"'
ENDED = "sales_assets_runs_finished_total"
CALLS = "sales_assets_exchange_rate_api_calls_total"


@dataclass(frozen=True)
class Case:
    """A fault: series by minutes, as promtool writes them, and when there has to be an alert."""

    alert: str
    series: Mapping[str, str]
    labels: Mapping[str, str]
    value: str = ""
    fires: str = "11m"
    quiet: Sequence[str] = field(default=("4m", "6m", "25m"))
    """Before the fault, before its time is over, and after it."""


FAULT = "0x4 1x9 0x30"
"""Well for five minutes, wrong for ten, well again."""
NONE = {"team": "none"}
CASES = [
    Case(
        "RunsQueueTooLong",
        {'sales_assets_run_queue_oldest_age_seconds{team="retail"}': "1800x4 2400x9 0x30"},
        {"team": "retail"},
        "40m 0s",
    ),
    Case(
        "RunFailures",
        {
            f'{ENDED}{{team="retail",job_name="load",status="FAILURE"}}': "0x4 3x90",
            f'{ENDED}{{team="retail",job_name="load",status="SUCCESS"}}': "0+1x90",
        },
        {"team": "retail", "job_name": "load"},
        "3",
        quiet=("4m", "50m"),
    ),
    Case(
        "DaemonDown",
        {'sales_assets_daemon_heartbeat_age_seconds{daemon="SENSOR"}': "240x4 301+60x9 0x30"},
        {"daemon": "SENSOR", **NONE},
        "11m 1s",
    ),
    Case(
        "PoolStuck",
        {'sales_assets_pool_used_by_ended_runs{pool="duckdb"}': FAULT},
        {"pool": "duckdb", **NONE},
        "1",
    ),
    Case(
        "PoolWaitsLong",
        {
            'sales_assets_pool_oldest_pending_age_seconds{pool="duckdb"}': "3600x4 7200x9 0x30",
        },
        {"pool": "duckdb", **NONE},
        "2h 0m 0s",
    ),
    Case(
        "CodeLocationDown",
        {'sales_assets_code_location_loaded{team="retail",location="tills"}': "1x4 0x9 1x30"},
        {"team": "retail", "location": "tills"},
    ),
    Case(
        "SensorFailing",
        {
            "sales_assets_instigator_failing"
            '{team="retail",location="tills",instigator="watch",type="sensor"}': FAULT
        },
        {"team": "retail", "location": "tills", "instigator": "watch", "type": "sensor"},
    ),
    Case(
        "AssetStale",
        {
            "sales_assets_asset_freshness_state"
            '{team="retail",asset="retail/till/revenue",state="FAIL"}': "0x4 1x29 0x30",
            "sales_assets_asset_freshness_state"
            '{team="retail",asset="retail/till/raw",state="WARN"}': "1x60",
        },
        {"team": "retail", "asset": "retail/till/revenue", "state": "FAIL"},
        fires="21m",
        quiet=("4m", "18m", "40m"),
    ),
    Case(
        "RejectedRowsHigh",
        {
            f'sales_assets_source_day_rows{{{TILL},day="2024-01-02",outcome="accepted"}}': "90x60",
            f'sales_assets_source_day_rows{{{TILL},day="2024-01-02",outcome="rejected"}}': (
                "4x4 10x9 4x30"
            ),
            f'sales_assets_source_day_rows{{{TILL},day="2024-01-03",outcome="accepted"}}': "0x60",
            f'sales_assets_source_day_rows{{{TILL},day="2024-01-03",outcome="rejected"}}': "0x60",
        },
        {"team": "retail", "source": "till", "day": "2024-01-02"},
        "10%",
        quiet=("4m", "5m", "25m"),
    ),
    Case(
        "RevenueMissing",
        {
            # The clock of the tool begins at 1970.
            f"sales_assets_source_revenue_day_timestamp_seconds{{{TILL}}}": "0x4500 259200x300",
            f"sales_assets_source_delivers{{{TILL}}}": "1x4800",
            'sales_assets_source_revenue_day_timestamp_seconds{team="retail",source="old"}': (
                "0x4800"
            ),
            'sales_assets_source_delivers{team="retail",source="old"}': "0x4800",
        },
        {"team": "retail", "source": "till"},
        "3d 1h 5m 0s",
        fires="4385m",
        quiet=("4310m", "4370m", "4510m"),
    ),
    Case(
        "DaysParked",
        {f"sales_assets_parked_partitions{{{TILL}}}": "0x4 2x19 0x30"},
        {"team": "retail", "source": "till"},
        "2",
        fires="16m",
        quiet=("4m", "14m", "30m"),
    ),
    Case(
        "ExchangeRateApiFailing",
        {
            f'{CALLS}{{api="a",result="failure"}}': "0x4 0+1x20 20x100",
            f'{CALLS}{{api="a",result="success"}}': "0+1x4 5x20 5+1x100",
        },
        {"api": "a", **NONE},
        "79.17%",
        fires="24m",
        quiet=("4m", "14m", "100m"),
    ),
    Case(
        "BreakerOpen",
        {
            'sales_assets_circuit_breaker_state{api="a",state="open"}': "0x4 1x19 0x30",
            'sales_assets_circuit_breaker_state{api="a",state="half-open"}': "0x60",
            'sales_assets_circuit_breaker_state{api="a",state="closed"}': "1x4 0x19 1x30",
        },
        {"api": "a", "state": "open", **NONE},
        fires="16m",
        quiet=("4m", "14m", "30m"),
    ),
    Case(
        "BudgetExceeded",
        {
            'sales_assets_month_budget_used_ratio{team="retail"}': "1x4 1.25x9 0x30",
            'sales_assets_month_budget_used_ratio{team="global"}': "0.99x60",
        },
        {"team": "retail"},
        "125%",
        quiet=("4m", "9m", "25m"),
    ),
    Case(
        "AlertsNotDelivered",
        {
            "sales_assets_alert_oldest_message_age_seconds"
            '{team="retail",channel="retail.mail"}': "0x4 0+60x30 0x30",
            "sales_assets_alert_oldest_message_age_seconds"
            '{team="none",channel="default.1"}': "0x4 0+60x15 0x30",
        },
        {"team": "retail", "channel": "retail.mail"},
        "18m 0s",
        fires="23m",
        quiet=("4m", "20m", "22m", "40m"),
    ),
    Case(
        "ScrapeFailing",
        {
            'sales_assets_scrape_errors{part="pools",instance="a"}': FAULT,
            'sales_assets_scrape_errors{part="ticks",instance="a"}': "0x60",
        },
        {"part": "pools", **NONE},
    ),
    Case(
        "TargetDown",
        {
            'up{job="sales-assets",instance="a"}': "1x4 0x9 1x30",
            'up{job="another",instance="a"}': "0x60",
        },
        {"job": "sales-assets", "instance": "a", **NONE},
        quiet=("4m", "7m", "25m"),
    ),
]


def expanded(text: str, case: Case) -> str:
    """A template with the labels and the value of a case."""
    text = re.sub(r"\{\{ \$labels\.(\w+) \}\}", lambda found: case.labels[found[1]], text)
    return re.sub(r"\{\{ \$value[^}]*\}\}", case.value, text)


def unit_test(case: Case, rules: Path) -> dict[str, Any]:
    """The case as promtool reads it."""
    rule = WRITTEN[case.alert]
    alert = {
        "exp_labels": {**rule["labels"], **case.labels},
        "exp_annotations": {
            name: expanded(text, case) for name, text in rule["annotations"].items()
        },
    }
    return {
        "rule_files": [str(rules)],
        "evaluation_interval": "1m",
        "tests": [
            {
                "interval": "1m",
                "input_series": [
                    {"series": name, "values": values} for name, values in case.series.items()
                ],
                "alert_rule_test": [
                    {
                        "alertname": case.alert,
                        "eval_time": moment,
                        "exp_alerts": [alert] if moment == case.fires else [],
                    }
                    for moment in (case.fires, *case.quiet)
                ],
            }
        ],
    }


def test_every_alert_has_a_case() -> None:
    assert [case.alert for case in CASES] == [alert.name for alert in alerts()]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.alert)
def test_an_alert_fires_on_its_fault_and_clears_after_it(
    case: Case, promtool: str, tmp_path: Path
) -> None:
    file = tmp_path / "test.yaml"
    file.write_text(yaml.safe_dump(unit_test(case, RULES)))
    done = subprocess.run(
        [promtool, "test", "rules", file], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
