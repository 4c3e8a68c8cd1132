"""An earlier run, played again from its objects."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from sales_assets.exchange_rates.api import Answer, ApiUnavailableError
from sales_assets.exchange_rates.collecting import Collector
from sales_assets.exchange_rates.recorded import RecordedRates
from sales_assets.exchange_rates.staged_answers import put_answer
from sales_assets.exchange_rates.state import RateState
from sales_assets.partitions import Window
from sales_assets.resources.directory_object_store import DirectoryObjectStore
from sales_assets_tests.exchange_rates.builders import asking, live, saying
from sales_assets_tests.frankfurter.server import StandIn

QUARTER = Window.of_keys("2024-01-15", "2024-03-15")
SYMBOLS = ("GBP", "USD")
AT = datetime(2024, 2, 1, 18, tzinfo=UTC)


@pytest.fixture
def recorded(store: DirectoryObjectStore) -> RecordedRates:
    return RecordedRates(folder=str(Path(store.root, "exchange_rates")))


def record(
    store: DirectoryObjectStore, rate: str, at: datetime = AT, symbols: tuple[str, ...] = SYMBOLS
) -> Answer:
    said = saying(f'{{"2024-01-02": {{"USD": {rate}}}}}')
    answer = Answer(said.url, said.body, f'"{rate}"', at, 0)
    put_answer(store, "api", asking("2024-01", *symbols), answer)
    return answer


def test_a_run_plays_again_without_the_api(
    stand_in: StandIn,
    tmp_path: Path,
    state: RateState,
    store: DirectoryObjectStore,
    recorded: RecordedRates,
) -> None:
    played = Collector(live(stand_in, tmp_path), state, store).collect(QUARTER, SYMBOLS)
    stand_in.stop()

    empty = RateState(url=f"sqlite:///{tmp_path / 'other.sqlite'}")
    elsewhere = DirectoryObjectStore(root=str(tmp_path / "elsewhere"))
    again = Collector(recorded, empty, elsewhere).collect(QUARTER, SYMBOLS)

    assert again.values == played.values
    assert len(again.values) > 50
    assert not again.failures
    assert recorded.currencies() == set(SYMBOLS)


def test_the_last_answer_counts(store: DirectoryObjectStore, recorded: RecordedRates) -> None:
    newer = record(store, "1.2", AT + timedelta(hours=1))
    record(store, "1.1")
    assert recorded.rates(asking("2024-01")) == newer
    assert recorded.rates(asking("2024-01"), newer.etag) is None
    assert recorded.rates(asking("2024-01"), '"1.1"') == newer


def test_an_answer_with_more_currencies_does_and_one_with_fewer_does_not(
    store: DirectoryObjectStore, recorded: RecordedRates
) -> None:
    record(store, "1.1")
    assert recorded.rates(asking("2024-01", "USD"))
    for other in (asking("2024-01", "CHF", "USD"), asking("2024-02", "USD")):
        with pytest.raises(ApiUnavailableError, match="holds no answer") as failed:
            recorded.rates(other)
        assert failed.value.failure == "not_recorded"


def test_what_was_out_is_what_was_out_when_it_was_recorded(
    store: DirectoryObjectStore, recorded: RecordedRates, tmp_path: Path
) -> None:
    record(store, "1.1")
    assert recorded.published_until(datetime.now(UTC)) == date(2024, 2, 1)
    assert recorded.published_until(datetime(2024, 1, 3, tzinfo=UTC)) == date(2024, 1, 2)
    nothing = RecordedRates(folder=str(tmp_path / "nothing"))
    assert nothing.published_until(AT) == date(2024, 2, 1)


@pytest.mark.parametrize("body", ['{"rates": null}', '{"rates": {"x": 1}}', '{"message": "?"}'])
def test_a_wrong_answer_among_them_has_no_currencies(
    store: DirectoryObjectStore, recorded: RecordedRates, body: str
) -> None:
    record(store, "1.1")
    put_answer(store, "api", asking("2024-01"), Answer("url", body, "", AT))
    assert recorded.currencies() == {"USD"}
