"""What metrics, marts and their columns mean, in the dbt project's own words.

Belongs here: how they are shown. Does not: reading them (`dbt_texts`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from docs.generated.dbt_texts import MODELS, entries

PART = "part"
"""The tag of a metric that is there for another one, and says nothing by itself."""


def marts() -> str:
    """The metrics, if the project defines any, the marts and the facts, and all their columns."""
    models = [*entries("models", MODELS / "marts"), *entries("models", MODELS / "core")]
    metrics = [metric for metric in entries("metrics") if PART not in metric.get("tags", [])]
    return "\n\n".join(
        [
            *(["## Metrics", "\n".join(map(_metric, metrics))] if metrics else []),
            "## Tables",
            *(text for model in models for text in _model(model)),
            "## Columns",
            "\n".join(_columns(models)),
        ]
    )


def _metric(metric: dict[str, Any]) -> str:
    unit = metric.get("config", {}).get("meta", {}).get("unit")
    label = metric.get("label", metric["name"])
    in_unit = f" Unit: {unit}." if unit else ""
    return f"{label} (`{metric['name']}`)\n: {metric['description']}{in_unit}\n"


def _model(model: dict[str, Any]) -> Iterator[str]:
    """One table: what it is, what makes a row (the key that dbt tests), and its columns' names."""
    yield f"### {model['name']}"
    yield model["description"]
    for test in model["data_tests"]:
        key = next(iter(test.values()))["arguments"].get("key")
        if key:
            yield f"One row for each {', '.join(f'`{name}`' for name in key)}."
    names = [f"`{column['name']}`" for column in model["columns"]]
    yield f"Columns: {', '.join(names)}."


def _columns(models: list[dict[str, Any]]) -> Iterator[str]:
    """Each column once; where tables mean other things by a name, with the tables of each."""
    found: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for model in models:
        for column in model["columns"]:
            found[column["name"]][column["description"]].append(f"`{model['name']}`")
    for name, meanings in sorted(found.items()):
        told = [
            meaning if len(meanings) == 1 else f"In {', '.join(tables)}: {meaning}"
            for meaning, tables in meanings.items()
        ]
        yield f"`{name}`\n: {' '.join(told)}\n"
