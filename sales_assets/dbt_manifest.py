"""The dbt project as Dagster needs it: parsed once at install time, read everywhere else.

Belongs here: `prepare`, which parses the project and keeps the result, and the readers of that
result (`specs.json` for definitions, `manifest.json` and `partial_parse.msgpack` for runs). Does
not: running models (`resources.dbt`), or what the assets are called (`dbt_translation`).

Parsing costs seconds of CPU, reading a hundredth of one. So neither the code location nor a run
parses: what was prepared is what runs, until it is prepared again.

dbt is imported inside functions: it takes longer to import than Dagster itself.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import tempfile
from argparse import Namespace
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from sales_assets.dbt_lineage import DIALECT, column_origins
from sales_assets.dbt_process import dbt_process
from sales_assets.dbt_specs import DbtSpecs, made_by
from sales_assets.errors import PermanentError

if TYPE_CHECKING:
    from dbt.contracts.graph.manifest import Manifest

MANIFEST = "manifest.json"
SAVED_PARSE = "partial_parse.msgpack"
SPECS = "specs.json"
RECORD = "prepared.json"
_KEPT = (MANIFEST, SAVED_PARSE, SPECS, RECORD)
HOW_TO_PREPARE = "Run `make install` or `sales-assets prepare`."

_PACKAGES = (
    *("dbt-core", "dbt-common", "dbt-adapters", "dbt-duckdb", "dbt-snowflake"),
    *("dagster", "dagster-dbt", "sqlglot"),
)
_NOT_PROJECT = {"target", "logs", ".git", "__pycache__", ".user.yml"}
_QUIET = (
    *("--log-level", "none", "--log-level-file", "none", "--no-print", "--no-use-colors"),
    "--no-send-anonymous-usage-stats",
)
_log = logging.getLogger("sales_assets.dbt")


class DbtNotPreparedError(PermanentError):
    """The dbt project has not been parsed on this machine."""


class DbtProjectError(PermanentError):
    """dbt cannot read its project or its profile; the message is dbt's own."""


@dataclass(frozen=True)
class DbtLocation:
    """A dbt project, the way it connects, and where the result of parsing it is kept.

    `environment` holds what the profile reads by `env_var`: this project's own code does not read
    the environment, so a setting reaches dbt only through here.
    """

    project_dir: Path
    profiles_dir: Path
    target: str
    prepared_dir: Path
    environment: Mapping[str, str] = field(default_factory=dict)

    def arguments(self, target_path: Path) -> list[str]:
        """The dbt arguments that every command shares; dbt writes to `target_path` only."""
        paths = {
            "--project-dir": self.project_dir,
            "--profiles-dir": self.profiles_dir,
            "--target-path": target_path,
            "--log-path": target_path,
        }
        return [
            *(part for option, path in paths.items() for part in (option, str(path.absolute()))),
            *("--target", self.target),
            *_QUIET,
        ]

    def source_hash(self) -> str:
        """Hash of everything the parse reads but the environment: files and versions of dbt."""
        digest = hashlib.sha256()
        for package in _PACKAGES:
            with suppress(PackageNotFoundError):
                digest.update(f"{package}={version(package)}\n".encode())
        for folder in dict.fromkeys((self.project_dir, self.profiles_dir)):
            for path in _files(folder, self.prepared_dir):
                content = path.read_bytes()
                digest.update(f"{path.relative_to(folder)} {len(content)}\n".encode())
                digest.update(content)
        return digest.hexdigest()

    def full_hash(self) -> str:
        """Hash of everything that what is prepared depends on."""
        rest = json.dumps([self.target, sorted(self.environment.items()), made_by()])
        return hashlib.sha256(f"{self.source_hash()}{rest}".encode()).hexdigest()


def prepare(location: DbtLocation) -> bool:
    """Parse the project and keep the result; False if nothing has changed since the last time.

    Raises DbtProjectError, or HomelessTestError for a test whose result no asset could show.
    """
    full_hash = location.full_hash()
    if _record(location).get("full_hash") == full_hash and _complete(location):
        return False
    location.prepared_dir.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=location.prepared_dir, prefix=".parse-") as scratch:
        with dbt_process(location.environment):
            from dbt.cli.main import dbtRunner

            arguments = ["parse", "--no-partial-parse", *location.arguments(Path(scratch))]
            result = dbtRunner().invoke(arguments)
            if not result.success:
                raise DbtProjectError(
                    f"dbt cannot parse {location.project_dir}: {result.exception or result.result}"
                )
            relations = _relation_defaults(location)
        record = {
            "full_hash": full_hash,
            "source_hash": location.source_hash(),
            "relations": relations,
        }
        specs = _specs(location, relations["schema"], Path(scratch))
        (Path(scratch) / SPECS).write_text(specs.to_json())
        (Path(scratch) / RECORD).write_text(json.dumps(record, indent=2))
        for name in _KEPT:
            (Path(scratch) / name).replace(location.prepared_dir / name)
    return True


def _specs(location: DbtLocation, schema: str, scratch: Path) -> DbtSpecs:
    """What dagster-dbt says of the parsed project, with the lineage of columns."""
    from sales_assets.dbt_translation import translate

    manifest = read_manifest(scratch)
    return translate(manifest, column_origins(manifest, compiled_models(location, schema)))


def compiled_models(location: DbtLocation, schema: str) -> dict[str, str]:
    """The SQL of each model by its unique_id, as it builds a table for the first time.

    Compiled for DuckDB in memory, whatever the target is: models of both warehouses read the same
    columns. `schema` is the target's. Empty, with a warning, if that cannot be done: the SQL is
    for people to see where columns come from, and runs compile their own.
    """
    with tempfile.TemporaryDirectory() as name, dbt_process(location.environment):
        from dbt.cli.main import dbtRunner

        scratch = Path(name)
        project = yaml.safe_load((location.project_dir / "dbt_project.yml").read_text())
        memory = {"type": DIALECT, "path": ":memory:", "schema": schema}
        profile = {"target": "memory", "outputs": {"memory": memory}}
        (scratch / "profiles.yml").write_text(yaml.safe_dump({project["profile"]: profile}))
        in_memory = replace(location, profiles_dir=scratch, target="memory")
        result = dbtRunner().invoke(["compile", *in_memory.arguments(scratch)])
        if not result.success:
            problem = result.exception or result.result
            _log.warning("The lineage of columns is not known: dbt cannot compile (%s)", problem)
            return {}
        nodes: list[Any] = [one.node for one in result.result.results]  # type: ignore[union-attr]
        return {one.unique_id: one.compiled_code for one in nodes if one.resource_type == "model"}


def read_manifest(prepared_dir: Path) -> dict[str, Any]:
    """The prepared manifest, for dagster-dbt; never parses."""
    manifest: dict[str, Any] = json.loads(_prepared(prepared_dir / MANIFEST))
    return manifest


def read_specs(prepared_dir: Path) -> DbtSpecs:
    """The specs of the dbt models and tests, as dagster-dbt made them of the manifest."""
    specs = DbtSpecs.from_json(_prepared(prepared_dir / SPECS))
    if specs is None:
        raise DbtNotPreparedError(
            f"{prepared_dir / SPECS} is of another version of Dagster or of this project."
            f" {HOW_TO_PREPARE}"
        )
    return specs


def _prepared(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError as error:
        raise DbtNotPreparedError(
            f"The dbt project is not prepared: {path} does not exist. {HOW_TO_PREPARE}"
        ) from error


def read_saved_parse(location: DbtLocation) -> tuple[Manifest | None, str | None]:
    """The prepared parse for a run, and a sentence if there is something to say about it.

    None instead of a manifest if it does not fit: then dbt has to parse. Call it within
    `dbt_process`. A new object each time, because a run writes into it.
    """
    record = _record(location)
    if not (record and _complete(location)):
        return None, f"Nothing is prepared in {location.prepared_dir}. {HOW_TO_PREPARE}"
    relations = _relation_defaults(location)
    if relations != record["relations"]:
        return None, (
            f"The dbt project was prepared for {record['relations']}, but the warehouse of this"
            f" run is {relations}. {HOW_TO_PREPARE}"
        )

    from dbt.contracts.graph.manifest import Manifest
    from dbt.parser.manifest import extended_mashumuro_decoder
    from dbt.version import __version__

    saved = (location.prepared_dir / SAVED_PARSE).read_bytes()
    try:
        manifest = Manifest.from_msgpack(saved, decoder=extended_mashumuro_decoder)
    except Exception as error:  # noqa: BLE001  # of any class, and dbt's own reader does the same
        return None, f"{SAVED_PARSE} is not readable ({error}). {HOW_TO_PREPARE}"
    if manifest.metadata.dbt_version != __version__:
        return None, f"Prepared with another dbt than {__version__}. {HOW_TO_PREPARE}"
    manifest.build_flat_graph()  # type: ignore[no-untyped-call]
    if record["source_hash"] != location.source_hash():
        return manifest, (
            "The dbt project has changed since it was prepared; this run uses what was prepared."
            f" {HOW_TO_PREPARE}"
        )
    return manifest, None


def _relation_defaults(location: DbtLocation) -> dict[str, str]:
    """The database and schema that the profile stands for: the parse wrote them into every name."""
    from dbt.config.runtime import load_profile
    from dbt.flags import set_from_args
    from dbt_common.context import set_invocation_context
    from dbt_common.exceptions import DbtBaseException

    set_invocation_context(os.environ.copy())
    set_from_args(Namespace(profiles_dir=str(location.profiles_dir)), None)
    try:
        profile = load_profile(str(location.project_dir), {}, None, location.target)
    except DbtBaseException as error:
        raise DbtProjectError(f"dbt cannot use {location.profiles_dir}: {error}") from error
    credentials = profile.credentials
    return {
        "type": credentials.type,
        "database": credentials.database,
        "schema": credentials.schema,
    }


def _files(folder: Path, prepared_dir: Path) -> Sequence[Path]:
    return sorted(
        path
        for path in folder.rglob("*")
        if _NOT_PROJECT.isdisjoint(path.relative_to(folder).parts)
        and not path.is_relative_to(prepared_dir)
        and path.is_file()
    )


def _record(location: DbtLocation) -> dict[str, Any]:
    try:
        record: dict[str, Any] = json.loads((location.prepared_dir / RECORD).read_bytes())
    except (FileNotFoundError, ValueError):
        return {}
    return record


def _complete(location: DbtLocation) -> bool:
    return all((location.prepared_dir / name).is_file() for name in _KEPT)
