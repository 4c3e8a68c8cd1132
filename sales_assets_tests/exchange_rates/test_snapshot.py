"""The bank's file answers as the API would, and says where it ends."""

from __future__ import annotations

import os
import zipfile
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from sales_assets.exchange_rates.answers import Values, read_rates
from sales_assets.exchange_rates.api import (
    ApiRefusedError,
    ApiUnavailableError,
    ExchangeRateApi,
    RatesRequest,
)
from sales_assets.exchange_rates.live import LiveRates
from sales_assets.exchange_rates.snapshot import SnapshotRates
from sales_assets.partitions import Window
from sales_assets_tests.exchange_rates.builders import LAST, asking, live, months, symbols
from sales_assets_tests.frankfurter.rates import ECB_FILE
from sales_assets_tests.frankfurter.server import StandIn

SNAPSHOT = SnapshotRates(path=str(ECB_FILE))
SMALL = "Date,USD,GBP,\n2024-01-03,1.1,N/A,\n2024-01-02,1.0956,0.9,\n"


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveRates]:
    with StandIn() as serving:
        yield live(serving, tmp_path_factory.mktemp("network"))


def said(api: ExchangeRateApi, request: RatesRequest) -> Values | None:
    """What an API says of a month; None if it refuses."""
    try:
        answer = api.rates(request)
    except ApiRefusedError:
        return None
    assert answer is not None
    return read_rates(request, answer)


def written(path: Path, text: str = SMALL) -> SnapshotRates:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("eurofxref-hist.csv", text)
    return SnapshotRates(path=str(path))


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(month=months(), codes=symbols())
@example(month=asking("1999-01").month, codes=("USD",))
@example(month=asking("2005-07").month, codes=("ROL",))
@example(month=asking("2026-01").month, codes=("BGN",))
@example(month=asking("2008-12").month, codes=("ISK", "SKK"))
@example(month=asking("2001-02").month, codes=("INR",))
def test_the_file_says_what_the_api_says(
    network: LiveRates, month: Window, codes: tuple[str, ...]
) -> None:
    request = RatesRequest(month, codes)
    assert said(SNAPSHOT, request) == said(network, request)


def test_beyond_the_end_there_is_the_last_publication_and_then_nothing() -> None:
    assert set(said(SNAPSHOT, asking("2026-11")) or {}) == {LAST}
    with pytest.raises(ApiUnavailableError, match=f"ends with {LAST}; get a newer") as failed:
        SNAPSHOT.rates(asking("2026-12"))
    assert failed.value.failure == "unpublished"


def test_a_month_without_the_currencies_is_refused_and_told() -> None:
    with pytest.raises(ApiRefusedError, match=r"no rates of INR in 2001-02-01\.\.2001-02-28"):
        SNAPSHOT.rates(asking("2001-02", "INR"))


def test_an_answer_that_is_known_is_not_given_again() -> None:
    answer = SNAPSHOT.rates(asking("2024-01"))
    assert answer is not None
    assert SNAPSHOT.rates(asking("2024-01"), answer.etag) is None
    assert SNAPSHOT.rates(asking("2024-01", "USD"), answer.etag) is not None


def test_publications_are_out_up_to_the_last_of_the_file() -> None:
    assert SNAPSHOT.published_until(datetime(2026, 12, 1, tzinfo=UTC)) == LAST
    assert SNAPSHOT.published_until(datetime(2024, 1, 2, tzinfo=UTC)) == date(2024, 1, 2)


def test_a_file_that_was_replaced_is_read_again(tmp_path: Path) -> None:
    api = written(tmp_path / "rates.zip")
    old = api.rates(asking("2024-01"))
    assert api.published_until(datetime.now(UTC)) == date(2024, 1, 3)
    written(
        tmp_path / "rates.zip",
        SMALL.replace("Date,USD,GBP,\n", "Date,USD,GBP,\n2024-01-04,1.2,0.8,\n"),
    )
    assert api.published_until(datetime.now(UTC)) == date(2024, 1, 4)
    assert old is not None
    assert api.rates(asking("2024-01"), old.etag) is not None


def test_currencies_are_those_with_a_rate_on_any_day(tmp_path: Path) -> None:
    assert written(tmp_path / "rates.zip").currencies() == {"GBP", "USD"}


@pytest.mark.parametrize(
    "text", ["", "Date,USD,\n", "x\n\n", "Date,USD,\n2024-13-01,1,\n", "a,b\n1\n"]
)
def test_a_file_of_something_else_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(ApiRefusedError, match=r"get eurofxref-hist\.zip from the ECB"):
        written(tmp_path / "rates.zip", text).rates(asking("2024-01"))


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ApiRefusedError, match="SALES_ASSETS_EXCHANGE_RATES_SNAPSHOT"):
        SnapshotRates(path=str(tmp_path / "none.zip")).rates(asking("2024-01"))


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_a_damaged_file_is_read_or_refused(tmp_path: Path, data: st.DataObject) -> None:
    path = tmp_path / "rates.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("eurofxref-hist.csv", SMALL * 20)
    content = bytearray(path.read_bytes())
    place = data.draw(st.integers(0, len(content) - 1))
    content[place] = data.draw(st.integers(0, 255))
    path.write_bytes(content[: data.draw(st.sampled_from([place + 1, None]))])
    os.utime(path, ns=(data.draw(st.integers(0, 2**40)),) * 2)
    try:
        SnapshotRates(path=str(path)).currencies()
    except ApiRefusedError:
        return
