"""What each column of an unknown text holds: type, formats, blanks.

Belongs here: one column by itself, with the evidence. Does not: personal data (`personal`), its
meaning for revenue (`mapping`), or the words for it (`words`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

from sales_assets.contracts.logical import LogicalType
from sales_assets.inferring.guess import Guess
from sales_assets.inferring.layout import Layout, is_typed
from sales_assets.inferring.moment_formats import Formats, formats_of
from sales_assets.inferring.names import column_names
from sales_assets.inferring.numbers import Style, read_number, style_of
from sales_assets.inferring.personal import mark_personal
from sales_assets.inferring.values import Values, values_of
from sales_assets.inferring.words import ID_WORDS, Concept, concept_of, folded

_SURE_MISSING = ("NULL", "null", "Null", "N/A", "n/a", "#N/A", "#NV", "(null)", "\\N", "NaN", "nan")
_MISSING = (*_SURE_MISSING, "-", "--", "NA", "None", "none", "?", ".", "k.A.", "k. A.", "n.v.")
"""Texts for missing values; those that may be words as well count only among numbers or dates."""
_MONEY = frozenset(
    {Concept.UNIT_PRICE, Concept.NET, Concept.AMOUNT, Concept.GROSS, Concept.DISCOUNT, Concept.TAX}
)
_NUMERIC = _MONEY | {Concept.QUANTITY}
_DATED = frozenset({Concept.ORDER_DATE, Concept.OTHER_DATE})
_CENTS = frozenset({"cent", "cents", "pence", "centimes", "centavos"})
_PAIRS = (
    ({"true"}, {"false"}),
    ({"yes", "y", "ja", "j", "oui", "o", "si", "s", "x", "t"}, {"no", "n", "nein", "non", "f"}),
)


def guesses_of(layout: Layout) -> tuple[tuple[Guess, ...], tuple[str, ...]]:
    """The columns of a layout, and the texts that stand for missing values in any of them."""
    names = column_names(layout.header)
    columns = [(index, values_of(layout.data, index)) for index in range(len(layout.header))]
    missing = _missing(layout, [values for _, values in columns])
    found: list[Guess] = []
    for index, values in columns:
        header = layout.header[index]
        twice = layout.dialect.header and layout.header.count(header) > 1
        is_unnamed = not header.strip() and not set(values.texts) - set(missing)
        if twice or is_unnamed:
            continue
        concept, sure = concept_of(header)
        found.append(
            Guess(
                index,
                names[index],
                header,
                LogicalType.STRING,
                values.without(missing),
                concept,
                sure,
            )
        )
    typed = [_typed(guess) for guess in found]
    points = {
        each.style.number.decimal_char
        for each in typed
        if each.style and each.style.decimals and not each.style.unsure
    }
    point = next(iter(points)) if len(points) == 1 else ""
    if point:
        typed = [
            _typed(guess, point) if each.style and each.style.unsure else each
            for guess, each in zip(found, typed, strict=True)
        ]
    return tuple(mark_personal(guess) for guess in typed), missing


def _missing(layout: Layout, columns: Sequence[Values]) -> tuple[str, ...]:
    found: dict[str, None] = {}
    for values in columns:
        rest = [text for text in values.texts if text not in _MISSING]
        typed = sum(map(is_typed, rest))
        accounting = any((each := read_number(text)) and each.accounting for text in rest)
        words = _MISSING if rest and typed >= 0.8 * len(rest) else _SURE_MISSING
        for text in words:
            if text in values.texts and not (text == "-" and accounting):
                found[text] = None
    signs = (layout.dialect.delimiter, layout.dialect.quote_char)
    return tuple(text for text in found if not any(sign and sign in text for sign in signs))


def _typed(guess: Guess, point: str = "") -> Guess:
    """The guess with its type; `point` is the decimal sign of the file's other columns."""
    values, header = guess.values, set(folded(guess.header).split())
    if not values.texts:
        told = "no value was seen, so that its type is not known" if values.blanks else ""
        return replace(guess, notes=(told,) if told else ())
    is_name = guess.concept in ID_WORDS and guess.sure >= 2
    moments = formats_of(values.counts)
    if moments and _share(values, moments.fits) >= (0.5 if guess.concept in _DATED else 0.8):
        compact = all(shape.startswith("yyyyMMdd") for shape in moments.orders)
        if not compact or guess.concept in _DATED or (not guess.concept and len(values.texts) > 1):
            return _dated(guess, moments)
    style = style_of(values.texts, point)
    fitting = _share(values, lambda text: style.value(text) is not None)
    is_number = fitting == 1 or fitting >= (0.5 if guess.concept in _NUMERIC else 0.95)
    has_zeros = any(re.match(r"0[0-9]", text) for text in values.texts)
    is_name = is_name or (guess.concept in ID_WORDS and not style.decimals and not style.symbols)
    if is_name or (has_zeros and guess.concept not in _NUMERIC):
        is_number = False
    if is_number and style.digits <= 18:
        return _numeric(guess, style, cents=bool(header & _CENTS))
    booleans = _booleans(values.texts)
    if booleans:
        words = {text.lower() for text in values.texts}
        plain = words == {"true", "false"}
        return replace(
            guess,
            type=LogicalType.BOOLEAN,
            true_values=() if plain else booleans[0],
            false_values=() if plain else booleans[1],
        )
    notes: tuple[str, ...] = ()
    if guess.concept in _NUMERIC | _DATED and guess.sure > 1:
        kind = "date" if guess.concept in _DATED else "number"
        wrong = next(
            (text for text in values.texts if not is_typed(text)), next(iter(values.texts))
        )
        notes = (f"no {kind} in a known form, as {values.shown(wrong)}; it is taken for a text",)
    return replace(guess, notes=notes)


def _dated(guess: Guess, moments: Formats) -> Guess:
    notes = _misfits(guess.values, moments.fits, f"no {moments.type} of these formats")
    values = guess.values
    if moments.against:
        notes += (
            f"{values.shown(moments.proof)} and {values.shown(moments.against)} are in two orders "
            "of day and month, and a file of both is refused",
        )
    question = ""
    if moments.either:
        spans = "; ".join(
            f"as {name} the days are {first} to {last}"
            for name, (first, last) in moments.spans.items()
        )
        filled = values.filled
        question = (
            f"all {filled:,} values fit {' and '.join(moments.either)}; "
            f"e.g. {values.shown(_telling(values, moments))}; {spans}"
        )
    return replace(
        guess,
        type=moments.type,
        moments=moments,
        notes=notes,
        question=question,
        either=tuple(moments.either),
    )


def _telling(values: Values, moments: Formats) -> str:
    """A text that would be two days; the first one if all would be the same in both orders."""
    for text in values.texts:
        if moments.day(text, "dM") != moments.day(text, "Md"):
            return text
    return next(iter(values.texts))


def _numeric(guess: Guess, style: Style, *, cents: bool) -> Guess:
    values = guess.values
    is_whole = not style.decimals and not style.symbols and not style.number.percent
    kind = LogicalType.NUMBER
    if is_whole and guess.concept not in _MONEY:
        kind = LogicalType.INTEGER
    notes = _misfits(values, lambda text: style.value(text) is not None, f"no {kind} in this form")
    if cents and is_whole:
        notes += ("its name says cents, so that 1234 is taken for 12.34",)
        kind = LogicalType.NUMBER
    if style.unsure:
        return replace(
            guess,
            type=kind,
            style=style,
            notes=notes,
            question=(
                f"nothing tells whether {style.unsure!r} stands before decimals or between "
                f"thousands; e.g. {values.shown(style.shown)}"
            ),
            manners=(
                replace(style.number, decimal_char=style.unsure, group_char=""),
                replace(
                    style.number,
                    decimal_char="." if style.unsure == "," else ",",
                    group_char=style.unsure,
                ),
            ),
        )
    return replace(
        guess, type=kind, style=style, notes=notes, minor_units=2 if cents and is_whole else 0
    )


def _misfits(values: Values, fits: object, told: str) -> tuple[str, ...]:
    assert callable(fits)
    wrong = [text for text in values.texts if not fits(text)]
    if not wrong:
        return ()
    count = sum(values.counts[text] for text in wrong)
    return (
        f"{count:,} of {values.filled:,} values are {told}, as {values.shown(wrong[0])}; "
        "their lines would be rejected",
    )


def _share(values: Values, fits: object) -> float:
    assert callable(fits)
    return sum(values.counts[text] for text in values.texts if fits(text)) / values.filled


def _booleans(texts: Mapping[str, object]) -> tuple[tuple[str, ...], tuple[str, ...]] | None:
    for true, false in _PAIRS:
        yes = tuple(text for text in texts if text.lower() in true)
        no = tuple(text for text in texts if text.lower() in false)
        if yes and no and len(yes) + len(no) == len(texts):
            return yes, no
    return None
