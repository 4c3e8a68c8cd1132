"""What the dbt project says in words: its YAML files, with the texts that they refer to.

Belongs here: reading them. Does not: how they are shown (`marts`, `checks`), or any text
(dbt_project/models).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml
from jinja2 import Environment

from sales_assets.settings import PROJECT

MODELS = PROJECT / "dbt_project" / "models"
_BLOCK = re.compile(r"{% docs (\w+) %}(.*?){% enddocs %}", re.DOTALL)


def entries(kind: str, below: Path = MODELS) -> Iterator[dict[str, Any]]:
    """The entries of one kind (`models`, `metrics`) in all YAML files below a folder.

    Descriptions are what dbt makes of them. It knows more of Jinja than `doc`; a description with
    anything else raises jinja2's UndefinedError, or KeyError where a text is not there.
    """
    blocks = {
        name: text.strip()
        for file in sorted(MODELS.rglob("*.md"))
        for name, text in _BLOCK.findall(file.read_text(encoding="utf-8"))
    }
    jinja = Environment(autoescape=False)  # noqa: S701 (Markdown, of our own)

    def filled(value: Any, word: str = "") -> Any:
        if isinstance(value, dict):
            return {name: filled(item, name) for name, item in value.items()}
        if isinstance(value, list):
            return [filled(item) for item in value]
        if word == "description":
            return jinja.from_string(value).render(doc=blocks.__getitem__).strip()
        return value

    for file in sorted(below.rglob("*.yml")):
        content = yaml.safe_load(file.read_text(encoding="utf-8")) or {}
        yield from map(filled, content.get(kind, []))


def tests() -> dict[str, str]:
    """What the named tests of models expect: name -> description."""
    return {
        said["name"]: said["description"]
        for model in entries("models")
        for test in model.get("data_tests", [])
        for said in test.values()
        if isinstance(said, dict) and {"name", "description"} <= said.keys()
    }
