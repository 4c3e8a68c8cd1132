"""What runs and workers have to agree on, without any broker."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import dagster as dg
import pytest
import yaml
from dagster._core.definitions.job_base import InMemoryJob

from sales_assets.build import build_definitions
from sales_assets.errors import UsageError
from sales_assets.instance.embedded import embedded_instance, prepare_home
from sales_assets.setting_kinds import ExecutorKind
from sales_assets.settings import Settings
from sales_assets.workers import QUEUE_TAG, WAREHOUSE_POOL, build_executor, work, worker_app
from sales_assets_tests.services import postgres_database

BROKER = "amqp://me:recognisable@broker:5672//"
POSTGRES = "postgresql+psycopg2://me:recognisable@db/sales"


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """As the environment gives them."""
    for name, value in (
        ("HOME", str(tmp_path)),
        ("EXECUTOR", "celery"),
        ("CELERY_BROKER", BROKER),
        ("CELERY_QUEUE_PREFIX", "mine."),
        ("DAGSTER_POSTGRES_URL", POSTGRES),
    ):
        monkeypatch.setenv(f"SALES_ASSETS_{name}", value)
    return Settings.load()


def executor_of(settings: Settings) -> Any:
    """The executor as a run makes it."""
    definition = build_executor(settings)
    job = dg.GraphDefinition("empty").to_job(executor_def=definition)
    config: Any = definition.apply_config_mapping({"config": {}}).value
    assert definition.executor_creation_fn is not None
    with dg.DagsterInstance.ephemeral() as instance:
        return definition.executor_creation_fn(
            dg.InitExecutorContext(InMemoryJob(job), definition, config["config"], instance)
        )


def test_runs_and_workers_have_the_same_broker_and_the_same_rules(settings: Settings) -> None:
    arguments, app = executor_of(settings).app_args(), worker_app(settings)

    assert arguments["broker"] == app.conf.broker_url == BROKER
    assert arguments["backend"] == app.conf.result_backend == "rpc://"
    assert app.conf.task_acks_late, "a dead worker's step is done by another"
    assert app.conf.task_default_queue == "mine.warehouse"
    source = vars(arguments["config_source"])
    assert {name: getattr(app.conf, name) for name in source} == source


def test_reading_drops_and_everything_else_have_their_queues_and_writers_a_pool(
    settings: Settings,
) -> None:
    definitions = build_definitions(settings)
    graph = definitions.resolve_implicit_global_asset_job_def().graph
    ops = {handle.name: definition for handle, definition in _ops(graph)}
    staging = {name for name, op in ops.items() if op.tags.get(QUEUE_TAG) == "mine.stage"}
    reading = ("__raw", "__staged__", "__delivery")  # what looks at drops
    assert staging == {name for name in ops if any(part in name for part in reading)}
    assert {QUEUE_TAG} not in [set(op.tags) for name, op in ops.items() if name not in staging]
    writers = {name for name, op in ops.items() if op.pool == WAREHOUSE_POOL}
    assert writers == {name for name in ops if name.endswith("__revenue")} | {"marts"}


def _ops(graph: dg.GraphDefinition) -> list[tuple[Any, dg.OpDefinition]]:
    found: list[tuple[Any, dg.OpDefinition]] = []
    for node in graph.nodes:
        definition = node.definition
        if isinstance(definition, dg.OpDefinition):
            found.append((node, definition))
        elif isinstance(definition, dg.GraphDefinition):
            found += _ops(definition)
    return found


def test_nothing_that_dagster_shows_holds_a_password(settings: Settings) -> None:
    prepare_home(settings.dagster_home, settings)
    shown = [
        (settings.dagster_home / "dagster.yaml").read_text(),
        repr(settings),
        str(settings.model_dump()),
        str(vars(build_executor(settings))),
    ]
    assert "recognisable" not in "".join(shown)
    assert "SALES_ASSETS_DAGSTER_POSTGRES_URL" in shown[0]


def test_a_home_for_workers_lets_several_runs_stage_and_one_step_write(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with postgres_database() as database:
        monkeypatch.setenv("SALES_ASSETS_DAGSTER_POSTGRES_URL", database)
        settings = Settings(
            home=tmp_path,
            executor=ExecutorKind.CELERY,
            celery_broker="memory://",
            dagster_postgres_url=database,
        )
        with embedded_instance(settings.dagster_home, settings) as instance:
            assert type(instance.run_storage).__name__ == "PostgresRunStorage"
            assert instance.get_concurrency_config().pool_config.default_pool_limit == 1
        configuration = yaml.safe_load((settings.dagster_home / "dagster.yaml").read_text())
    assert configuration["concurrency"]["runs"]["max_concurrent_runs"] > 1


def test_what_is_wrong_with_the_settings_of_a_worker_is_said(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(UsageError, match="there is no queue staging; there are stage, warehouse"):
        work(settings, ["staging"], 1)
    monkeypatch.delenv("SALES_ASSETS_CELERY_BROKER")
    with pytest.raises(UsageError, match="EXECUTOR=celery needs SALES_ASSETS_CELERY_BROKER"):
        Settings.load()
    monkeypatch.setenv("SALES_ASSETS_EXECUTOR", "in_process")
    with pytest.raises(UsageError, match="a worker needs SALES_ASSETS_EXECUTOR=celery"):
        work(Settings.load(), ["stage"], 1)
    monkeypatch.setenv("SALES_ASSETS_DAGSTER_POSTGRES_URL", "postgresql://db/sales")
    with pytest.raises(UsageError, match=r"has to begin with postgresql\+psycopg2://") as error:
        Settings.load()
    assert "db/sales" not in str(error.value)
