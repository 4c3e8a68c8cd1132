"""What a line brings: its quantity, price, amounts, kind and currency.

Belongs here: choosing the columns with numbers, by what the lines' numbers say, and what is made
of them. Does not: the other canonical columns (`mapping`), or how a number is written (`numbers`).
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from sales_assets.contracts.logical import LogicalType
from sales_assets.contracts.quoting import literal
from sales_assets.inferring.choosing import doubt, likeliest, listed
from sales_assets.inferring.guess import Guess
from sales_assets.inferring.mapped import Revenue
from sales_assets.inferring.numbers import ISO_CODES, SYMBOLS, UNSURE_SYMBOLS
from sales_assets.inferring.splitting import Row
from sales_assets.inferring.words import Concept, folded

_RETURNS = ("return", "refund", "retour", "rueck", "erstatt", "gutschrift", "devol", "rembours")
_CANCELLED = ("cancel", "storn", "annul", "anul", "void")
_PREFERRED = ("revenue", "umsatz", "line total", "amount", "betrag", "montant", "importe")


def map_amounts(found: Revenue, guesses: Sequence[Guess], data: Sequence[Row]) -> None:
    """Map quantity, price, amounts, the kind of a line and the currency."""
    numbers = {LogicalType.NUMBER, LogicalType.INTEGER}
    numeric = [guess for guess in guesses if guess.type in numbers]
    quantity = likeliest(numeric, (Concept.QUANTITY,), numbers)
    price = likeliest(numeric, (Concept.UNIT_PRICE,), numbers)
    amount, note = _amount(numeric, data)
    used = [guess for guess in (quantity, price, amount) if guess]
    notes = [note]
    if quantity:
        found.put("quantity", quantity.name, doubt(quantity))
    if price:
        found.put("unit_price", price.name, doubt(price))
    if amount:
        expression, money = amount.name, amount
        notes += [doubt(amount), _product_told(quantity, price, amount, data)]
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
    discount = likeliest(numeric, (Concept.DISCOUNT,), numbers)
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
    return best, f"{best.header!r} is taken, and not {listed([each.header for each in others])}"


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
            f"by the texts of {guess.header!r}: {listed(list(words)[:8])}",
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
    """Map the currency: from a column, the signs beside the numbers, or a header.

    A contract has to tell all currencies, so such a column is held to those that were seen.
    """
    for guess in guesses:
        texts = set(guess.values.texts)
        is_text = guess.type is LogicalType.STRING and not guess.is_personal
        if is_text and texts and texts <= ISO_CODES:
            found.put("currency", guess.name)
            found.enums[guess.name] = tuple(sorted(texts))
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
