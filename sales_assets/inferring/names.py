"""Names for columns and sources: valid in SQL, and not taken.

Belongs here: from any text to such a name. Does not: what the text means (`words`).
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from sales_assets.contracts.canonical import RESERVED_NAMES
from sales_assets.inferring.words import folded

_WORDS = (  # of DuckDB's SQL, and those that YAML takes for other values
    "all analyse analyze and any array as asc asymmetric between both by case cast check "
    "collate column constraint create cross current_date current_time current_timestamp "
    "default deferrable desc describe distinct do else end except exists extract false "
    "fetch filter for foreign from full grant group having in initially inner intersect "
    "interval into is isnull join lambda lateral leading left like limit natural not "
    "notnull null offset on only or order outer over overlaps partition pivot placing "
    "position primary qualify references returning right row rows select set show similar "
    "some summarize symmetric table then to trailing trim true try_cast union unique "
    "unpivot using values variadic when where window with yes no y n off none nan inf"
)
_KEYWORDS = frozenset(_WORDS.split())
_LONGEST = 50
_DATES = re.compile(r"[0-9]{4}[-_.]?[0-9]{2}([-_.]?[0-9]{2})?|[0-9]{2}[-_.][0-9]{2}[-_.][0-9]{2,4}")


def identifier(text: str) -> str:
    """A text as a lower-case name of letters, digits and single underscores; may be empty."""
    name = folded(text).replace(" ", "_")[:_LONGEST].strip("_")
    return f"c_{name}" if name[:1].isdigit() else name


def column_names(headers: Sequence[str]) -> tuple[str, ...]:
    """A name for each header, none of them twice, canonical, or a word of SQL."""
    names: list[str] = []
    taken: set[str] = set()
    counts: dict[str, int] = {}
    for number, header in enumerate(headers, start=1):
        name = identifier(header) or f"column_{number}"
        if name in RESERVED_NAMES or name in _KEYWORDS:
            name = f"csv_{name}"
        base = name
        while name in taken:
            counts[base] = counts.get(base, 1) + 1
            name = f"{base}_{counts[base]}"
        taken.add(name)
        names.append(name)
    return tuple(names)


def source_name(file_name: str) -> str:
    """A name for a source by its file's name, without dates and endings."""
    stem = file_name.split(".", maxsplit=1)[0] or file_name
    stem = _DATES.sub(" ", file_name[: len(stem)] if _DATES.search(stem) is None else stem)
    return identifier(re.sub(r"[_-]+", " ", stem)).removeprefix("c_") or "sales"
