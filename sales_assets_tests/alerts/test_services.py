"""Whether what everything leans on answers, asked of real servers."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from sales_assets.alerts.asked_services import beside, database_service, services_of
from sales_assets.alerts.problems import BESIDE, EVERYTHING, SERVICES, Change, Problem, Unknown
from sales_assets.alerts.services import Service, Services
from sales_assets.alerts.store import alert_store, outages, stoppers
from sales_assets.exchange_rates.breaker import Circuit
from sales_assets.exchange_rates.state import RateState
from sales_assets.settings import Settings
from sales_assets_tests.alerts.scene import Looked, Scene, problem, route
from sales_assets_tests.chaos.proxy import Proxy, proxy
from sales_assets_tests.s3 import REGION, answering, new_bucket
from sales_assets_tests.services import RABBITMQ, need, postgres_database
from sales_assets_tests.serving import free_port

NOW = datetime(2024, 5, 1, 12, tzinfo=UTC)


def looked(settings: Settings, key: str) -> list[Problem]:
    """What is wrong with one service of an installation."""
    known = [*services_of(settings), *beside(settings)]
    chosen = [one for one in known if one.key.startswith(key)]
    assert chosen, f"there is no service {key}"
    return problems(Services(chosen, settings.alerts_answer_seconds).look(NOW))


def problems(changes: Sequence[Change]) -> list[Problem]:
    return [change for change in changes if isinstance(change, Problem)]


def test_a_service_is_told_that_refuses_twice_and_not_one_that_refuses_once() -> None:
    asked: list[str] = []

    def once() -> None:
        asked.append("once")
        if len(asked) == 1:
            raise OSError("the connection had ended")

    def always() -> None:
        raise OSError("it is away")

    def service(key: str, ask: Any) -> Service:
        return Service(key, f"{key} does not answer", ask, "all", "start it")

    found = Services([service("once", once), service("always", always)], 10).look(NOW)
    assert asked == ["once", "once"]
    assert [(one.key, one.what, one.cause) for one in problems(found)] == [
        ("service:always", "always does not answer", "it is away")
    ]


def test_a_service_that_hangs_is_told_in_time_and_keeps_no_other_waiting() -> None:
    released = threading.Event()
    hangs = Service("hangs", "it hangs", lambda: released.wait(60), "all", "")
    answers = Service("answers", "it answers", lambda: None, "all", "")
    try:
        [found] = problems(Services([hangs, answers], 3).look(NOW))
    finally:
        released.set()
    assert (found.what, found.cause) == ("it hangs", "no answer within 3 s")


@pytest.fixture
def store(endpoint: str) -> Iterator[tuple[Proxy, dict[str, Any]]]:
    """A bucket behind a proxy, and the settings that name it."""
    host, _, port = endpoint.removeprefix("http://").partition(":")
    with proxy((host, int(port))) as before:
        yield (
            before,
            {
                "object_store": "s3",
                "s3_bucket": new_bucket(),
                "s3_region": REGION,
                "s3_endpoint_url": f"http://127.0.0.1:{before.port}",
                "alerts_answer_seconds": 60.0,
            },
        )


def test_a_bucket_that_is_away_slow_or_gone_is_told(
    store: tuple[Proxy, dict[str, Any]], tmp_path: Path
) -> None:
    before, given = store
    settings = Settings(home=tmp_path, **given)
    assert looked(settings, "object_store") == []
    before.cut()
    [cut] = looked(settings, "object_store")
    assert cut.what == f"the object store (s3://{given['s3_bucket']}) does not answer"
    before.mend()
    before.delay = 5
    hasty = settings.model_copy(update={"alerts_answer_seconds": 3.0})
    assert [one.cause for one in looked(hasty, "object_store")] == ["no answer within 3 s"]
    before.mend()
    assert looked(settings, "object_store") == []
    gone = settings.model_copy(update={"s3_bucket": "another"})
    assert "another" in looked(gone, "object_store")[0].cause


@pytest.mark.parametrize(("status", "is_well"), [(200, True), (401, True), (503, False)])
def test_a_webserver_answers_also_whom_it_does_not_know(
    status: int, is_well: bool, tmp_path: Path
) -> None:
    with answering(status) as url:
        settings = Settings(home=tmp_path, alerts_webserver_url=url)
        found = looked(settings, "webserver")
    assert [one.cause for one in found] == ([] if is_well else [f"it answers {status}"])
    assert all(not one.stops_work() for one in found)


def test_an_api_is_away_while_its_circuit_is_not_closed(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path, exchange_rates="live", exchange_rates_url="http://api/v1")
    assert looked(settings, "exchange_rate_api") == [], "nobody has called it yet"
    circuit = Circuit(
        RateState(url=settings.catalogue_address).engine, "http://api/v1", 5, 60, lease=30
    )
    circuit.leave_alone(60)
    [away] = looked(settings, "exchange_rate_api")
    assert "the circuit is open" in away.cause
    assert not away.stops_work(), "sales are loaded all the same"
    assert away.may_explain(problem("check:rates/exchange_rates:api_answers"))
    assert not away.may_explain(problem("run:shop"))


def test_a_queue_without_a_worker_is_told_and_a_broker_that_is_away_only_once(
    tmp_path: Path,
) -> None:
    need("RabbitMQ", 5672)
    given: dict[str, Any] = {"executor": "celery", "celery_broker": RABBITMQ}
    settings = Settings(
        home=tmp_path, **given, celery_queue_prefix="nobody.", alerts_answer_seconds=10
    )
    queues = looked(settings, "")
    assert [(one.what, one.cause) for one in queues] == [
        (f"no worker serves the queue {queue}", "no worker answers: its process has ended or hangs")
        for queue in ("stage", "warehouse")
    ]
    away = settings.model_copy(update={"celery_broker": closed_port(settings)})
    assert [one.what for one in looked(away, "")] == ["the message broker does not answer"]


def test_of_queues_nobody_can_say_anything_while_their_broker_is_away_or_hangs(
    tmp_path: Path,
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as hanging:
        for port, seconds in ((free_port(), 4), (hanging.getsockname()[1], 2)):
            given: dict[str, Any] = {
                "executor": "celery",
                "celery_broker": f"amqp://guest:guest@127.0.0.1:{port}//",
                "alerts_answer_seconds": seconds,
            }
            settings = Settings(home=tmp_path, **given)
            found = Services(list(services_of(settings)), seconds).look(NOW)
            assert {(type(change), change.key) for change in found} == {
                (Problem, "service:broker"),
                (Unknown, "service:workers:stage"),
                (Unknown, "service:workers:warehouse"),
            }


def test_what_nobody_can_say_neither_begins_nor_ends_an_incident(tmp_path: Path) -> None:
    scene = Scene(tmp_path, route("rest", team=None))
    workers = problem("service:workers:stage", scope="services", team=None, source=None)
    broker = problem("service:broker", scope="services", team=None, source=None)
    unknown = [Unknown(workers.key), Unknown("service:workers:warehouse")]
    scene.services.problems = [workers]
    scene.passes()
    scene.services.problems = [broker, *unknown]
    scene.passes(20, minutes=1)
    assert [title.split()[2] for title in scene.told("rest")] == [workers.key, broker.key]
    scene.services.problems = []
    scene.passes(minutes=1)
    recovered = [title for title in scene.told("rest") if "RECOVERED" in title]
    assert len(recovered) == 2


def closed_port(settings: Settings) -> Any:
    """An address of a broker at which nothing listens."""
    from pydantic import SecretStr

    assert settings.celery_broker is not None
    return SecretStr(f"amqp://guest:guest@127.0.0.1:{free_port()}//")


def test_a_database_that_is_away_is_told_and_on_one_machine_nobody_asks(tmp_path: Path) -> None:
    assert list(services_of(Settings(home=tmp_path))) == []
    with postgres_database() as address:
        service = database_service(Settings(home=tmp_path, catalogue_url=address))
        assert list(Services([service], 10).look(NOW)) == []
        alert_store(address).engine.dispose()
    [away] = problems(Services([service], 10).look(NOW))
    assert away.explains == (EVERYTHING,)
    alert_store.cache_clear()


def test_healing_knows_what_is_away_and_since_when_it_was(tmp_path: Path) -> None:
    scene = Scene(tmp_path)
    url = f"sqlite:///{tmp_path / 'catalogue.sqlite'}"
    scene.services.problems = [
        problem(
            f"service:{name}",
            scope="services",
            what=f"{name} is away",
            at=scene.now,
            explains=explains,
        )
        for name, explains in (("store", (EVERYTHING,)), ("ui", ()))
    ]
    scene.passes()
    began = scene.now.timestamp()
    scene.passes(2, minutes=4)
    assert stoppers(url, scene.now) == ["store is away"]
    assert stoppers(url, scene.now + timedelta(minutes=6)) == [], "nobody looks any more"
    [outage] = outages(url)
    assert outage.until == began + 8 * 60 + 300
    scene.services.problems = []
    scene.passes(minutes=1)
    assert stoppers(url, scene.now) == []
    [outage] = outages(url)
    assert (outage.since, outage.until) == (began - 60, began + 9 * 60 + 300)


@pytest.mark.parametrize("scope", [SERVICES, BESIDE])
def test_who_cannot_reach_a_service_says_when_it_is_back_unless_it_asks_no_more(
    tmp_path: Path, scope: str
) -> None:
    scene = Scene(tmp_path, route("rest", team=None))
    away = problem("service:store", scope=scope, asker="web", team=None, source=None)
    of_web, of_daemon = scene.another(), scene.another()
    of_web.asker, of_daemon.asker = "web", "daemon"
    of_web.sources, of_daemon.sources = [Looked([away], scope)], [Looked([], scope)]
    versions = set()
    for _ in range(20):
        of_web.one_pass()
        of_daemon.one_pass()
        scene.now += timedelta(seconds=30)
        versions.add(scene.store.read()[0].version)
    assert len(scene.told("rest")) == 1
    assert len(versions) <= 10, "what is still so is written once a minute"
    scene.now += timedelta(minutes=6)
    of_daemon.one_pass()
    assert len(scene.told("rest")) == 2


@pytest.mark.parametrize("scope", [SERVICES, BESIDE])
def test_a_pass_that_others_always_overtake_ends_what_it_alone_may(
    tmp_path: Path, scope: str
) -> None:
    scene = Scene(tmp_path, route("rest", team=None))
    away = problem("service:store", scope=scope, asker="daemon", team=None, source=None)
    of_web, of_daemon = scene.another(), scene.another()
    of_web.asker, of_daemon.asker = "web", "daemon"
    of_web.sources, of_daemon.sources = [Looked([], scope)], [Looked([away], scope)]
    of_daemon.one_pass()
    of_daemon.sources = [Looked([], scope)]
    scene.events.fails()  # so that the other one has something to write
    scene.events.meanwhile = of_web.one_pass
    scene.now += timedelta(seconds=30)
    of_daemon.one_pass()
    told = [title for title in scene.told("rest") if "service:store" in title]
    assert [title.split()[1] for title in told] == ["ERROR", "RECOVERED"]
