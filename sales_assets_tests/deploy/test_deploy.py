"""The files in deploy/: no image can be built and no cluster asked here, so all that can be said
of them is checked: schemas, commands and their options, settings, no secret.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import dagster as dg
import jsonschema
import pytest
import yaml
from dagster_k8s.container_context import K8sContainerContext
from dagster_k8s.job import UserDefinedDagsterK8sConfig

from sales_assets.assets.exchange_rates import POOL
from sales_assets.dbt_manifest import DbtLocation, prepare, read_saved_parse
from sales_assets.dbt_process import dbt_process
from sales_assets.resources.build import dbt_location
from sales_assets.setting_kinds import ExecutorKind
from sales_assets.settings import Settings
from sales_assets.snowflake_options import SNOWFLAKE_NEEDS
from sales_assets_tests.harness import PROJECT

DEPLOY = PROJECT / "deploy"
COMPOSE: dict[str, Any] = yaml.safe_load((DEPLOY / "docker-compose.yml").read_text())
PRODUCTION: dict[str, Any] = yaml.safe_load((DEPLOY / "docker-compose.production.yml").read_text())
VALUES: dict[str, Any] = yaml.safe_load((DEPLOY / "helm-values.yaml").read_text())
DOCKERFILE = (DEPLOY / "Dockerfile").read_text()
BIN = Path(sys.executable).parent
OWN = [name for name, service in COMPOSE["services"].items() if "build" in service]
PASSWORD = re.compile(r"://[^/@\s]*:[^/@\s]+@|password[\"']?:\s*[\"']?[^\s\"']", re.IGNORECASE)


def merged(one: Any, two: Any) -> Any:
    """Values over others, as Helm lays them over a chart's and Compose one file over another."""
    if isinstance(one, dict) and isinstance(two, dict):
        return one | {key: merged(one.get(key), value) for key, value in two.items()}
    return two


TOGETHER: dict[str, Any] = merged(COMPOSE, PRODUCTION)
[DEPLOYMENT] = VALUES["dagster-user-deployments"]["deployments"]


@pytest.mark.parametrize("compose", [COMPOSE, PRODUCTION, TOGETHER], ids=["base", "over", "both"])
def test_the_compose_files_are_as_their_schema_says(compose: dict[str, Any]) -> None:
    schema = files("check_jsonschema") / "builtin_schemas" / "vendor" / "compose-spec.json"
    # `<<` is YAML's merge, which the loader has done.
    jsonschema.validate(compose, json.loads(schema.read_text()))
    assert TOGETHER["services"].keys() == COMPOSE["services"].keys()


def test_the_values_are_as_the_schema_of_the_chart_says() -> None:
    schema = os.environ.get("TEST_DAGSTER_CHART")
    if schema is None:
        pytest.skip("TEST_DAGSTER_CHART names no values.schema.json of Dagster's chart")
    wanted = json.loads(Path(schema).read_text())
    defaults = yaml.safe_load((Path(schema).parent / "values.yaml").read_text())
    jsonschema.validate(merged(defaults, VALUES), wanted)


def commands() -> Iterator[list[str]]:
    """Every command in deploy/ that this project or Dagster has to have."""
    for name in OWN:
        yield COMPOSE["services"][name]["command"]
    yield COMPOSE["services"]["code"]["healthcheck"]["test"][1:]
    teams = yaml.safe_load((DEPLOY / "docker-compose.teams.yml").read_text())
    yield teams["services"]["webserver"]["command"]
    yield VALUES["dagsterDaemon"]["livenessProbe"]["exec"]["command"]
    yield ["dagster", "api", "grpc", *DEPLOYMENT["dagsterApiGrpcArgs"]]
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


@pytest.mark.parametrize("command", list(commands()), ids=" ".join)
def test_every_command_exists_with_its_options(command: list[str]) -> None:
    options = [word for word in command if word.startswith("--")]
    first = command.index(options[0]) if options else len(command)
    told = help_of(*command[:first])
    assert "Usage" in told
    assert [option for option in options if not re.search(rf"{option}\b", told)] == []


def interpolated(environment: Mapping[str, str | None]) -> dict[str, str]:
    """As Compose gives them to a container whose host sets only what it must."""

    def value(found: re.Match[str]) -> str:
        name, default = found.groups()
        return default or f"the-{name.lower().replace('_', '-')}"

    pattern = r"\$\{(\w+):(?:\?|-([^}]*))\}"
    return {
        name: re.sub(pattern, value, text) for name, text in environment.items() if text is not None
    }


def stated(beginning: str) -> dict[str, str]:
    """Variables of the Dockerfile's one instruction that begins so."""
    lines = DOCKERFILE.replace("\\\n", " ").splitlines()
    [instruction] = [line for line in lines if line.startswith(beginning)]
    return dict(re.findall(r"([A-Z_]+)=(\S+)", instruction))


ENVIRONMENTS = {
    **{name: interpolated(COMPOSE["services"][name]["environment"]) for name in OWN},
    **{
        f"{name}, production": interpolated(TOGETHER["services"][name]["environment"])
        for name in PRODUCTION["services"]
    },
    "Kubernetes": DEPLOYMENT["env"],
    "image": stated("ENV "),
    "prepared for Snowflake": stated("RUN SALES_ASSETS_WAREHOUSE="),
}
NOT_OURS = re.compile(r"PGPASSWORD|DAGSTER_HOME|AWS_\w+")
ON_SNOWFLAKE = [
    name
    for name, environment in ENVIRONMENTS.items()
    if environment.get("SALES_ASSETS_WAREHOUSE") == "snowflake"
]


@pytest.mark.parametrize("name", ENVIRONMENTS)
def test_every_variable_is_a_setting_and_all_together_are_accepted(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    environment = ENVIRONMENTS[name]
    for variable, value in environment.items():
        assert variable.startswith("SALES_ASSETS_") or NOT_OURS.fullmatch(variable)
        monkeypatch.setenv(variable, value)
    settings = Settings.load()
    if "SALES_ASSETS_CELERY_BROKER" in environment:
        assert settings.executor is ExecutorKind.CELERY
    if "DAGSTER_HOME" in environment:
        assert str(settings.dagster_home) == environment["DAGSTER_HOME"]


def test_every_setting_that_a_file_names_is_one() -> None:
    known = {f"SALES_ASSETS_{name}".upper() for name in Settings.model_fields}
    for file in (*DEPLOY.glob("*.yml"), *DEPLOY.glob("*.yaml"), DEPLOY / "Dockerfile"):
        named = set(re.findall(r"SALES_ASSETS_[A-Z0-9_]*[A-Z0-9]", file.read_text()))
        assert named <= known, file


def test_everything_that_touches_data_in_production_is_on_snowflake_and_s3() -> None:
    needed = {f"SALES_ASSETS_{name}".upper() for name in SNOWFLAKE_NEEDS}
    commands = {name: TOGETHER["services"][name]["command"] for name in OWN}
    only_dagsters = {"dagster-webserver", "dagster-daemon"}
    touching = {name for name, command in commands.items() if command[0] not in only_dagsters}
    assert {*ON_SNOWFLAKE} == {
        *(f"{name}, production" for name in touching),
        "Kubernetes",
        "prepared for Snowflake",
    }
    for name in ON_SNOWFLAKE:
        environment = ENVIRONMENTS[name]
        assert environment.keys() >= needed
        if name != "prepared for Snowflake":
            assert environment["SALES_ASSETS_OBJECT_STORE"] == "s3"
            assert environment["SALES_ASSETS_LANDING_ZONE"].startswith("s3://")
            assert environment["SALES_ASSETS_S3_BUCKET"]


def test_the_private_key_is_a_file_of_a_secret_and_its_passphrase_in_no_file() -> None:
    key = "SALES_ASSETS_SNOWFLAKE_PRIVATE_KEY_PATH"
    passphrase = "SALES_ASSETS_SNOWFLAKE_PRIVATE_KEY_PASSPHRASE"
    for service in PRODUCTION["services"].values():
        [secret] = service["secrets"]
        assert service["environment"][key] == f"/run/secrets/{secret}"
        assert PRODUCTION["secrets"][secret] == {"file": "${SNOWFLAKE_KEY:?}"}
        assert service["environment"][passphrase] is None, "from the host's environment"
    of_secrets = {volume["name"] for volume in DEPLOYMENT["volumes"] if "secret" in volume}
    mounted = {
        mount["mountPath"]: mount["readOnly"]
        for mount in DEPLOYMENT["volumeMounts"]
        if mount["name"] in of_secrets
    }
    assert mounted[str(Path(DEPLOYMENT["env"][key]).parent)]
    assert mounted[DEPLOYMENT["env"]["SALES_ASSETS_PSEUDONYM_KEYS"]]
    assert passphrase not in DEPLOYMENT["env"]


@pytest.mark.long
@pytest.mark.parametrize("name", [name for name in ON_SNOWFLAKE if "prepared" not in name])
def test_what_the_image_prepares_fits_the_runs_on_snowflake(
    name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def location(environment: Mapping[str, str]) -> DbtLocation:
        with monkeypatch.context() as context:
            for variable, value in environment.items():
                context.setenv(variable, value)
            context.setenv("SALES_ASSETS_DBT_PREPARED_PATH", str(tmp_path))
            return dbt_location(Settings.load())

    [database] = re.findall(r"^ARG SNOWFLAKE_DATABASE=(\w+)$", DOCKERFILE, re.MULTILINE)
    built = ENVIRONMENTS["prepared for Snowflake"]
    assert built["SALES_ASSETS_SNOWFLAKE_DATABASE"] == "$SNOWFLAKE_DATABASE"
    prepare(location({**built, "SALES_ASSETS_SNOWFLAKE_DATABASE": database}))
    run = location(ENVIRONMENTS[name])
    with dbt_process(run.environment):
        manifest, remark = read_saved_parse(run)
    assert manifest is not None
    assert remark is None


def test_every_queue_has_a_worker_and_the_daemon_is_one() -> None:
    from sales_assets.workers import QUEUES

    asked = [COMPOSE["services"][name]["command"] for name in OWN]
    queues = {word for command in asked if "worker" in command for word in command}
    assert set(QUEUES) <= queues
    assert sum(command[0] == "dagster-daemon" for command in asked) == 1


FILES = sorted(path for path in DEPLOY.rglob("*") if path.is_file())


READERS: dict[str, Callable[[str], Any]] = {
    ".yml": yaml.safe_load,
    ".yaml": lambda text: [*yaml.safe_load_all(text)],
    ".json": json.loads,
}


@pytest.mark.parametrize(
    "file", [file for file in FILES if file.suffix in READERS], ids=lambda file: file.name
)
def test_every_file_of_data_can_be_read_as_what_it_is(file: Path) -> None:
    assert READERS[file.suffix](file.read_text())


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
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


def test_runs_on_kubernetes_get_the_volumes_secrets_and_account_of_the_code_server() -> None:
    """The chart makes such a context of a deployment, and the run launcher lays it over its own."""
    account = VALUES["dagster-user-deployments"]["serviceAccount"]
    assert account["create"]
    assert account["annotations"].keys() == {"eks.amazonaws.com/role-arn"}
    context = K8sContainerContext.create_from_config(
        {
            "k8s": {
                "service_account_name": account["name"],
                "volume_mounts": DEPLOYMENT["volumeMounts"],
                "volumes": DEPLOYMENT["volumes"],
                "env_secrets": [secret["name"] for secret in DEPLOYMENT["envSecrets"]],
            }
        }
    )
    mounts: Any = context.run_k8s_config.container_config["volume_mounts"]
    assert [mount["mount_path"] for mount in mounts] == [
        mount["mountPath"] for mount in DEPLOYMENT["volumeMounts"]
    ]
    volumes: Any = context.run_k8s_config.pod_spec_config["volumes"]
    assert {v["name"] for v in volumes} == {mount["name"] for mount in mounts}
    spec: Any = context.run_k8s_config.pod_spec_config
    assert spec["service_account_name"] == account["name"]
    assert DEPLOYMENT["includeConfigInLaunchedRuns"] == {"enabled": True}


def test_on_kubernetes_a_public_api_is_called_by_one_step_at_a_time(tmp_path: Path) -> None:
    """The chart writes this into dagster.yaml, where no command sets the limit of a pool."""
    runs, pools = VALUES["concurrency"]["runs"], VALUES["concurrency"]["pools"]
    coordinator = VALUES["dagsterDaemon"]["runCoordinator"]["config"]["queuedRunCoordinator"]
    assert coordinator.keys() == {"dequeueIntervalSeconds"}, "runs are limited in one place"
    written = {
        "run_coordinator": {
            "module": "dagster.core.run_coordinator",
            "class": "QueuedRunCoordinator",
            "config": {"dequeue_interval_seconds": coordinator["dequeueIntervalSeconds"]},
        },
        "concurrency": {
            "runs": {"max_concurrent_runs": runs["maxConcurrentRuns"]},
            "pools": {"default_limit": pools["defaultLimit"], "granularity": pools["granularity"]},
        },
    }
    (tmp_path / "dagster.yaml").write_text(yaml.safe_dump(written))
    with dg.DagsterInstance.from_config(str(tmp_path)) as instance:
        limits = instance.get_concurrency_config()
        queue = limits.run_queue_config
        assert queue is not None
        assert queue.max_concurrent_runs == 4
        assert limits.pool_config.default_pool_limit == 1
        assert instance.event_log_storage.get_concurrency_info(POOL).limit == 1


def test_what_the_image_copies_is_there() -> None:
    for line in re.findall(r"^COPY (.*)$", DOCKERFILE, re.MULTILINE):
        for source in line.split()[:-1]:
            assert (PROJECT / source).exists(), source
