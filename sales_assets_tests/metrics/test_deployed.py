"""The files in deploy/: what the code writes, and what their readers accept."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from importlib.resources import files as resources
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from sales_assets.metrics.alert import PAGE
from sales_assets.metrics.dashboards import dashboards
from sales_assets.metrics.deployed import TOKEN_FILE, files
from sales_assets.metrics.rules import JOB, alerts, rules
from sales_assets.metrics.times import Times
from sales_assets.platform.teams_file import read_teams
from sales_assets_tests.harness import PROJECT
from sales_assets_tests.metrics.world import World

DEPLOY = PROJECT / "deploy"
BOARDS = dashboards()


def panels(board: dict[str, Any]) -> list[dict[str, Any]]:
    return [panel for panel in board["panels"] if panel["type"] != "row"]


def test_the_files_are_what_the_code_writes() -> None:
    for path, text in files().items():
        assert (DEPLOY / path).read_text() == text, (
            f"python -m sales_assets.metrics.deployed: {path}"
        )
    written = {
        file.relative_to(DEPLOY)
        for folder in ("prometheus", "grafana")
        for file in (DEPLOY / folder).rglob("*")
        if file.is_file()
    }
    assert written == files().keys()


def test_the_module_writes_them_with_links_to_where_the_docs_are_served(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "sales_assets.metrics.deployed", "--folder", str(tmp_path)]
    subprocess.run([*command, "--docs", "https://docs.example.com/"], cwd=PROJECT, check=True)
    assert (tmp_path / "grafana/team.json").read_text() == files()[Path("grafana/team.json")]
    assert (
        f"https://docs.example.com/{PAGE}.html#daemondown"
        in (tmp_path / "prometheus/rules.yaml").read_text()
    )


def test_promtool_accepts_rules_and_configuration(promtool: str) -> None:
    folder = DEPLOY / "prometheus"
    for what, *options in (("rules", "rules.yaml"), ("config", "--syntax-only", "prometheus.yml")):
        command = [promtool, "check", what, *options]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr


def test_the_token_is_a_file_and_no_text() -> None:
    [job] = yaml.safe_load(files()[Path("prometheus/prometheus.yml")])["scrape_configs"]
    assert job["job_name"] == JOB
    assert job["authorization"] == {"type": "Bearer", "credentials_file": TOKEN_FILE}


def test_the_operator_scrapes_the_service_under_the_name_that_the_rules_have() -> None:
    monitor, told = yaml.safe_load_all((DEPLOY / "prometheus/operator.yaml").read_text())
    manifests = yaml.safe_load_all((DEPLOY / "kubernetes/webserver.yaml").read_text())
    [service] = [one for one in manifests if one["kind"] == "Service"]
    labels = service["metadata"]["labels"]
    assert labels.items() >= monitor["spec"]["selector"]["matchLabels"].items()
    assert labels[monitor["spec"]["jobLabel"]] == JOB
    [endpoint] = monitor["spec"]["endpoints"]
    assert endpoint["port"] in {port["name"] for port in service["spec"]["ports"]}
    assert told["spec"] == rules()


def test_in_compose_each_file_is_where_its_reader_looks_for_it() -> None:
    compose = yaml.safe_load((DEPLOY / "docker-compose.monitoring.yml").read_text())
    schema = resources("check_jsonschema") / "builtin_schemas" / "vendor" / "compose-spec.json"
    jsonschema.validate(compose, json.loads(schema.read_text()))
    mounted = {
        inside: DEPLOY / here.removeprefix("./")
        for service in compose["services"].values()
        for here, inside, *_ in (volume.split(":") for volume in service["volumes"])
        if here.startswith("./")
    }
    assert all(file.exists() for file in mounted.values()), mounted
    configuration = yaml.safe_load((DEPLOY / "prometheus/prometheus.yml").read_text())
    folder = Path("/etc/prometheus")
    assert {str(folder / file) for file in configuration["rule_files"]} <= mounted.keys()
    [secret] = compose["services"]["prometheus"]["secrets"]
    assert secret["target"] == TOKEN_FILE
    [job] = configuration["scrape_configs"]
    host, port = job["static_configs"][0]["targets"][0].split(":")
    teams = yaml.safe_load((DEPLOY / "docker-compose.teams.yml").read_text())
    command = teams["services"][host]["command"]
    assert command[command.index("--port") + 1] == port
    [machine] = read_teams(DEPLOY / "teams.yaml").monitors
    assert machine in (DEPLOY / "prometheus/prometheus.yml").read_text()


def test_each_rule_has_a_team_a_severity_and_a_heading_that_says_what_to_do() -> None:
    page = (PROJECT / "docs" / f"{PAGE}.md").read_text()
    headings = {heading.lower() for heading in re.findall(r"^### (\w+)$", page, re.MULTILINE)}
    [group] = rules()["groups"]
    for rule in group["rules"]:
        labels, told = rule["labels"], rule["annotations"]
        assert labels["severity"] in {"warning", "error"}
        has_team = "team" in re.sub(r"\{[^}]*\}", "", rule["expr"]) or "$labels.team" in str(told)
        assert ("team" in labels) != has_team, rule["alert"]
        assert rule["for"]
        assert told.keys() == {"summary", "description", "runbook_url"}
        path, _, anchor = told["runbook_url"].partition("#")
        assert (PROJECT / path).is_file()
        assert anchor in headings
    assert headings == {alert.name.lower() for alert in alerts()}


def test_shorter_times_change_durations_and_nothing_else() -> None:
    short = Times(scale=1 / 100, least=10)
    assert (short.seconds(3_600), short.window(60), short.hold(300)) == (36, "10s", "3s")
    assert (Times().window(5_400), Times().hold(0), Times().hold(86_400)) == ("90m", "0s", "1d")
    for long, brief in zip(alerts(), alerts(short), strict=True):
        assert re.sub(r"\d+[smhd]?", "", long.expression) == re.sub(
            r"\d+[smhd]?", "", brief.expression
        )


@pytest.mark.parametrize("name", BOARDS)
def test_a_dashboard_has_each_panel_at_a_place_of_its_own(name: str) -> None:
    board = BOARDS[name]
    ids = [panel["id"] for panel in board["panels"]]
    assert len(set(ids)) == len(ids)
    taken: set[tuple[int, int]] = set()
    for panel in board["panels"]:
        place = panel["gridPos"]
        assert place["x"] + place["w"] <= 24
        cells = {
            (place["x"] + x, place["y"] + y) for x in range(place["w"]) for y in range(place["h"])
        }
        assert not cells & taken, panel["title"]
        taken |= cells


@pytest.mark.parametrize("name", BOARDS)
def test_each_panel_asks_the_chosen_prometheus_something_and_shows_whose_it_is(name: str) -> None:
    variables = {one["name"] for one in BOARDS[name]["templating"]["list"]}
    for panel in panels(BOARDS[name]):
        assert panel["targets"]
        for target in panel["targets"]:
            assert target["datasource"]["uid"] == "${datasource}"
            used = re.findall(r"\$\{?(\w+)", json.dumps(target))
            assert set(used) <= variables
            assert target["legendFormat"]


def test_all_of_a_teams_dashboard_is_of_the_chosen_team() -> None:
    for panel in panels(BOARDS["team.json"]):
        for target in panel["targets"]:
            series = re.findall(r"sales_assets_\w+(\{[^}]*\})?", target["expr"])
            assert series
            assert all('team=~"$team"' in labels for labels in series), target["expr"]


def test_each_family_that_is_told_is_shown_or_judged(here: World) -> None:
    shown = json.dumps(BOARDS) + json.dumps(rules())
    told = re.findall(r"^# TYPE (\w+) \w+$", here.page.text(), re.MULTILINE)
    assert len(told) > 20
    for name in told:
        assert re.search(rf"\b{name}(_bucket)?\b", shown), name
