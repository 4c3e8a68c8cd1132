"""What the webserver does over a websocket, and what it does not."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
import websockets
from websockets.typing import Subprotocol

from sales_assets_tests.platform.team_server import HEADER, ROOT, TeamServer

pytestmark = pytest.mark.long
PAUSE = "mutation { setAutoMaterializePaused(paused: true) }"
QUERY = "{ version }"
LOGS = """subscription S($id: ID!) { pipelineRunLogs(runId: $id) {
    ... on PipelineRunLogsSubscriptionSuccess { run { runId } }
    ... on PipelineRunLogsSubscriptionFailure { message } } }"""


def _spoken(server: TeamServer, *messages: object, user: str = ROOT) -> list[dict[str, Any]]:
    """The first answer to each message, until the server ends it."""

    async def talk() -> list[dict[str, Any]]:
        answers = []
        async with websockets.connect(
            server.url.replace("http", "ws", 1) + "/graphql",
            subprotocols=[Subprotocol("graphql-ws")],
            additional_headers={HEADER: user} if user else {},
            open_timeout=30,
        ) as socket:
            for message in messages:
                await socket.send(
                    message if isinstance(message, str | bytes) else json.dumps(message)
                )
                try:
                    answers.append(json.loads(await asyncio.wait_for(socket.recv(), 30)))
                except websockets.ConnectionClosed as closed:
                    answers.append(
                        {"type": "closed", "code": closed.rcvd.code if closed.rcvd else 0}
                    )
                    break
        return answers

    return asyncio.run(talk())


def _start(query: str, number: str = "1", **variables: Any) -> dict[str, Any]:
    return {"type": "start", "id": number, "payload": {"query": query, "variables": variables}}


def test_subscriptions_go_over_a_websocket_and_nothing_else(server: TeamServer) -> None:
    run_id = server.place("alpha").run()
    answers = _spoken(
        server,
        {"type": "connection_init"},
        _start(PAUSE, "1"),
        _start(QUERY, "2"),
        _start("subscription {", "3"),
        _start(LOGS, "4"),
        _start(LOGS, "5", id=run_id),
    )
    assert [one["type"] for one in answers] == ["connection_ack", *["error"] * 4, "data"]
    assert answers[-1]["payload"]["data"]["pipelineRunLogs"]["run"]["runId"] == run_id


@pytest.mark.parametrize(
    "message",
    ["", "{", "[]", "7", b"\x00\xff", '{"type": 7}', '{"id": "1"}', '{"type": "start", "id": {}}'],
    ids=repr,
)
def test_a_message_that_is_wrong_ends_its_connection_alone(
    server: TeamServer, message: str | bytes
) -> None:
    assert _spoken(server, message)[0]["type"] == "connection_error"
    assert server.ask(ROOT, QUERY)["data"]["version"]


@pytest.mark.parametrize("payload", [None, [], {"query": 7}, {"query": LOGS, "variables": []}])
def test_a_subscription_that_is_wrong_is_answered_so(server: TeamServer, payload: object) -> None:
    start = {"type": "start", "id": "1", "payload": payload}
    answers = _spoken(server, start, {"type": "connection_init"})
    assert [one["type"] for one in answers] == ["error", "connection_ack"]


def test_nobody_gets_no_websocket(server: TeamServer) -> None:
    with pytest.raises(websockets.InvalidStatus) as refused:
        _spoken(server, {"type": "connection_init"}, user="")
    assert refused.value.response.status_code == 403


def test_a_connection_has_not_too_many_subscriptions(
    server: TeamServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sales_assets.platform.websocket.AT_A_TIME", 1)
    run_id = server.place("alpha").run()
    answers = _spoken(server, _start(LOGS, "1", id=run_id), _start(LOGS, "2", id=run_id))
    assert "subscriptions" in answers[-1]["payload"]["message"]
