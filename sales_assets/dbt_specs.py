"""Specs of the dbt models and tests, kept as a file that is read without dbt.

Belongs here: what of a spec is kept, and how. Does not: making the specs (`dbt_translation`), or
what is added to them (`assets.marts`).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import dagster as dg
from dagster._serdes import deserialize_value, serialize_value

WAREHOUSE = "warehouse"
"""The dbt source whose tables the revenue assets and the exchange rates write."""


COLUMN_LINEAGE = "dagster/column_lineage"
"""The name that Dagster knows."""
GRAIN = "one_row_per"
"""Metadata of a model: the columns that no two rows have in common, as its test says."""
MODEL_FILE = "model_file"
"""Metadata of a model: the file of its SQL, relative to the project's folder."""
MAKERS = ("dbt_translation.py", "dbt_lineage.py", "checks/models.py")
"""The modules that make the specs: not imported here, since some import dbt."""


@dataclass(frozen=True)
class DbtSpecs:
    """What dagster-dbt says of each model and of each test."""

    assets: Sequence[dg.AssetSpec]
    checks: Sequence[dg.AssetCheckSpec]

    def to_json(self) -> str:
        """As text; all that dagster-dbt states of a model or a test is in it."""
        return json.dumps(
            {
                "made_by": made_by(),
                "assets": [_asset(spec) for spec in self.assets],
                "checks": [_check(spec) for spec in self.checks],
            }
        )

    @classmethod
    def from_json(cls, text: str | bytes) -> Self | None:
        """The specs that `to_json` wrote; None if another version of it or of Dagster did."""
        kept = json.loads(text)
        if kept["made_by"] != made_by():
            return None
        return cls(
            [
                dg.AssetSpec(
                    dg.AssetKey(asset.pop("key")),
                    deps=_deps(asset.pop("deps")),
                    metadata=_objects(asset.pop("metadata")),
                    **asset,
                )
                for asset in kept["assets"]
            ],
            [
                dg.AssetCheckSpec(
                    asset=dg.AssetKey(check.pop("asset")),
                    additional_deps=_deps(check.pop("additional_deps")),
                    metadata=_objects(check.pop("metadata")),
                    **check,
                )
                for check in kept["checks"]
            ],
        )


def made_by() -> str:
    """What specs depend on beside the dbt project: Dagster, and the code that translates."""
    here = Path(__file__)
    code = b"".join((here.parent / name).read_bytes() for name in (here.name, *MAKERS))
    return f"dagster {dg.__version__}, {hashlib.sha256(code).hexdigest()[:16]}"


def _asset(spec: dg.AssetSpec) -> dict[str, Any]:
    return {
        "key": spec.key.path,
        "deps": [_dep(dep) for dep in spec.deps],
        "description": spec.description,
        "metadata": _text(spec.metadata),
        "group_name": spec.group_name,
        "code_version": spec.code_version,
        "owners": spec.owners,
        "tags": spec.tags,
        "skippable": spec.skippable,
    }


def _check(spec: dg.AssetCheckSpec) -> dict[str, Any]:
    return {
        "name": spec.name,
        "asset": spec.asset_key.path,
        "description": spec.description,
        "metadata": _text(spec.metadata or {}),
        "additional_deps": [_dep(dep) for dep in spec.additional_deps],
        "blocking": spec.blocking,
    }


def _dep(dep: dg.AssetDep) -> dict[str, Any]:
    return {"asset": dep.asset_key.path, "metadata": _text(dep.metadata)}


def _deps(kept: Iterable[Mapping[str, Any]]) -> list[dg.AssetDep]:
    return [
        dg.AssetDep(dg.AssetKey(dep["asset"]), metadata=_objects(dep["metadata"])) for dep in kept
    ]


def _text(metadata: Mapping[str, Any]) -> str:
    return serialize_value(dict(metadata))


def _objects(metadata: str) -> dict[str, Any]:
    return deserialize_value(metadata, dict)
