"""What came in over time, from the ledger's rows."""

from datetime import date, datetime

from sales_assets.report.drawn import rejected_chart
from sales_assets.report.drops import drops_of
from sales_assets.report.periods import Step
from sales_assets.report.rows import DropRow

LOADED = datetime(2024, 5, 6, 7, 8)  # noqa: DTZ001 - as the ledger has it


def of(day: str, lines: int, refused: int, held: bool = True) -> DropRow:
    return DropRow("shop", date.fromisoformat(day), lines, lines - refused, refused, LOADED, held)


def test_days_without_a_drop_are_left_out_and_a_drop_without_lines_is_one() -> None:
    gone, blank = of("2024-01-02", 0, 0, held=False), of("2024-01-02", 0, 0)
    assert drops_of([of("2024-01-01", 3, 1), blank]).days == (date(2024, 1, 1), date(2024, 1, 2))
    drops = drops_of([of("2024-01-01", 3, 1), gone, of("2024-01-03", 5, 0)])
    assert drops.days == (date(2024, 1, 1), date(2024, 1, 3))
    assert (drops.lines, drops.accepted, drops.rejected, drops.loaded_at) == (8, 7, 1, LOADED)
    assert [(item.lines, item.rejected) for item in drops.periods] == [(3, 1), (0, 0), (5, 0)]


def test_long_histories_are_shown_by_month() -> None:
    drops = drops_of([of("2024-01-01", 3, 1), of("2024-01-09", 3, 1), of("2024-12-31", 5, 0)])
    assert drops.step is Step.MONTH
    assert [item.rejected for item in drops.periods] == [2, *[0] * 11]


def test_a_source_without_rows_has_nothing() -> None:
    drops = drops_of([])
    assert (drops.days, drops.periods, drops.loaded_at) == ((), (), None)


def test_rejected_lines_are_drawn_if_there_are_any() -> None:
    assert (
        rejected_chart("shop", drops_of([of("2024-01-01", 3, 0), of("2024-01-02", 3, 0)])) is None
    )
    chart = rejected_chart("shop", drops_of([of("2024-01-01", 3, 0), of("2024-01-02", 5, 2)]))
    assert chart is not None
    assert "Most: 2 January 2024 with 2 of 5 lines." in chart.description
    assert "<title>2 January 2024: 2 of 5 lines</title>" in chart.plot
