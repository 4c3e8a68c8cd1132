"""What bringing the ledger up to date leaves, and how often it asks the account."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pytest

from sales_assets.costs import closing
from sales_assets.costs.amounts import Amounts
from sales_assets.costs.closing import bring_up_to_date
from sales_assets.costs.credits import NO_RIGHT
from sales_assets.costs.ledger import Credit, Ledger
from sales_assets.errors import PermanentError
from sales_assets.partitions import DAY, Window
from sales_assets.resources.duckdb_warehouse import DuckDBWarehouse
from sales_assets.settings import Settings
from sales_assets_tests.costs.rows import NOON, Did, write
from sales_assets_tests.setup.script import NEEDED

TODAY = NOON.date()


@pytest.mark.parametrize(("keep", "kept"), [(0, 3), (5, 5)])
def test_rows_of_the_last_days_stay_however_few_are_kept(
    keep: int, kept: int, tmp_path: Path
) -> None:
    settings = Settings(home=tmp_path, keep_runs_days=keep)
    days = range(-6, 1)
    did = [Did("one", Amounts(cpu=1), run_id=f"r{day}", days=day) for day in days]
    write(Ledger(settings.catalogue_address), did)
    warehouse = DuckDBWarehouse(path=str(tmp_path / "warehouse.duckdb"))
    books = bring_up_to_date(settings, warehouse, Window(TODAY, TODAY + DAY), NOON)
    found = books.entries(Window(TODAY - 6 * DAY, TODAY + DAY))
    assert sum(bool(entry.run_id) for entry in found) == kept + 1
    assert sum(entry.amounts.cpu for entry in found) == len(days)


class Account:
    """An account that says 1 of each span, and how often it was asked."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.asked: list[datetime] = []
        self.refuses = False
        self._settings = Settings(home=folder, **NEEDED)
        self._warehouse = DuckDBWarehouse(path=str(folder / "warehouse.duckdb"))
        monkeypatch.setattr(closing, "read_credits", self._read)

    def _read(self, _: object, since: datetime, *__: object) -> list[Credit]:
        self.asked.append(since)
        if self.refuses:
            raise PermanentError("no")
        return [Credit(since, 1)]

    def close(self, now: datetime, first: int = -1, days: int = 2) -> closing.Books:
        start = now.date() + first * DAY
        window = Window(start, start + days * DAY)
        return bring_up_to_date(self._settings, self._warehouse, window, now)


@pytest.fixture
def account(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Account:
    return Account(tmp_path, monkeypatch)


def test_an_hourly_run_wakes_the_paid_warehouse_four_times_a_day(account: Account) -> None:
    for hour in range(24):
        books = account.close(NOON.replace(hour=0) + timedelta(hours=hour))
        assert sum(one.amounts.credits for one in books.entries(Window(TODAY - 3 * DAY, TODAY)))
    assert len(account.asked) == 4


def test_days_that_are_over_and_earlier_ones_than_before_are_asked_for_at_once(
    account: Account,
) -> None:
    account.close(NOON)
    for asked in (2, 3):
        account.close(NOON, first=-20, days=3)
        assert len(account.asked) == asked
    account.close(NOON, first=-9, days=10)
    assert len(account.asked) == 4
    account.close(NOON)
    assert len(account.asked) == 4


def test_an_account_that_refuses_is_asked_again(account: Account) -> None:
    account.refuses = True
    for _ in range(2):
        assert NO_RIGHT in account.close(NOON).trouble
    assert len(account.asked) == 2
