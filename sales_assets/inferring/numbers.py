"""How the numbers of a column are written: decimal sign, groups, currency, accounting, percent.

Belongs here: guessing a `NumberFormat` from texts. Does not: taking numbers by it
(`contracts.numbers`), or the column's type (`columns`). No number ever becomes a float.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from functools import lru_cache

from sales_assets.contracts.model import NumberFormat

SYMBOLS = {
    "€": "EUR",
    "£": "GBP",
    "$": "USD",
    "US$": "USD",
    "A$": "AUD",
    "C$": "CAD",
    "R$": "BRL",
    "¥": "JPY",
    "₹": "INR",
    "₺": "TRY",
    "₽": "RUB",
    "₩": "KRW",
    "₪": "ILS",
    "zł": "PLN",
    "Kč": "CZK",
    "Ft": "HUF",
    "Fr.": "CHF",
    "SFr.": "CHF",
    "kr": "",
    "kr.": "",
}
"""Texts beside numbers, and the currency that each most likely means; none if many do."""
UNSURE_SYMBOLS = frozenset({"$", "¥", "kr", "kr."})
"""Symbols of several currencies."""
ISO_CODES = frozenset(
    [
        "AED",
        "ARS",
        "AUD",
        "BGN",
        "BHD",
        "BRL",
        "CAD",
        "CHF",
        "CLP",
        "CNY",
        "COP",
        "CZK",
        "DKK",
        "EGP",
        "EUR",
        "GBP",
        "HKD",
        "HRK",
        "HUF",
        "IDR",
        "ILS",
        "INR",
        "ISK",
        "JPY",
        "KES",
        "KRW",
        "KWD",
        "MAD",
        "MXN",
        "MYR",
        "NGN",
        "NOK",
        "NZD",
        "PEN",
        "PHP",
        "PKR",
        "PLN",
        "QAR",
        "RON",
        "RSD",
        "RUB",
        "SAR",
        "SEK",
        "SGD",
        "THB",
        "TND",
        "TRY",
        "TWD",
        "UAH",
        "USD",
        "UYU",
        "VND",
        "ZAR",
    ]
)
_BLANKS = " \u00a0\u202f"
_CORE = re.compile(r"[0-9](?:[0-9.,'\u2019 \u00a0\u202f]{0,40}[0-9])?")
_GROUPED = re.compile(r"[1-9][0-9]{0,2}(?:[0-9]{3})*")
_LONGEST = 40


@dataclass(frozen=True)
class Written:
    """One number as it is written: its digits with what stands between them, and the rest."""

    core: str
    negative: bool = False
    symbol: str = ""
    accounting: bool = False
    percent: bool = False


@lru_cache(maxsize=1 << 16)
def read_number(text: str) -> Written | None:
    """Take a text apart, if it is a number in any of the known ways."""
    bare = text.strip(" ")
    match = _CORE.search(bare) if len(text) <= _LONGEST else None
    if match is None:
        return None
    before, after = bare[: match.start()].strip(_BLANKS), bare[match.end() :].strip(_BLANKS)
    in_parentheses = "(" in before and ")" in after
    signs = re.sub(r"[^+()-]", "", before + after)
    if signs not in {"", "+", "-", "()"} or ("+" in after):
        return None
    percent = after == "%"
    symbol = re.sub(r"[+()-]", "", before).strip(_BLANKS)
    behind = "" if percent else re.sub(r"[()-]", "", after).strip(_BLANKS)
    if (symbol and behind) or not all(is_symbol(each) for each in (symbol, behind) if each):
        return None
    if percent and (symbol or in_parentheses):
        return None
    return Written(
        core=re.sub(r"[\u00a0\u202f]", " ", match.group()).replace("\u2019", "'"),
        negative="-" in signs or "(" in signs,
        symbol=symbol or behind,
        # Only this manner takes blanks around a number.
        accounting=in_parentheses or "-" in after or bare != text,
        percent=percent,
    )


def is_symbol(text: str) -> bool:
    """Whether a text is a currency's symbol or code."""
    return (
        text in SYMBOLS
        or text in ISO_CODES
        or (len(text) == 1 and unicodedata.category(text) == "Sc")
    )


@dataclass
class Style:
    """How a column's numbers are written, as far as they tell.

    `unsure` is the sign of which nothing tells whether it is a decimal one or one between groups;
    `shown` holds an example of it. `decimals` and `digits` are the most that were seen.
    """

    number: NumberFormat
    decimals: int = 0
    digits: int = 0
    unsure: str = ""
    shown: str = ""
    symbols: Counter[str] = field(default_factory=Counter)

    def value(self, text: str) -> Decimal | None:
        """The number that a text is in this style; None if it is none."""
        written = read_number(text)
        if written is None or (written.percent != self.number.percent):
            return None
        whole, _, fraction = written.core.partition(self.number.decimal_char)
        if self.number.group_char in whole and self.number.group_char:
            groups = whole.split(self.number.group_char)
            if not 0 < len(groups[0]) <= 3 or any(len(group) != 3 for group in groups[1:]):
                return None
            whole = "".join(groups)
        if not whole.isdigit() or (fraction and not fraction.isdigit()):
            return None
        number = Decimal(f"{whole}.{fraction}" if fraction else whole)
        if self.number.percent:
            number = number.scaleb(-2)
        return -number if written.negative else number


def separators(core: str) -> tuple[str, str, str] | None:
    """The decimal sign, the sign between groups, and a sign that is one of the two."""
    signs = re.sub(r"[0-9]", "", core)
    distinct = list(dict.fromkeys(signs))
    if not distinct:
        return "", "", ""
    if len(distinct) > 2:
        return None
    last = distinct[-1]
    if len(distinct) == 2:
        first = distinct[0]
        whole = core.partition(last)[0]
        is_sound = last in ".," and signs.count(last) == 1 and _is_grouped(whole, first)
        return (last, first, "") if is_sound else None
    if last not in ".," or len(signs) > 1:
        return ("", last, "") if _is_grouped(core, last) else None
    left, _, right = core.partition(last)
    if len(right) != 3 or len(left) > 3 or left.startswith("0"):
        return last, "", ""
    return "", "", last


def _is_grouped(whole: str, sign: str) -> bool:
    first, *others = whole.split(sign)
    return (
        _GROUPED.fullmatch(first) is not None
        and len(first) <= 3
        and all(len(group) == 3 for group in others)
    )


def style_of(texts: Iterable[str], of_file: str = "") -> Style:
    """The style that most of a column's numbers are in; `of_file` is the decimal sign elsewhere."""
    decimal: Counter[str] = Counter()
    group: Counter[str] = Counter()
    unsure: dict[str, str] = {}
    symbols: Counter[str] = Counter()
    accounting = percent = 0
    plain = ""
    cores: list[str] = []
    for text in texts:
        written = read_number(text)
        found = separators(written.core) if written else None
        if written is None or found is None:
            continue
        cores.append(written.core)
        decimal[found[0]] += 1
        group[found[1]] += 1
        if found[2]:
            unsure.setdefault(found[2], text)
        elif not any(found) and len(written.core) > 3:
            plain = written.core
        symbols[written.symbol] += 1
        accounting += written.accounting
        percent += written.percent
    for each in (decimal, group, symbols):
        del each[""]
    point = decimal.most_common(1)[0][0] if decimal else ""
    between = group.most_common(1)[0][0] if group else ""
    still = ""
    for sign in unsure:
        if sign in {point, between}:
            continue
        if point or (of_file and sign != of_file):
            between = between or sign
        elif between or of_file or plain:
            point = sign
        else:
            still = sign
    style = Style(
        NumberFormat(
            decimal_char=point or ("." if between != "." else ","),
            group_char=between if between != point else "",
            symbols=tuple(symbols),
            accounting=accounting > 0,
            percent=percent * 2 > len(cores) > 0,
        ),
        unsure=still,
        shown=unsure.get(still, ""),
        symbols=symbols,
    )
    for core in cores:
        whole, _, fraction = core.partition(style.number.decimal_char)
        style.decimals = max(style.decimals, len(fraction))
        style.digits = max(style.digits, len(re.sub(r"[^0-9]", "", whole)))
    if still:
        style.decimals = 3
    return style
