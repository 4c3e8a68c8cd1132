"""Running dbt: in this process, from the prepared parse, told by dagster-dbt's own event code.

Belongs here: which nodes a step builds, the call of dbt and its events. Does not: what a run that
failed says (`dbt_failures`), parsing (`dbt_manifest`), or which assets there are (`assets.marts`).

dagster-dbt's `DbtCliResource` starts a process that imports, parses and connects anew: 5-9 CPU-s,
against half a second here. Everything else of dagster-dbt is used as it is; like dbt it is
imported inside functions, so that definitions load without it.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Generator, Iterator, Mapping, Sequence
from concurrent.futures import Future, wait
from contextlib import closing
from pathlib import Path
from queue import SimpleQueue
from threading import Thread
from typing import TYPE_CHECKING, Any, NamedTuple

import dagster as dg
from dagster_shared.check import CheckError
from pydantic import Field

from sales_assets.checks.models import told_in_sentences
from sales_assets.dbt_manifest import (
    DbtLocation,
    read_manifest,
    read_saved_parse,
)
from sales_assets.dbt_process import cancel_queries, dbt_process
from sales_assets.resources.dbt_failures import DbtBuildError, failure_of
from sales_assets.resources.query_tag import VARIABLE, query_tag

if TYPE_CHECKING:
    from dagster_dbt import DagsterDbtTranslator
    from dagster_dbt.core.dbt_cli_event import DbtCoreCliEventMessage
    from dbt.cli.main import dbtRunnerResult
    from dbt.contracts.graph.manifest import Manifest
    from dbt_common.events.base_types import EventMsg

DbtEvent = (
    dg.Output[Any]
    | dg.AssetMaterialization
    | dg.AssetObservation
    | dg.AssetCheckResult
    | dg.AssetCheckEvaluation
)
"""What dagster-dbt makes of dbt's events."""

_BUILD = (
    *("build", "--indirect-selection", "empty", "--exclude-resource-type", "unit_test"),
    *("--no-write-json", "--no-populate-cache", "--no-version-check"),
)
_PREPARED_ANEW = (
    "what was prepared for definitions and for runs differs. Run `sales-assets prepare` and reload"
    " the code location."
)


class LoadedDbt(NamedTuple):
    """What was prepared: dagster-dbt's manifest, dbt's parse (which a run writes into), a remark.

    Without the parse, dbt makes it anew.
    """

    manifest: Mapping[str, Any]
    saved: Manifest | None
    remark: str | None


class DbtInProcess(dg.ConfigurableResource[Any]):
    """dbt for the assets of its models, without a process of its own.

    `environment` is what profiles.yml reads by `env_var`. Secrets do not belong in it, because
    Dagster shows the configuration of resources: leave them in the process's environment, where
    dbt finds them too.
    """

    project_dir: str
    profiles_dir: str
    target: str
    prepared_dir: str = Field(description="Where `dbt_manifest.prepare` keeps the parsed project.")
    runs_dir: str = Field(description="Compiled SQL; that of a failed run is kept.")
    environment: dict[str, str] = Field(default_factory=dict)

    @property
    def location(self) -> DbtLocation:
        """The project as `dbt_manifest` wants it."""
        return DbtLocation(
            project_dir=Path(self.project_dir),
            profiles_dir=Path(self.profiles_dir),
            target=self.target,
            prepared_dir=Path(self.prepared_dir),
            environment=self.environment,
        )

    def load(self) -> LoadedDbt:
        """Import dbt and read what was prepared: a second of CPU, which needs no warehouse."""
        import dbt.cli.main  # noqa: F401

        import sales_assets.dbt_translation  # noqa: F401

        with dbt_process({**self.environment, VARIABLE: query_tag()}):
            saved, remark = read_saved_parse(self.location)
        return LoadedDbt(read_manifest(self.location.prepared_dir), saved, remark)

    def build(
        self,
        context: dg.AssetExecutionContext,
        loaded: LoadedDbt,
        *,
        variables: Mapping[str, Any],
        full_refresh: bool = False,
    ) -> Iterator[DbtEvent]:
        """`dbt build` of exactly the assets and checks of this step, told as it happens.

        `loaded` serves one build. With `full_refresh`, tables are made anew of all days.

        Raises after everything that succeeded has been told, so that a rerun has only the rest to
        do: DbtBuildError, or DbtUnavailableError if trying again may help.
        """
        from sales_assets.dbt_translation import MartsTranslator

        manifest, translator = loaded.manifest, MartsTranslator()
        try:
            nodes = _selected_nodes(context, manifest, translator)
        except CheckError as error:
            raise DbtBuildError(f"{error}: {_PREPARED_ANEW}") from error
        Path(self.runs_dir).mkdir(parents=True, exist_ok=True)
        target_path = Path(tempfile.mkdtemp(dir=self.runs_dir, prefix=f"{context.run.run_id[:8]}-"))
        arguments = [
            *_BUILD,
            *self.location.arguments(target_path),
            *(["--full-refresh"] if full_refresh else []),
            *("--vars", json.dumps(dict(variables))),
            *("--select", *nodes),
        ]
        untold = {*context.selected_asset_keys, *context.selected_asset_check_keys}
        running = _running(self.location, loaded, arguments, query_tag())
        with closing(running):
            while True:
                try:
                    event = next(running)
                except StopIteration as stop:
                    result: dbtRunnerResult = stop.value
                    break
                if isinstance(event, str):
                    context.log.warning(event)
                    continue
                info: Any = event.info
                if info.level in ("warn", "error"):
                    context.log.log(info.level.upper(), info.msg)
                for told in _to_message(event).to_default_asset_events(
                    manifest, translator, context, target_path, project=None
                ):
                    untold.discard(_key(context, told))
                    if isinstance(told, dg.AssetCheckResult):
                        yield told_in_sentences(told, manifest, target_path)
                    else:
                        yield told
        if not result.success:
            raise failure_of(result, target_path)
        if untold:
            raise DbtBuildError(
                f"dbt succeeded without a result for {sorted(k.to_user_string() for k in untold)}: "
                + _PREPARED_ANEW
            )
        shutil.rmtree(target_path, ignore_errors=True)


def _selected_nodes(
    context: dg.AssetExecutionContext,
    manifest: Mapping[str, Any],
    translator: DagsterDbtTranslator,
) -> Sequence[str]:
    """The models and tests of the step by their full names, and no test that comes with them.

    dbt's `eager` would add every test that touches a selected model: with `fct_sales` alone, also
    "daily_revenue adds up to fct_sales", which cannot hold before daily_revenue is built. And a
    check that Dagster expects but dbt leaves out skips what is downstream (dagster#33351).
    """
    from dagster_dbt.asset_utils import (
        get_dbt_resource_names_for_asset_keys,
        get_dbt_test_names_for_check_keys,
    )

    common = (translator, manifest, context.assets_def)
    return [
        *get_dbt_resource_names_for_asset_keys(*common, sorted(context.selected_asset_keys)),
        *get_dbt_test_names_for_check_keys(*common, sorted(context.selected_asset_check_keys)),
    ]


def _running(
    location: DbtLocation, loaded: LoadedDbt, arguments: Sequence[str], tag: str
) -> Generator[str | EventMsg, None, dbtRunnerResult]:
    """Run dbt in a thread of its own: its events as they come, then its result.

    A thread, so that what is done is recorded while dbt goes on, and so that an interrupt ends
    the queries: closing this generator cancels them and waits for dbt. Strings are remarks.
    """
    events: SimpleQueue[str | EventMsg | None] = SimpleQueue()
    outcome: Future[dbtRunnerResult] = Future()
    outcome.add_done_callback(lambda _: events.put(None))

    def run() -> None:
        try:
            with dbt_process({**location.environment, VARIABLE: tag}):
                from dbt.cli.main import dbtRunner

                if loaded.remark:
                    more = "" if loaded.saved else " Until then every run parses."
                    events.put(loaded.remark + more)
                # a callback that raises would leave dbt waiting for ever: it only hands over
                result = dbtRunner(loaded.saved, callbacks=[events.put]).invoke(list(arguments))
        except BaseException as error:  # noqa: BLE001  # raised again by the other thread
            outcome.set_exception(error)
        else:
            outcome.set_result(result)

    Thread(target=run, name="dbt", daemon=True).start()
    try:
        while (event := events.get()) is not None:
            yield event
    finally:
        while not outcome.done():
            cancel_queries()
            wait([outcome], timeout=0.2)
    return outcome.result()


def _to_message(event: EventMsg) -> DbtCoreCliEventMessage:
    """The event as dagster-dbt reads it from dbt's JSON log; only results are converted in full."""
    from dagster_dbt.core.dbt_cli_event import DbtCoreCliEventMessage
    from dbt_common.events.functions import msg_to_dict

    is_result = event.info.name.startswith("Log") and event.info.name.endswith("Result")
    raw = msg_to_dict(event) if is_result else {"info": {"name": event.info.name}, "data": {}}
    return DbtCoreCliEventMessage(raw_event=raw, event_history_metadata={})


def _key(
    context: dg.AssetExecutionContext, event: DbtEvent
) -> dg.AssetKey | dg.AssetCheckKey | None:
    if isinstance(event, dg.Output):
        key: dg.AssetKey = context.asset_key_for_output(event.output_name)
        return key
    if isinstance(event, dg.AssetCheckResult) and event.asset_key and event.check_name:
        return dg.AssetCheckKey(event.asset_key, event.check_name)
    return None
