"""The figures of a day have one name each, and amounts of several currencies stay apart."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

from sales_assets.contracts.figures import InCurrency, dump_figures, load_figures
from sales_assets.telling.numbers import figures_told, lines_told, totals_told

DAY, BEFORE = date(2024, 1, 2), date(2024, 1, 1)
EURO = InCurrency(
    "EUR", 3, Decimal("10.50"), Decimal("8.00"), BEFORE, DAY, None, None, late_lines=1, orders=2
)
YEN = InCurrency(
    *("JPY", 1, Decimal(900), Decimal(900), DAY, DAY),
    *(datetime(2024, 1, 2, 9, 30), datetime(2024, 1, 2, 9, 30)),  # noqa: DTZ001
    late_lines=0,
)


def test_a_day_in_one_currency_tells_numbers_for_plots() -> None:
    assert figures_told((EURO,)) == {
        "net revenue EUR": 8.0,
        "gross revenue EUR": 10.5,
        "returned EUR": 2.5,
        "orders": 2,
        "late lines": 1,
        "order dates": "2024-01-01 to 2024-01-02",
    }
    assert totals_told(3, Decimal("10.5000"), Decimal("8.0000"), (EURO,)) == {
        "amount_exact": "10.5000",
        "net_amount_exact": "8.0000",
    }


def test_amounts_of_several_currencies_are_never_added_up() -> None:
    told = figures_told((EURO, YEN))

    numbers = {name: value for name, value in told.items() if isinstance(value, int | float)}
    assert numbers == {"net revenue EUR": 8.0, "net revenue JPY": 900.0, "late lines": 1}
    assert told["by currency"].value.splitlines()[2:] == [
        "| EUR | 3 | 10.50 | 2.50 | 8.00 |",
        "| JPY | 1 | 900.00 | 0.00 | 900.00 |",
    ]
    assert told["ordered at (UTC)"] == "2024-01-02 09:30:00"
    assert totals_told(4, Decimal(910), Decimal(908), (EURO, YEN)) == {}
    assert totals_told(4, Decimal(910), Decimal(908), ()) == {}, "who knows in what"


def test_a_day_without_lines_has_counts_and_no_amounts() -> None:
    assert figures_told(()) == {}
    nothing = {"amount_exact": "0", "net_amount_exact": "0"}
    assert totals_told(0, Decimal(0), Decimal(0), ()) == nothing
    assert lines_told(0, 0, 0) == {"lines": 0, "accepted": 0, "rejected": 0, "rejected_percent": 0}


def test_figures_are_the_same_after_they_were_kept() -> None:
    assert load_figures(dump_figures((EURO, YEN))) == (EURO, YEN)
    assert load_figures(dump_figures(())) == () == load_figures("")
