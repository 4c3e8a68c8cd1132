"""The reference of contracts, from the words that are read.

Belongs here: how words are shown. Does not: what they mean (`sales_assets.contracts.words`).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from sales_assets.contracts import words
from sales_assets.contracts.canonical import MAPPED_COLUMNS
from sales_assets.contracts.dialects import COLUMN_PROPERTIES
from sales_assets.contracts.fields import OPTIONS
from sales_assets.contracts.formats import LETTERS
from sales_assets.contracts.logical import LogicalType

_MOMENT = "TIMESTAMP '2033-11-07 15:04:09.123456'"


def contract() -> str:
    """Every word of a contract that is read, and what it drives."""
    standard = {word: told for word, told in words.STANDARD_WORDS.items() if told}
    return "\n\n".join(
        [
            "## The standard's fields",
            "By their place in the file; `[]` is an entry of a list. Other fields of the standard "
            "are for people, and drive nothing. A field that claims what nothing here would see "
            "to, such as `encryptedName`, is refused.",
            _table(standard),
            "## Canonical columns",
            "What the properties of `revenue` may be.",
            _table(
                {
                    column.name: f"{column.description} "
                    f"({column.type}{', required' if column.required else ''})"
                    for column in MAPPED_COLUMNS
                }
            ),
            "## Days and drops",
            "Custom properties of the contract.",
            _table(words.CONTRACT_WORDS),
            "Custom properties of the object `lines`.",
            _table(words.LINES_WORDS),
            "## Service levels",
            "Names of `slaProperties`.",
            _table(words.SERVICE_LEVEL_WORDS),
            "## Layout of files",
            "Custom properties of `servers[]`.",
            _table(words.FILE_WORDS),
            "A reference's object may have the same, and `encoding`, if its file is laid out "
            "otherwise than the drops.",
            "## Values of a column",
            "Custom properties of a column.",
            _table(words.COLUMN_WORDS, COLUMN_PROPERTIES),
            "What its `logicalTypeOptions` may say.",
            _table(words.OPTION_WORDS, OPTIONS),
            "## Letters of formats",
            "As in Java's `DateTimeFormatter`; text stands in quotes, `yy` is 1969 to 2068.",
            _letters(),
        ]
    )


def _table(
    told: Mapping[str, str], of_types: Mapping[LogicalType, Collection[str]] | None = None
) -> str:
    """Words and meanings, and of which logical types a word may be, if that matters."""
    rows = []
    for word, meaning in told.items():
        types = [kind for kind, known in (of_types or {}).items() if word in known]
        of = f" Of columns of type {', '.join(types)}." if types else ""
        rows.append(f"`{word}`\n: {meaning}{of}\n")
    return "\n".join(rows)


def _letters() -> str:
    """Each letter with an example, as DuckDB writes it."""
    import duckdb

    rows = ["| letters | example |", "| --- | --- |"]
    for letters, (directive, _) in LETTERS.items():
        [[example]] = duckdb.execute(
            f"SELECT strftime({_MOMENT}, $directive)", {"directive": directive}
        ).fetchall()
        rows.append(f"| `{letters}` | {example} |")
    return "\n".join(rows)
