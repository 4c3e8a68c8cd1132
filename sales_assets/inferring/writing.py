"""The text of a proposed contract: YAML, with the evidence in comments.

Belongs here: the order and the words of a contract's parts. Does not: what is proposed (`columns`,
`mapping`, `layout`), the words of one column (`column_text`), or how a text stays the same text in
YAML (`yaml_text`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import PurePosixPath

from sales_assets.inferring.column_text import column_text, number_defaults
from sales_assets.inferring.encodings import Encoded
from sales_assets.inferring.guess import Guess
from sales_assets.inferring.layout import Layout
from sales_assets.inferring.mapped import Line, Revenue
from sales_assets.inferring.yaml_text import comment, placeholder, scalar, todos


@dataclass(frozen=True)
class Proposed:
    """Everything that a proposed contract says."""

    source: str
    team: str
    is_own_team: bool
    file_name: str
    encoded: Encoded
    layout: Layout
    guesses: tuple[Guess, ...]
    missing: tuple[str, ...]
    revenue: Revenue
    key: tuple[Guess, ...]
    days: tuple[date, ...]
    complete: bool
    tried: tuple[str, ...] = ()
    """What became of the sample under this contract; lines that begin with ! are to be mended."""


def contract_text(proposed: Proposed, *, settled: bool = False) -> str:
    """The whole contract; `settled` takes the first answer to every question, to try it."""
    return "\n".join(
        [
            *_head(proposed),
            *_file(proposed),
            *_days(proposed, settled),
            *_columns(proposed, settled),
            *_revenue(proposed, settled),
            "",
        ]
    )


def _head(proposed: Proposed) -> Iterator[str]:
    told = "lines" if proposed.complete else "lines at its beginning"
    count = len(proposed.layout.data) + proposed.layout.malformed
    yield from comment(0, f"Proposed from {count:,} {told} of {proposed.file_name}.")
    yield from comment(
        0, "Settle each TODO and delete it; say what the columns mean in a description."
    )
    for text in proposed.tried:
        if text.startswith("!"):
            yield from todos(0, [text[1:]])
        else:
            yield from comment(0, text)
    yield "apiVersion: v3.1.0"
    yield "kind: DataContract"
    yield f"id: {scalar(f'{proposed.team}-{proposed.source}')}"
    yield f"name: {scalar(proposed.source)}"
    yield "version: 1.0.0"
    yield "status: draft"
    yield f"description: {{purpose: {scalar(f'Sales lines as in {proposed.file_name}')}}}"
    if not proposed.is_own_team:
        yield from comment(0, "TODO: name your team; its name is the folder of the drops, too.")
    yield "team:"
    yield f"  name: {scalar(proposed.team)}"
    yield f"  members: [{{username: {scalar(f'{proposed.team}@example.com')}, role: owner}}]"


def drops_path(proposed: Proposed) -> str:
    """The glob of files like this one."""
    name = proposed.file_name
    ending = PurePosixPath(re.sub(r"(?i)\.(gz|zst)$", "", name)).suffix
    tail = f"*{ending}" + ("" if ending.lower() == ".zip" or not ending else "*")
    return f"{proposed.team}/{proposed.source}/{tail}"


def _file(proposed: Proposed) -> Iterator[str]:
    dialect, notes = proposed.layout.dialect, proposed.layout.notes
    yield "servers:"
    yield "  - server: landing"
    yield "    type: local"
    yield f"    path: {scalar(drops_path(proposed))}"
    yield "    format: csv"
    yield from todos(4, filter(None, [proposed.encoded.note]))
    yield f"    encoding: {scalar(proposed.encoded.name)}"
    words: list[tuple[str, str]] = [("delimiter", scalar(dialect.delimiter))]
    if dialect.quote_char != '"':
        words.append(("quoteChar", scalar(dialect.quote_char)))
    if dialect.quoted_newlines:
        words.append(("quotedNewlines", "true"))
    if not dialect.header:
        words.append(("header", "false"))
    elif "header" in notes:
        words.append(("header", "true"))
    if dialect.header_row is not None:
        words.append(("headerRows", f"[{dialect.header_row}]"))
    if dialect.comment_rows:
        words.append(("commentRows", f"[{', '.join(map(str, dialect.comment_rows))}]"))
    if dialect.comment_char:
        words.append(("commentChar", scalar(dialect.comment_char)))
    if dialect.footer:
        words.append(("footer", scalar(dialect.footer)))
    if proposed.missing:
        words.append(("missingValues", f"[{', '.join(map(scalar, proposed.missing))}]"))
    words += [(name, scalar(value)) for name, value in number_defaults(proposed.guesses).items()]
    yield "    customProperties:"
    for name, value in words:
        yield from todos(6, [notes[name]] if name in notes else [])
        yield f"      - {{property: {name}, value: {value}}}"


def _days(proposed: Proposed, settled: bool) -> Iterator[str]:
    day = proposed.revenue.day
    yield "customProperties:"
    yield from todos(2, filter(None, [*day.notes, day.question]))
    if day.question and not settled:
        value = placeholder("day")
    elif day.column:
        value = f"{{column: {day.column}}}"
    else:
        pattern, jdk = day.pattern or "(?P<day>[0-9]{8})", day.format or "yyyyMMdd"
        value = f"{{fileName: {scalar(pattern)}, format: {scalar(jdk)}}}"
    yield f"  - {{property: partitionDay, value: {value}}}"
    if day.column:
        told = "the newest file of a day is the whole day; say union if files add lines to a day"
        yield from todos(2, [told])
        yield "  - {property: overlappingDrops, value: latest}"
    start = proposed.days[0].isoformat() if proposed.days else "2000-01-01"
    if not proposed.days:
        yield from todos(2, ["give the first day that the source has data of"])
    elif _is_open(proposed):
        told = "the first day in either order of day and month; give the one that is right"
        yield from todos(2, [told])
    elif not proposed.complete:
        yield from todos(
            2, ["this is the first day of the sample; give the first one of the source"]
        )
    yield f"  - {{property: history, value: {{start: {start}}}}}"


def _is_open(proposed: Proposed) -> bool:
    """Whether the day of a line depends on an answer."""
    line = proposed.revenue.lines["order_date"].expression
    return any(guess.either and guess.name in line for guess in proposed.guesses)


def _columns(proposed: Proposed, settled: bool) -> Iterator[str]:
    yield "schema:"
    yield "  - name: lines"
    yield "    physicalType: file"
    if proposed.key:
        names = " and ".join(guess.name for guess in proposed.key)
        yield from todos(
            4,
            [
                f"no two of the {len(proposed.layout.data):,} lines have the same {names}; if that "
                "always holds, add primaryKey: true and primaryKeyPosition: 1, 2 there"
            ],
        )
    header = proposed.layout.header
    left = [
        text
        for text in dict.fromkeys(header)
        if text not in {each.header for each in proposed.guesses}
    ]
    for text in left:
        if text:
            yield from todos(
                4, [f"column {text!r} is there twice and is left out; rename it in the file"]
            )
    yield "    properties:"
    defaults = number_defaults(proposed.guesses)
    for guess in proposed.guesses:
        enum = proposed.revenue.enums.get(guess.name, ())
        if enum:
            seen = "the file's lines" if proposed.complete else "the lines at the file's beginning"
            told = (
                f"{seen} have {', '.join(enum)}; lines with any other text are rejected, so add "
                "what others may have"
            )
            yield from todos(6, [told])
        yield from column_text(guess, defaults, settled, enum)


def _revenue(proposed: Proposed, settled: bool) -> Iterator[str]:
    yield "  - name: revenue"
    yield "    physicalType: table"
    yield "    properties:"
    for line in proposed.revenue.in_order:
        yield from _mapped(line, settled)


def _mapped(line: Line, settled: bool) -> Iterator[str]:
    yield from todos(6, filter(None, [*line.notes, line.question]))
    value = scalar(line.expression) if settled or not line.question else placeholder(line.name)
    yield f"      - {{name: {line.name}, logicalType: {line.type}, transformLogic: {value}}}"
