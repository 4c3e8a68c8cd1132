"""The files of `deploy/prometheus` and `deploy/grafana`: `python -m sales_assets.metrics.deployed`.

Belongs here: their names and texts. Does not: rules and panels. A test holds that the files are
what this writes.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import yaml

from sales_assets.metrics.dashboards import dashboards
from sales_assets.metrics.rules import JOB, rules
from sales_assets.settings import PROJECT

_MADE = "# Written by `python -m sales_assets.metrics.deployed`.\n"
_CONFIGURATION = f"""\
# Prometheus for one installation. The token is of a machine that teams.yaml names under `monitors`:
#   sales-assets token create machine:prometheus --expires 365d
# It goes into the file below, which only Prometheus can read. Without teams, `sales-assets metrics`
# serves 127.0.0.1:9464 and asks for no token: leave `authorization` out.
# One webserver is enough, and two would count every run twice.
{_MADE}"""
_OPERATOR = f"""\
# For Prometheus's operator on Kubernetes. The secret sales-assets-prometheus holds, as `token`, the
# one of a machine that teams.yaml names under `monitors`.
{_MADE}"""
TOKEN_FILE = "/etc/prometheus/sales-assets.token"  # noqa: S105 (where it is, not what)


def files(docs: str | None = None) -> dict[Path, str]:
    """The texts by paths below `deploy`; `docs` is where the docs are served."""
    grafana = Path("grafana")
    provisioning = grafana / "provisioning"
    return {
        Path("prometheus/rules.yaml"): _MADE + _yaml(rules(docs=docs)),
        Path("prometheus/prometheus.yml"): _CONFIGURATION + _yaml(configuration()),
        Path("prometheus/operator.yaml"): _OPERATOR
        + "---\n".join(_yaml(one) for one in _for_operator(docs)),
        **{
            grafana / name: json.dumps(dashboard, indent=1) + "\n"
            for name, dashboard in dashboards().items()
        },
        provisioning / "dashboards/sales-assets.yaml": _MADE + _yaml(_provider()),
        provisioning / "datasources/prometheus.yaml": _MADE + _yaml(_datasource()),
    }


def configuration(
    target: str = "webserver:3000",
    token_file: str | None = TOKEN_FILE,
    interval: str = "30s",
    rule_file: str = "rules.yaml",
) -> dict[str, Any]:
    """Prometheus's own file."""
    return {
        "global": {"scrape_interval": interval, "evaluation_interval": interval},
        "rule_files": [rule_file],
        "scrape_configs": [
            {
                "job_name": JOB,
                "metrics_path": "/metrics",
                **(
                    {"authorization": {"type": "Bearer", "credentials_file": token_file}}
                    if token_file
                    else {}
                ),
                "static_configs": [{"targets": [target]}],
            }
        ],
    }


def _for_operator(docs: str | None) -> list[dict[str, Any]]:
    """What to scrape, and the rules."""
    token = {"type": "Bearer", "credentials": {"name": "sales-assets-prometheus", "key": "token"}}
    scraped = {
        "jobLabel": "app.kubernetes.io/name",  # the service's label of this name is the job
        "selector": {"matchLabels": {"component": "sales-assets-webserver"}},
        "endpoints": [
            {"port": "http", "path": "/metrics", "interval": "30s", "authorization": token}
        ],
    }
    api, named = "monitoring.coreos.com/v1", {"name": JOB}
    return [
        {"apiVersion": api, "kind": "ServiceMonitor", "metadata": named, "spec": scraped},
        {"apiVersion": api, "kind": "PrometheusRule", "metadata": named, "spec": rules(docs=docs)},
    ]


def _provider() -> dict[str, Any]:
    options = {"path": "/var/lib/grafana/dashboards"}
    return {
        "apiVersion": 1,
        "providers": [
            {"name": JOB, "folder": "Sales assets", "type": "file", "options": options},
        ],
    }


def _datasource() -> dict[str, Any]:
    where = {"access": "proxy", "url": "http://prometheus:9090", "isDefault": True}
    return {
        "apiVersion": 1,
        "datasources": [{"name": "Prometheus", "type": "prometheus", **where}],
    }


def _yaml(data: dict[str, Any]) -> str:
    return yaml.safe_dump(data, sort_keys=False, width=100)


def main() -> None:
    """Write the files."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--folder", type=Path, default=PROJECT / "deploy")
    parser.add_argument("--docs", help="where the docs are served, for links in alerts")
    arguments = parser.parse_args()
    for path, text in files(arguments.docs).items():
        file = arguments.folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)


if __name__ == "__main__":
    main()
