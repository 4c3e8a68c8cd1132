"""The text of a proposed contract: YAML, with the evidence in comments.

Belongs here: the order and the words of a contract's parts. Does not: what is proposed (`columns`,
`mapping`, `layout`), or how a text stays the same text in YAML (`yaml_text`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import PurePosixPath

from sales_assets.contracts.logical import MONEY_TYPE, LogicalType
from sales_assets.contracts.model import NumberFormat
from sales_assets.inferring.columns import Guess
from sales_assets.inferring.encodings import Encoded
from sales_assets.inferring.layout import Layout
from sales_assets.inferring.mapped import Line, Revenue
from sales_assets.inferring.yaml_text import comment, placeholder, scalar, todos

_DEFAULT_FORMATS = {
    LogicalType.DATE: "yyyy-MM-dd",
    LogicalType.TIME: "HH:mm:ss",
    LogicalType.TIMESTAMP: "yyyy-MM-dd HH:mm:ss",
}


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


def number_defaults(guesses: Sequence[Guess]) -> dict[str, str]:
    """The decimal sign and the one between groups that most columns have that show any."""
    shown = [
        guess.style.number
        for guess in guesses
        if guess.style
        and _is_number(guess)
        and not guess.question
        and (guess.style.decimals or guess.style.number.group_char)
    ]
    found: dict[str, str] = {}
    points = [each.decimal_char for each in shown]
    if points and points.count(",") * 2 >= len(points):
        found["decimalChar"] = ","
    groups = [each.group_char for each in shown if each.group_char]
    if groups and groups[0] != found.get("decimalChar", "."):
        found["groupChar"] = groups[0]
    return found


def _is_number(guess: Guess) -> bool:
    return guess.type in {LogicalType.NUMBER, LogicalType.INTEGER}


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
        yield from _column(guess, defaults, settled)


def _column(  # noqa: PLR0912 (one branch for each word of a column)
    guess: Guess, defaults: dict[str, str], settled: bool
) -> Iterator[str]:
    yield from todos(6, [*guess.notes, *filter(None, [guess.question])])
    words = [f"name: {guess.name}"]
    if guess.name != guess.header:
        words.append(f"physicalName: {scalar(guess.header)}")
    words.append(f"logicalType: {guess.type}")
    if guess.required:
        words.append("required: true")
    if guess.is_personal:
        words.append("classification: personal")
    if (physical := _physical_type(guess)) != MONEY_TYPE and guess.type is LogicalType.NUMBER:
        words.append(f"physicalType: {scalar(physical)}")
    further: list[str] = []
    if guess.moments:
        formats = guess.moments.formats
        if guess.either and not settled:
            written = placeholder(" or ".join(guess.either))
            words.append(f"logicalTypeOptions: {{format: {written}}}")
        elif formats[0] != _DEFAULT_FORMATS[guess.type]:
            words.append(f"logicalTypeOptions: {{format: {scalar(formats[0])}}}")
        rest = [each for each in formats[1:] if each not in guess.either]
        if rest:
            further.append(f"{{property: formats, value: [{', '.join(map(scalar, rest))}]}}")
    if guess.true_values:
        further.append(
            f"{{property: trueValues, value: [{', '.join(map(scalar, guess.true_values))}]}}"
        )
        further.append(
            f"{{property: falseValues, value: [{', '.join(map(scalar, guess.false_values))}]}}"
        )
    if guess.manners and not settled:
        yield f"      - {words[0]}"
        yield from (f"        {word}" for word in words[1:])
        yield f"        customProperties: {placeholder('keep one of the next two lines')}"
        for manner in guess.manners:
            yield f"        # customProperties: [{', '.join(_manner(guess, manner, defaults))}]"
        return
    if guess.style and _is_number(guess):
        number = guess.manners[0] if guess.manners else guess.style.number
        further += _manner(guess, number, defaults)
    if not further:
        yield f"      - {{{', '.join(words)}}}"
        return
    yield f"      - {words[0]}"
    yield from (f"        {word}" for word in words[1:])
    yield "        customProperties:"
    yield from (f"          - {word}" for word in further)


def _manner(guess: Guess, number: NumberFormat, defaults: dict[str, str]) -> list[str]:
    """How a column's numbers are written, as far as the file's defaults do not say it."""
    assert guess.style is not None
    tells = bool(guess.style.decimals or number.group_char)
    decimal, group = defaults.get("decimalChar", "."), defaults.get("groupChar", "")
    found: list[str] = []
    if tells and number.decimal_char != decimal:
        found.append(f"{{property: decimalChar, value: {scalar(number.decimal_char)}}}")
        decimal = number.decimal_char
    if number.group_char not in {"", group}:
        found.append(f"{{property: groupChar, value: {scalar(number.group_char)}}}")
    elif group == decimal:
        found.append('{property: groupChar, value: ""}')
    if number.symbols:
        found.append(
            f"{{property: currencySymbols, value: [{', '.join(map(scalar, number.symbols))}]}}"
        )
    if number.accounting:
        found.append("{property: accounting, value: true}")
    if number.percent:
        found.append("{property: percent, value: true}")
    if guess.minor_units:
        found.append(f"{{property: minorUnits, value: {guess.minor_units}}}")
    return found


def _physical_type(guess: Guess) -> str:
    if guess.style is None:
        return MONEY_TYPE
    decimals = guess.style.decimals + (2 if guess.style.number.percent else 0)
    if decimals <= 4 and guess.style.digits <= 14:
        return MONEY_TYPE
    scale = max(decimals, 4)
    return f"DECIMAL({min(max(18, guess.style.digits + scale + 2), 35)},{min(scale, 17)})"


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
