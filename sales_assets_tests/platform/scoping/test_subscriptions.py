"""Subscriptions show what a person sees, and end when their rights do."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import dagster as dg
import pytest
from dagster._core.remote_representation.grpc_server_state_subscriber import (
    LocationStateChangeEvent,
    LocationStateChangeEventType,
)
from websockets.sync.client import ClientConnection, connect

from sales_assets.platform.scoping import subscriptions
from sales_assets.platform.scoping.census import Census, Held, census_of
from sales_assets_tests.platform.scoping.conftest import Server, teams
from sales_assets_tests.platform.scoping.server import MEMBER, OUTSIDER
from sales_assets_tests.serving import until

RUN_LOGS = """subscription { pipelineRunLogs(runId: "%s") {
  __typename
  ... on PipelineRunLogsSubscriptionSuccess { messages { ... on MessageEvent { message } } }
} }"""
CAPTURED = 'subscription { capturedLogs(logKey: ["%s", "%s", "%s"]) { stdout } }'
LOCATIONS = "subscription { locationStateChangeEvents { event { message } } }"


@contextmanager
def subscribed(server: Server, person: str, query: str) -> Iterator[ClientConnection]:
    """A websocket with one subscription."""
    with connect(
        f"{server.address.replace('http', 'ws')}/graphql",
        subprotocols=["graphql-ws"],  # type: ignore[list-item]
        additional_headers={"x-person": person},
    ) as socket:
        socket.send(json.dumps({"type": "connection_init"}))
        assert json.loads(socket.recv(60))["type"] == "connection_ack"
        socket.send(json.dumps({"type": "start", "id": "1", "payload": {"query": query}}))
        yield socket


def coming(socket: ClientConnection) -> dict[str, Any]:
    """The next message."""
    message: dict[str, Any] = json.loads(socket.recv(60))
    return message


def test_the_logs_of_a_hidden_run_are_those_of_none(server: Server) -> None:
    gamma = server.history["gamma"]
    with subscribed(server, OUTSIDER, RUN_LOGS % gamma.runs[1]) as socket:
        assert "SubscriptionFailure" in json.dumps(coming(socket))
        assert coming(socket)["type"] == "complete"
    with subscribed(server, MEMBER, RUN_LOGS % gamma.runs[1]) as socket:
        assert "secret line of gamma" in json.dumps(coming(socket))
    with subscribed(server, OUTSIDER, CAPTURED % gamma.log_key) as socket:
        assert coming(socket)["payload"]["data"]["capturedLogs"] == {"stdout": None}
        assert coming(socket)["type"] == "complete"
    with subscribed(server, MEMBER, CAPTURED % gamma.log_key) as socket:
        assert "secret figure of gamma" in json.dumps(coming(socket))


def test_state_changes_of_a_hidden_code_location_are_not_told(server: Server) -> None:
    with subscribed(server, OUTSIDER, LOCATIONS) as socket:
        coming_alone(server)
        for name in ("gamma", "alpha"):
            server.context._send_state_event_to_subscribers(
                LocationStateChangeEvent(
                    LocationStateChangeEventType.LOCATION_RECONNECTED, name, f"{name} is back"
                )
            )
        assert "alpha is back" in json.dumps(coming(socket))


def coming_alone(server: Server) -> None:
    """Wait until the subscription has begun: the second subscriber is it."""
    for _ in range(6000):
        if len(server.context._state_subscribers) > 1:
            return
        server.outsider.http.get("/server_info")
    pytest.fail("the subscription has not begun")


def watched(server: Server, run: str) -> None:
    """Wait until a subscription looks for more of a run's log: what comes before is missed."""
    storage: Any = server.instance.event_log_storage
    until("the subscription to wait for more", lambda: storage._watchers[run], 60)


@pytest.mark.parametrize("silent", [True, False])
def test_a_subscription_ends_when_rights_are_taken_away(
    server: Server, monkeypatch: pytest.MonkeyPatch, silent: bool
) -> None:
    monkeypatch.setattr(subscriptions, "LOOK_AGAIN_SECONDS", 0.05 if silent else 3600.0)
    gamma = server.history["gamma"]
    whole = server.context.teams
    members = {role: people for role, people in whole.teams["gamma"].members.items() if role < 4}
    less = whole.teams["gamma"].model_copy(update={"members": members})
    try:
        with subscribed(server, MEMBER, RUN_LOGS % gamma.runs[1]) as socket:
            assert "secret line of gamma" in json.dumps(coming(socket))
            server.context.teams = whole.model_copy(
                update={"teams": {**whole.teams, "gamma": less}}
            )
            if not silent:
                watched(server, gamma.runs[1])
                run = server.instance.get_run_by_id(gamma.runs[1])
                assert run is not None
                server.instance.report_engine_event("one more secret of gamma", run)
            assert coming(socket)["type"] == "complete"
    finally:
        server.context.teams = teams()


def test_while_a_subscription_waits_for_a_look_at_the_storages_others_are_answered(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    looking, may_end = threading.Event(), threading.Event()
    look = Census._look

    def slow(self: Census, instance: dg.DagsterInstance) -> Held:
        looking.set()
        assert may_end.wait(120)
        return look(self, instance)

    monkeypatch.setattr(Census, "_look", slow)
    census_of(server.instance).forget()
    logs = RUN_LOGS % server.history["alpha"].runs[1]
    with subscribed(server, OUTSIDER, logs) as socket:
        try:
            assert looking.wait(60)
            assert server.outsider.http.get("/server_info").status_code == 200
        finally:
            may_end.set()
        assert coming(socket)["type"] == "data"


def test_every_subscription_is_watched_over() -> None:
    from dagster_graphql.schema import create_schema

    schema = create_schema()
    kind = schema.graphql_schema.subscription_type
    assert kind is not None
    before = {name: field.subscribe for name, field in kind.fields.items()}
    subscriptions.watch_over(schema)
    assert all(field.subscribe is not before[name] for name, field in kind.fields.items())
    assert set(before) == {"pipelineRunLogs", "capturedLogs", "locationStateChangeEvents"}
