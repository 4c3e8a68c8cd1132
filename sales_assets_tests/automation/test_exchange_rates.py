"""The sensor on exchange rates, with a real database and a stand-in of the API."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import nullcontext
from datetime import UTC, date, datetime, timedelta, tzinfo
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Any, Self

import dagster as dg
import pytest

from sales_assets.assets.keys import EXCHANGE_RATES
from sales_assets.automation import exchange_rates
from sales_assets.automation.exchange_rates import NAME, Asked, build_exchange_rate_sensor
from sales_assets.contracts.load import load_contract
from sales_assets.exchange_rates import state as state_module
from sales_assets.exchange_rates.api import ApiUnavailableError, ExchangeRateApi
from sales_assets.exchange_rates.live import LiveRates
from sales_assets.exchange_rates.snapshot import SnapshotRates
from sales_assets.exchange_rates.state import DayState, RateState
from sales_assets.partitions import DAY, Window, daily_partitions
from sales_assets.resources.catalogue import Catalogue
from sales_assets.resources.catalogue_days import StagedCounts
from sales_assets_tests.frankfurter import faults
from sales_assets_tests.frankfurter.faults import FOR_EVER
from sales_assets_tests.frankfurter.rates import ECB_FILE
from sales_assets_tests.frankfurter.server import StandIn
from sales_assets_tests.harness import SHOP, TILL

START, END = "dagster/asset_partition_range_start", "dagster/asset_partition_range_end"
FRIDAY, SATURDAY, MONDAY = date(2024, 1, 5), date(2024, 1, 6), date(2024, 1, 8)
FIRST, REACH_BACK = date(2024, 1, 1), timedelta(days=3)
SENSOR = build_exchange_rate_sensor(("GBP", "USD"), daily_partitions(FIRST), REACH_BACK)


@pytest.fixture
def stand_in() -> Iterator[StandIn]:
    with StandIn() as serving:
        yield serving


@pytest.fixture
def state(tmp_path: Path) -> RateState:
    return RateState(url=f"sqlite:///{tmp_path / 'catalogue.sqlite'}")


@pytest.fixture
def api(stand_in: StandIn, state: RateState) -> LiveRates:
    return LiveRates(url=stand_in.url, state_url=state.url, failures_to_open=2)


def keep(state: RateState, *days: date, as_: DayState = DayState.UNPUBLISHED) -> None:
    state.keep_days(dict.fromkeys(days, as_), ["GBP", "USD"])


def stage(state: RateState, *days: date, contract: Path = SHOP, accepted: int = 3) -> None:
    counts = StagedCounts("fingerprint", accepted, 1, Decimal(5), Decimal(4))
    Catalogue(url=state.url).record_staged(load_contract(contract), dict.fromkeys(days, counts))


def tick(
    api: ExchangeRateApi,
    state: RateState,
    cursor: str | None = None,
    instance: dg.DagsterInstance | None = None,
    sensor: dg.SensorDefinition = SENSOR,
) -> dg.SensorResult | dg.SkipReason:
    resources: dict[str, Any] = {
        "exchange_rate_api": api,
        "rate_state": state,
        "catalogue": Catalogue(url=state.url),
    }
    with (
        dg.instance_for_test() if instance is None else nullcontext(instance) as used,
        dg.build_sensor_context(instance=used, cursor=cursor, resources=resources) as context,
    ):
        return sensor(context)  # type: ignore[return-value]


def requests(api: ExchangeRateApi, state: RateState) -> list[dg.RunRequest]:
    result = tick(api, state)
    assert isinstance(result, dg.SensorResult)
    return list(result.run_requests or [])


def skipped(api: ExchangeRateApi, state: RateState, *more: Any) -> str:
    result = tick(api, state, *more)
    assert isinstance(result, dg.SkipReason)
    return str(result.skip_message)


def spans(found: list[dg.RunRequest]) -> list[tuple[str, str]]:
    return [(request.tags[START], request.tags[END]) for request in found]


class _Later(datetime):
    """The clock of the sensor, some hours ahead."""

    hours = 0.0

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> Self:
        moment = datetime(2026, 11, 3, 10, 30, tzinfo=tz) + timedelta(hours=cls.hours)
        return cls.fromtimestamp(moment.timestamp(), tz)


def test_while_no_day_is_behind_the_api_is_left_alone(
    stand_in: StandIn, api: LiveRates, state: RateState
) -> None:
    assert skipped(api, state) == "no day is behind"
    keep(state, FRIDAY, SATURDAY, as_=DayState.CURRENT)
    stage(state, FRIDAY, SATURDAY)
    assert skipped(api, state) == "no day is behind"
    assert stand_in.requests == []


def test_days_that_are_behind_are_asked_for_in_the_fewest_runs(
    stand_in: StandIn, api: LiveRates, state: RateState
) -> None:
    keep(state, FRIDAY, SATURDAY, MONDAY)
    found = requests(api, state)
    assert spans(found) == [("2024-01-05", "2024-01-06"), ("2024-01-08", "2024-01-08")]
    assert all(request.asset_selection == [EXCHANGE_RATES] for request in found)
    assert [call.path for call in stand_in.requests] == ["/v1/latest"]


def test_days_that_nobody_can_have_are_left_out(
    state: RateState, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exchange_rates, "datetime", _Later)
    snapshot = SnapshotRates(path=str(ECB_FILE))
    keep(state, FIRST - REACH_BACK - DAY, date(2026, 11, 2), date(2026, 11, 4))
    stage(state, FIRST - DAY, date(2026, 11, 4))
    assert skipped(snapshot, state) == "no day is behind"
    keep(state, date(2026, 10, 31))
    assert spans(requests(snapshot, state)) == [("2026-10-31", "2026-10-31")]


def test_a_day_to_come_is_left_out_whatever_it_lacks(api: LiveRates, state: RateState) -> None:
    to_come = datetime.now(UTC).date() + timedelta(days=2)  # also if midnight is close
    state.keep_days({to_come: DayState.UNPUBLISHED}, ["USD"])
    assert skipped(api, state) == "no day is behind"


def test_an_api_that_is_away_costs_a_call_and_no_run_until_it_is_left_alone(
    stand_in: StandIn, api: LiveRates, state: RateState
) -> None:
    keep(state, FRIDAY, MONDAY)
    stand_in.inject(faults.server_error(503), times=FOR_EVER)
    for _ in range(2):
        told = skipped(api, state)
        assert told.startswith("2 days are behind and wait for the API: ")
        assert "503 Service Unavailable" in told
    stand_in.clear()
    told = skipped(api, state)
    assert "left alone after 2 failures in a row; the circuit breaker is open, tries again" in told
    assert len(stand_in.requests) == 2


def test_an_api_that_was_left_alone_is_tried_again_though_no_day_needs_it(
    stand_in: StandIn, state: RateState
) -> None:
    api = LiveRates(url=stand_in.url, state_url=state.url, failures_to_open=1, open_seconds=0.01)
    stand_in.inject(faults.server_error(503), times=2)
    with pytest.raises(ApiUnavailableError):
        api.probe()
    assert api.is_left_alone()
    told = skipped(api, state)
    assert told.startswith("no day is behind, and the API does not answer: ")
    assert skipped(api, state) == "no day is behind, and the API answers again"
    assert not api.is_left_alone()
    assert skipped(api, state) == "no day is behind"
    assert len(stand_in.requests) == 3


def test_once_it_answers_the_days_are_asked_for(
    stand_in: StandIn, api: LiveRates, state: RateState
) -> None:
    keep(state, FRIDAY)
    stand_in.inject(faults.server_error(503))
    skipped(api, state)
    assert spans(requests(api, state)) == [("2024-01-05", "2024-01-05")]


def test_days_that_runs_left_behind_are_asked_for_again_after_a_pause(
    stand_in: StandIn, api: LiveRates, state: RateState, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exchange_rates, "datetime", _Later)
    keep(state, FRIDAY)
    first = tick(api, state)
    assert isinstance(first, dg.SensorResult)
    stand_in.forget()
    told = skipped(api, state, first.cursor)
    assert told == "1 days are behind, and are asked for again at 2026-11-04 10:30 UTC"
    assert stand_in.requests == []

    monkeypatch.setattr(_Later, "hours", 24)
    assert isinstance(tick(api, state, first.cursor), dg.SensorResult)


def test_a_publication_that_does_not_come_is_asked_for_ever_less_often(
    api: LiveRates, state: RateState, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exchange_rates, "datetime", _Later)
    keep(state, date(2026, 10, 30))  # It was due at 16:00 UTC, 90.5 hours before.
    cursor, asked = None, []
    with dg.instance_for_test() as instance:
        for half_hours in range(2 * 24 * 8):
            monkeypatch.setattr(_Later, "hours", half_hours / 2 - 90.5)
            result = tick(api, state, cursor, instance)
            if isinstance(result, dg.SensorResult):
                cursor = result.cursor
                asked.append(half_hours / 2)
    assert asked[:5] == [0, 0.5, 1, 1.5, 2]
    assert len([hours for hours in asked if hours <= 24]) < 20
    assert {later - hours for hours, later in pairwise(asked) if hours >= 96} == {24}


def test_a_day_that_was_not_asked_for_does_not_wait_as_long_as_one_that_is_late(
    api: LiveRates, state: RateState, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exchange_rates, "datetime", _Later)
    keep(state, MONDAY)
    first = tick(api, state)
    assert isinstance(first, dg.SensorResult)
    monkeypatch.setattr(_Later, "hours", 0.5)
    skipped(api, state, first.cursor)
    keep(state, FRIDAY)
    assert isinstance(tick(api, state, first.cursor), dg.SensorResult)


def test_a_day_of_which_a_rate_was_let_in_does_not_wait_so_long_either(
    api: LiveRates, state: RateState, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exchange_rates, "datetime", _Later)
    keep(state, MONDAY)
    first = tick(api, state)
    assert isinstance(first, dg.SensorResult)
    keep(state, MONDAY, as_=DayState.INCOMPLETE)
    state.accept(MONDAY, "USD", Decimal(2))
    monkeypatch.setattr(_Later, "hours", 0.5)
    assert isinstance(tick(api, state, first.cursor), dg.SensorResult)


def test_the_cursor_says_when_and_which_days_and_that_of_an_earlier_version_when() -> None:
    asked = Asked(datetime(2024, 1, 9, 17, tzinfo=UTC), frozenset({FRIDAY, SATURDAY, MONDAY}))
    assert str(asked) == "2024-01-09T17:00:00+00:00 2024-01-05..2024-01-06 2024-01-08"
    assert Asked.parse(str(asked)) == asked
    assert Asked.parse(asked.at.isoformat()) == Asked(asked.at, frozenset())


def test_days_before_the_first_partition_are_asked_for_by_its_run(
    api: LiveRates, state: RateState
) -> None:
    keep(state, FIRST - REACH_BACK)
    assert spans(requests(api, state)) == [("2024-01-01", "2024-01-01")]
    keep(state, FIRST - DAY, FIRST, FIRST + DAY)
    assert spans(requests(api, state)) == [("2024-01-01", "2024-01-02")]


def test_staged_days_of_which_no_rates_are_known_are_asked_for(
    api: LiveRates, state: RateState
) -> None:
    stage(state, FRIDAY, SATURDAY)
    stage(state, SATURDAY, MONDAY, contract=TILL)
    stage(state, date(2024, 1, 9), accepted=0)
    keep(state, SATURDAY, as_=DayState.CURRENT)
    found = spans(requests(api, state))
    assert found == [("2024-01-05", "2024-01-05"), ("2024-01-08", "2024-01-08")]


@pytest.mark.parametrize("key", [dg.AssetKey("other"), EXCHANGE_RATES, None])
def test_staged_days_wait_for_runs_that_make_rates_anyway(
    api: LiveRates, state: RateState, key: dg.AssetKey | None
) -> None:
    stage(state, FRIDAY)
    selection = None if key is None else {key}
    run = dg.DagsterRun("sales", status=dg.DagsterRunStatus.STARTED, asset_selection=selection)
    with dg.instance_for_test() as instance:
        instance.add_run(run)
        waits = isinstance(tick(api, state, None, instance), dg.SkipReason)
        assert waits == (key in (EXCHANGE_RATES, None))
        instance.report_run_canceled(run)
        assert isinstance(tick(api, state, None, instance), dg.SensorResult)


def test_without_another_currency_nothing_is_asked_for(
    stand_in: StandIn, api: LiveRates, state: RateState
) -> None:
    stage(state, FRIDAY)
    euros = build_exchange_rate_sensor((), daily_partitions(FIRST), REACH_BACK)
    result = tick(api, state, sensor=euros)
    assert isinstance(result, dg.SkipReason)
    assert result.skip_message == "no day needs a rate"
    assert stand_in.requests == []


def test_before_the_first_day_nothing_is_asked_for(api: LiveRates, state: RateState) -> None:
    to_come = build_exchange_rate_sensor(("USD",), daily_partitions(date(2999, 1, 1)), REACH_BACK)
    assert isinstance(tick(api, state, sensor=to_come), dg.SkipReason)


def test_a_tick_with_nothing_behind_loads_no_known_day(
    api: LiveRates, state: RateState, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep(state, *Window(FIRST, MONDAY).days(), as_=DayState.CURRENT)
    loaded: list[object] = []
    monkeypatch.setattr(state_module, "KnownDay", lambda *values: loaded.append(values))
    assert skipped(api, state) == "no day is behind"
    assert loaded == []


def test_days_are_not_asked_for_while_a_run_for_them_is_under_way(
    api: LiveRates, state: RateState
) -> None:
    keep(state, FRIDAY)
    with dg.instance_for_test() as instance:
        tags = {"dagster/sensor_name": NAME}
        run = dg.DagsterRun("rates", status=dg.DagsterRunStatus.STARTED, tags=tags)
        instance.add_run(run)
        assert "a run that makes rates is under way" in skipped(api, state, None, instance)
        instance.report_run_canceled(run)
        assert isinstance(tick(api, state, None, instance), dg.SensorResult)
