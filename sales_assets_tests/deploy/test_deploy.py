"""The files in deploy/: no image can be built and no cluster asked here, so all that can be said
of them is checked: schemas, commands and their options, settings, no secret.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from dagster_k8s.job import UserDefinedDagsterK8sConfig

from sales_assets.setting_kinds import ExecutorKind
from sales_assets.settings import Settings
from sales_assets_tests.harness import PROJECT

DEPLOY = PROJECT / "deploy"
COMPOSE: dict[str, Any] = yaml.safe_load((DEPLOY / "docker-compose.yml").read_text())
VALUES: dict[str, Any] = yaml.safe_load((DEPLOY / "helm-values.yaml").read_text())
DOCKERFILE = (DEPLOY / "Dockerfile").read_text()
BIN = Path(sys.executable).parent
OWN = [name for name, service in COMPOSE["services"].items() if "build" in service]
PASSWORD = re.compile(r"://[^/@\s]*:[^/@\s]+@|password[\"']?:\s*[\"']?[^\s\"']", re.IGNORECASE)


def test_the_compose_file_is_as_its_schema_says() -> None:
    schema = files("check_jsonschema") / "builtin_schemas" / "vendor" / "compose-spec.json"
    # `<<` is YAML's merge, which the loader has done.
    jsonschema.validate(COMPOSE, json.loads(schema.read_text()))


def test_the_values_are_as_the_schema_of_the_chart_says() -> None:
    schema = os.environ.get("TEST_DAGSTER_CHART")
    if schema is None:
        pytest.skip("TEST_DAGSTER_CHART names no values.schema.json of Dagster's chart")
    wanted = json.loads(Path(schema).read_text())
    defaults = yaml.safe_load((Path(schema).parent / "values.yaml").read_text())
    jsonschema.validate(merged(defaults, VALUES), wanted)


def merged(one: Any, two: Any) -> Any:
    """Values over a chart's defaults, as Helm lays them."""
    if isinstance(one, dict) and isinstance(two, dict):
        return one | {key: merged(one.get(key), value) for key, value in two.items()}
    return two


def commands() -> Iterator[list[str]]:
    """Every command in deploy/ that this project or Dagster has to have."""
    for name in OWN:
        yield COMPOSE["services"][name]["command"]
    yield COMPOSE["services"]["code"]["healthcheck"]["test"][1:]
    yield VALUES["dagsterDaemon"]["livenessProbe"]["exec"]["command"]
    for deployment in VALUES["dagster-user-deployments"]["deployments"]:
        yield ["dagster", "api", "grpc", *deployment["dagsterApiGrpcArgs"]]
    yield json.loads(re.findall(r"^CMD (.*)$", DOCKERFILE, re.MULTILINE)[-1])
    yield from (run.split() for run in re.findall(r"sales-assets prepare", DOCKERFILE))


@cache
def help_of(*command: str) -> str:
    done = subprocess.run(
        [BIN / command[0], *command[1:], "--help"],
        capture_output=True,
        check=True,
        text=True,
        env=os.environ | {"COLUMNS": "200", "NO_COLOR": "1", "TERM": "dumb"},
    )
    return done.stdout


@pytest.mark.parametrize("command", commands(), ids=" ".join)
def test_every_command_exists_with_its_options(command: list[str]) -> None:
    options = [word for word in command if word.startswith("--")]
    first = command.index(options[0]) if options else len(command)
    told = help_of(*command[:first])
    assert "Usage" in told
    assert [option for option in options if not re.search(rf"{option}\b", told)] == []


def environments() -> Iterator[dict[str, str]]:
    for name in OWN:
        yield COMPOSE["services"][name]["environment"]
    for deployment in VALUES["dagster-user-deployments"]["deployments"]:
        yield deployment["env"]
    yield dict(re.findall(r"(\w+)=(/\S+)", DOCKERFILE))


@pytest.mark.parametrize("environment", environments())
def test_every_variable_is_a_setting_and_all_together_are_accepted(
    environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in environment.items():
        assert name.startswith("SALES_ASSETS_") or name in {"PGPASSWORD", "DAGSTER_HOME"}
        monkeypatch.setenv(name, value)
    settings = Settings.load()
    if "SALES_ASSETS_CELERY_BROKER" in environment:
        assert settings.executor is ExecutorKind.CELERY
    if "DAGSTER_HOME" in environment:
        assert str(settings.dagster_home) == environment["DAGSTER_HOME"]


def test_every_queue_has_a_worker_and_the_daemon_is_one() -> None:
    from sales_assets.workers import QUEUES

    asked = [COMPOSE["services"][name]["command"] for name in OWN]
    queues = {word for command in asked if "worker" in command for word in command}
    assert set(QUEUES) <= queues
    assert sum(command[0] == "dagster-daemon" for command in asked) == 1


@pytest.mark.parametrize("file", sorted(DEPLOY.iterdir()), ids=lambda file: file.name)
def test_no_file_holds_a_password(file: Path) -> None:
    text = re.sub(r"\$\{.*?\}", "", file.read_text())  # what the environment gives
    assert PASSWORD.findall(text) == []
    assert PASSWORD.findall(text + "\nx: amqp://me:secret@rabbitmq")


def test_what_runs_are_given_on_kubernetes_is_what_dagster_and_kubernetes_know() -> None:
    parse: Any = UserDefinedDagsterK8sConfig.from_dict
    config = VALUES["runLauncher"]["config"]["k8sRunLauncher"]["runK8sConfig"]
    snake = {
        re.sub(r"([A-Z0-9])", r"_\1", key).lower().replace("k_8s", "k8s"): value
        for key, value in config.items()
    }
    assert parse(snake).to_dict().keys() >= snake.keys()
    with pytest.raises(Exception, match=r"(?i)unexpected|unknown|extra"):
        parse({"container_config": {"resourcez": {}}})


def test_what_the_image_copies_is_there() -> None:
    for line in re.findall(r"^COPY (.*)$", DOCKERFILE, re.MULTILINE):
        for source in line.split()[:-1]:
            assert (PROJECT / source).exists(), source
