"""Numbers as people and programs write them, brought into the form that SQL writes.

Belongs here: decimal commas, groups, currency symbols and the rest of a `NumberFormat`, as SQL over
a text. Does not: the number's type, its digits or its bounds (`sql`).
"""

from __future__ import annotations

import re
from dataclasses import replace

from sales_assets.contracts.model import NumberFormat
from sales_assets.contracts.quoting import literal

_BLANK = "[ \u00a0\u202f]"
"""A blank, the no-break blank and the narrow one, which programs put between groups."""
_GROUPS = {" ": _BLANK, "'": "['\u2019]"}


def written_number(text: str, number: NumberFormat) -> str:
    """The text of a number as SQL writes it; NULL, or no number, if it is written otherwise.

    `text` is an SQL expression. Signs and digits are kept as they are, so that what does not fit
    the column's type can still be told.
    """
    if replace(number, minor_units=0).is_plain:
        return text
    if replace(number, minor_units=0, decimal_char=".").is_plain:
        # Exchanged, not replaced: a point that stands in the text has to stay wrong.
        return f"translate({text}, {literal(number.decimal_char + '.')}, '.,')"
    bare = text
    for symbol in sorted(number.symbols, key=len, reverse=True):
        bare = f"replace({bare}, {literal(symbol)}, '')"
    digits = literal(f"[^0-9{re.escape(number.decimal_char)}]")
    value = (
        f"replace(regexp_replace({bare}, {digits}, '', 'g'), {literal(number.decimal_char)}, '.')"
    )
    if number.accounting:
        value = f"coalesce(nullif({value}, ''), '0')"
    negative = f"CASE WHEN regexp_matches({bare}, '[-(]') THEN '-' ELSE '' END"
    return (
        f"CASE WHEN regexp_full_match({text}, {literal(_pattern(number))}) "
        f"THEN {negative} || {value} END"
    )


def _pattern(number: NumberFormat) -> str:
    """A regular expression for the numbers of this format, in RE2's syntax."""
    whole = "[0-9]+"
    if number.group_char:
        group = _GROUPS.get(number.group_char, re.escape(number.group_char))
        # No program groups behind a zero: 0.500 is half of one in a file with decimal points.
        whole = f"(?:[1-9][0-9]{{0,2}}(?:{group}[0-9]{{3}})+|[0-9]+)"
    digits = f"{whole}(?:{re.escape(number.decimal_char)}[0-9]*)?"
    if number.percent:
        return f"[+-]?{digits}{_BLANK}?%"
    forms = [f"[+-]?{digits}"]
    symbol = "|".join(re.escape(text) for text in number.symbols)
    before, behind = f"(?:{symbol}){_BLANK}?", f"{_BLANK}?(?:{symbol})"
    if symbol:
        forms += [f"[+-]?{before}{digits}", f"{before}[+-]{digits}", f"[+-]?{digits}{behind}"]
    if number.accounting:
        forms += _accounting(digits, f"(?:{before})?" if symbol else "", behind if symbol else "")
    blanks = f"{_BLANK}*" if number.accounting else ""
    return f"{blanks}(?:{'|'.join(forms)}){blanks}"


def _accounting(digits: str, before: str, behind: str) -> list[str]:
    """Negative numbers in parentheses or with the minus behind them, and a dash for zero."""
    forms = [
        rf"\({before}{digits}\)",
        rf"{before}\({digits}\)",
        rf"{before}{digits}-",
        rf"{before}-",
    ]
    if behind:
        forms += [
            rf"\({digits}{behind}\)",
            rf"\({digits}\){behind}",
            rf"{digits}-{behind}",
            rf"{digits}{behind}-",
            rf"-{behind}",
        ]
    return forms
