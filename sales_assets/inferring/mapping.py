"""How the canonical columns may come from the columns that were found.

Belongs here: `schema.revenue`, the day of a line and the currency. Does not: single columns
(`columns`), or YAML (`writing`).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal

from sales_assets.contracts.canonical import MAPPED_COLUMNS
from sales_assets.contracts.logical import LogicalType
from sales_assets.contracts.quoting import literal
from sales_assets.inferring.columns import Guess
from sales_assets.inferring.numbers import ISO_CODES, SYMBOLS, UNSURE_SYMBOLS
from sales_assets.inferring.splitting import Row
from sales_assets.inferring.words import Concept, folded

_RETURNS = ("return", "refund", "retour", "rueck", "erstatt", "gutschrift", "devol", "rembours")
_CANCELLED = ("cancel", "storn", "annul", "anul", "void")
_PREFERRED = ("revenue", "umsatz", "line total", "amount", "betrag", "montant", "importe")
_DAY_IN_NAME = re.compile(r"(?<![0-9])(20[0-9]{2})([-_.]?)([01][0-9])\2([0-3][0-9])(?![0-9])")


@dataclass(frozen=True)
class Line:
    """One canonical column. With a `question` its expression is only one of the answers."""

    name: str
    type: LogicalType
    expression: str
    notes: tuple[str, ...] = ()
    question: str = ""


@dataclass(frozen=True)
class Day:
    """Where the day of a line comes from: a column, or else the file's name."""

    column: str = ""
    pattern: str = ""
    format: str = ""
    notes: tuple[str, ...] = ()
    question: str = ""
    named: date | None = None
    """The day that the file's name says."""


@dataclass
class Revenue:
    """What becomes of the columns."""

    lines: dict[str, Line] = field(default_factory=dict)
    day: Day = Day()

    def put(self, name: str, expression: str, *notes: str, question: str = "") -> None:
        """Map a canonical column."""
        [column] = [each for each in MAPPED_COLUMNS if each.name == name]
        kept = tuple(filter(None, notes))
        self.lines[name] = Line(name, column.type, expression, kept, question)

    @property
    def in_order(self) -> list[Line]:
        """The mapped columns in their canonical order."""
        return [self.lines[each.name] for each in MAPPED_COLUMNS if each.name in self.lines]


def revenue_of(guesses: Sequence[Guess], data: Sequence[Row], file_names: Sequence[str]) -> Revenue:
    """Map what can be mapped; `file_names` may hold the day."""
    found = Revenue()
    when = _dates(found, guesses)
    found.day = day_of(when, file_names)
    if found.day.named:
        line = found.lines["order_date"]
        found.put("order_date", f"DATE '{found.day.named}'", question=line.question)
    texts = [guess for guess in guesses if not guess.is_personal]
    for name, concepts, types in (
        ("order_id", (Concept.ORDER_ID,), {LogicalType.STRING}),
        ("line_number", (Concept.LINE_NUMBER,), {LogicalType.INTEGER}),
        ("product", (Concept.PRODUCT_ID, Concept.PRODUCT), {LogicalType.STRING}),
        ("category", (Concept.CATEGORY,), {LogicalType.STRING}),
        ("customer_id", (Concept.CUSTOMER_ID,), {LogicalType.STRING}),
        ("region", (Concept.REGION,), {LogicalType.STRING}),
    ):
        best = _best(texts, concepts, types)
        if best is not None:
            found.put(name, best.name, _doubt(best))
    _amounts(found, guesses, data)
    return found


def _best(
    guesses: Sequence[Guess], concepts: Sequence[Concept], types: set[LogicalType]
) -> Guess | None:
    for concept in concepts:
        fitting = [each for each in guesses if each.concept is concept and each.type in types]
        if fitting:
            return max(fitting, key=lambda each: (each.sure, -each.index))
    return None


def _doubt(guess: Guess) -> str:
    if guess.sure >= 2:
        return ""
    return f"{guess.header!r} is taken for the {guess.concept or 'only one of its kind'}"


def _dates(found: Revenue, guesses: Sequence[Guess]) -> Guess | None:
    """Map the day and the moment of the sale."""
    kinds = {LogicalType.DATE, LogicalType.TIMESTAMP}
    dated = [guess for guess in guesses if guess.type in kinds]
    best = _best(dated, (Concept.ORDER_DATE,), kinds) or next(iter(dated), None)
    if best is None:
        found.put(
            "order_date",
            "DATE '2000-01-01'",
            question="no column holds dates in a known form; give the expression of the sale's day",
        )
        return None
    others = [each.header for each in dated if each is not best]
    told = f"{best.header!r} is taken for the day of the sale; there is {_listed(others)} too"
    unsure = best.concept is not Concept.ORDER_DATE or best.sure < 3
    blank = best.values.blanks
    undated = (
        f"{blank:,} lines have no date, as line {best.values.first_blank}, and would be rejected"
        if blank
        else ""
    )
    note = (told if others else _doubt(best)) if unsure else ""
    if best.type is LogicalType.TIMESTAMP:
        found.put("order_date", f"CAST({best.name} AS DATE)", note, undated)
        has_zone = any("X" in jdk for jdk in (best.moments.formats if best.moments else ()))
        local = (
            f"{best.header!r} says no time zone and is taken for UTC; if it is local time, write "
            "defaultTimezone into the logicalTypeOptions of its column"
        )
        found.put("ordered_at", best.name, "" if has_zone else local)
    else:
        found.put("order_date", best.name, note, undated)
        time = _best(guesses, (Concept.TIME,), {LogicalType.TIME})
        if time is not None:
            found.put("ordered_at", f"{best.name} + {time.name}")
    return best


def _listed(texts: Sequence[str]) -> str:
    return ", ".join(map(repr, texts))


def day_of(when: Guess | None, file_names: Sequence[str]) -> Day:
    """The day by the file's name if all dates are of that day, else by the column."""
    for name in file_names:
        match = _DAY_IN_NAME.search(name)
        if match is None:
            continue
        sign = match[2]
        jdk = f"yyyy{sign}MM{sign}dd"
        pattern = "(?P<day>" + re.escape(sign).join(("[0-9]{4}", "[0-9]{2}", "[0-9]{2}")) + ")"
        try:
            named = datetime.strptime("".join(match.group(1, 3, 4)), "%Y%m%d").date()  # noqa: DTZ007
        except ValueError:
            continue
        if when is None:
            return Day(pattern=pattern, format=jdk, named=named)
        days = days_of(when)
        if days and set(days) == {named}:
            told = f"all lines are of the day in the name of the file, {named}"
            return Day(
                pattern=pattern,
                format=jdk,
                notes=(f"{told}; look whether that is so of every file",),
            )
    if when is not None:
        return Day(column=when.name)
    return Day(
        question="no column holds dates, and the file's name no day; give {column: NAME}, or "
        "{fileName: 'regular expression with (?P<day>...)', format: yyyy-MM-dd}"
    )


def days_of(guess: Guess) -> list[date]:
    """The days that were seen in a column, in every order that it leaves open."""
    moments = guess.moments
    if moments is None:
        return []
    days = [moments.day(text) for text in guess.values.texts]
    return sorted(
        {day for day in days if day} | {day for span in moments.spans.values() for day in span}
    )


def _amounts(found: Revenue, guesses: Sequence[Guess], data: Sequence[Row]) -> None:
    numbers = {LogicalType.NUMBER, LogicalType.INTEGER}
    numeric = [guess for guess in guesses if guess.type in numbers]
    quantity = _best(numeric, (Concept.QUANTITY,), numbers)
    price = _best(numeric, (Concept.UNIT_PRICE,), numbers)
    amount, note = _amount(numeric, data)
    used = [guess for guess in (quantity, price, amount) if guess]
    notes = [note]
    if quantity:
        found.put("quantity", quantity.name, _doubt(quantity))
    if price:
        found.put("unit_price", price.name, _doubt(price))
    if amount:
        expression, money = amount.name, amount
        notes += [_doubt(amount), _product_told(quantity, price, amount, data)]
    elif price and quantity:
        expression, money = f"{quantity.name} * {price.name}", price
        notes.append("no column holds the amount of a line")
    elif price:
        expression, money = price.name, price
        notes.append("there is no quantity; one line is taken for one unit")
    else:
        ask = "no column is known for the amount; give its name or an expression"
        for name in ("amount", "net_amount"):
            found.put(name, "0", question=ask)
        found.put("kind", "'sale'")
        _currency(found, guesses, None)
        return
    discount = _best(numeric, (Concept.DISCOUNT,), numbers)
    if discount:
        notes.append(f"there is {discount.header!r} too; look whether it is taken off already")
    found.put("amount", expression, *notes)
    _kind(found, guesses, expression, used, data)
    _currency(found, guesses, money)


def _amount(numeric: Sequence[Guess], data: Sequence[Row]) -> tuple[Guess | None, str]:
    """The column with the amount, best without tax, and what else it could be."""
    concepts = (Concept.NET, Concept.AMOUNT, Concept.GROSS)
    money = [guess for guess in numeric if guess.concept in concepts]
    if not money:
        return None, ""
    tax = next((guess for guess in numeric if guess.concept is Concept.TAX), None)

    def rank(guess: Guess) -> tuple[int, ...]:
        words = folded(guess.header)
        taxed = tax is not None and any(
            other is not guess and _holds(data, lambda a, b, c: a + b == c, guess, tax, other) > 0.8
            for other in money
        )
        word = min((n for n, each in enumerate(_PREFERRED) if each in words), default=99)
        assert guess.concept is not None
        return (not taxed, concepts.index(guess.concept), -guess.sure, word, guess.index)

    best, *others = sorted(money, key=rank)
    if not others:
        return best, ""
    return best, f"{best.header!r} is taken, and not {_listed([each.header for each in others])}"


def _holds(data: Sequence[Row], law: object, *columns: Guess) -> float:
    """On which share of the lines a law of some columns' numbers holds."""
    right, _, count = _tried(data, law, *columns)
    return right / count if count else 0.0


def _tried(data: Sequence[Row], law: object, *columns: Guess) -> tuple[int, Row | None, int]:
    assert callable(law)
    right, count, wrong = 0, 0, None
    for row in data[:2000]:
        numbers = [_number(row, guess) for guess in columns]
        if None not in numbers:
            count += 1
            if law(*numbers):
                right += 1
            else:
                wrong = wrong or row
    return right, wrong, count


def _number(row: Row, guess: Guess) -> Decimal | None:
    text = (row.fields or ())[guess.index]
    return guess.style.value(text) if guess.style and text else None


def _product_told(
    quantity: Guess | None, price: Guess | None, amount: Guess, data: Sequence[Row]
) -> str:
    if quantity is None or price is None:
        return ""
    law = lambda a, b, c: abs(a * b - c) < Decimal("0.01")  # noqa: E731
    right, wrong, count = _tried(data, law, quantity, price, amount)
    if wrong is None or not count:
        return ""
    return (
        f"{quantity.header!r} times {price.header!r} is {amount.header!r} on {right:,} of "
        f"{count:,} lines, but not on line {wrong.number}"
    )


def _kind(
    found: Revenue,
    guesses: Sequence[Guess],
    amount: str,
    used: Sequence[Guess],
    data: Sequence[Row],
) -> None:
    """Map the kind of a line, and what it adds to net revenue."""
    for guess in guesses:
        if guess.type is not LogicalType.STRING or len(guess.values.texts) > 50:
            continue
        words = {text: folded(text) for text in guess.values.texts}
        back = [text for text, word in words.items() if word.startswith(_RETURNS)]
        gone = [text for text, word in words.items() if word.startswith(_CANCELLED)]
        if not back and not gone:
            continue
        cases = [f"WHEN {literal(text)} THEN 'return'" for text in back]
        cases += [f"WHEN {literal(text)} THEN 'cancellation'" for text in gone]
        found.put(
            "kind",
            f"CASE {guess.name} {' '.join(cases)} ELSE 'sale' END",
            f"by the texts of {guess.header!r}: {_listed(list(words)[:8])}",
        )
        nothing = ", ".join(map(literal, [*back, *gone]))
        found.put(
            "net_amount",
            f"CASE WHEN {guess.name} IN ({nothing}) THEN 0 ELSE {amount} END",
            "returned and cancelled lines are taken to bring nothing; if their amounts are "
            "negative already, write the amount",
        )
        return
    found.put("net_amount", amount)
    negative = [
        row for row in data if any((each := _number(row, guess)) and each < 0 for guess in used)
    ]
    if not negative:
        found.put("kind", "'sale'")
        return
    found.put(
        "kind",
        f"CASE WHEN {amount} < 0 THEN 'return' ELSE 'sale' END",
        f"{len(negative):,} lines are negative, as line {negative[0].number}, and taken for "
        "returns",
    )


def _currency(found: Revenue, guesses: Sequence[Guess], money: Guess | None) -> None:
    """Map the currency: from a column, the signs beside the numbers, or a header."""
    for guess in guesses:
        texts = set(guess.values.texts)
        if guess.type is LogicalType.STRING and texts and texts <= ISO_CODES:
            found.put("currency", guess.name)
            return
    ask = "nothing tells the currency; give its ISO code in quotes inside of the quotes, as 'EUR'"
    symbols = list(money.style.symbols if money and money.style else ())
    codes = {SYMBOLS.get(sign, sign) for sign in symbols} & ISO_CODES
    if len(symbols) > 1 and len(codes) > 1:
        shown = ", ".join(f"{count:,} times {sign}" for sign, count in money.style.symbols.items())  # type: ignore[union-attr]
        ask = f"{money.header!r} is in several currencies: {shown}; give an expression"  # type: ignore[union-attr]
    elif codes:
        code = next(iter(codes))
        unsure = symbols[0] in UNSURE_SYMBOLS
        told = f"the amounts have {symbols[0]}, which is taken for {code}" if unsure else ""
        found.put("currency", literal(code), told)
        return
    headers = [money.header] if money else []
    headers += [guess.header for guess in guesses if guess is not money and guess.style]
    for header in headers:
        named = {word.upper() for word in folded(header).split()} & ISO_CODES
        named |= {code for sign, code in SYMBOLS.items() if sign in "€£" and sign in header}
        if len(named) == 1:
            found.put("currency", literal(next(iter(named))), f"by the header {header!r}")
            return
    found.put("currency", "'XXX'", question=ask)
