"""One column of a proposed contract as YAML, with the evidence in comments.

Belongs here: the words of a column, and those of its numbers that all columns share. Does not: what
is proposed of it (`columns`), or the rest of the contract (`writing`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sales_assets.contracts.logical import MONEY_TYPE, LogicalType
from sales_assets.contracts.model import NumberFormat
from sales_assets.inferring.guess import Guess
from sales_assets.inferring.yaml_text import placeholder, scalar, todos

_DEFAULT_FORMATS = {
    LogicalType.DATE: "yyyy-MM-dd",
    LogicalType.TIME: "HH:mm:ss",
    LogicalType.TIMESTAMP: "yyyy-MM-dd HH:mm:ss",
}


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


def column_text(  # noqa: PLR0912 (one branch for each word of a column)
    guess: Guess, defaults: dict[str, str], settled: bool, enum: Sequence[str] = ()
) -> Iterator[str]:
    """A column, with an `enum` if it is held to one.

    `settled` takes the first answer to every question about it.
    """
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
    if enum:
        words.append(f"enum: [{', '.join(f'{{value: {scalar(text)}}}' for text in enum)}]")
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
