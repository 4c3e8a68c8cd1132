"""The routes beside GraphQL: what is hidden is answered as what does not exist."""

from __future__ import annotations

import asyncio
import gzip
import socket
from pathlib import Path
from urllib.parse import urlsplit

import dagster as dg
import pytest

from sales_assets.platform.scoping import census
from sales_assets.platform.scoping.census import Census, Held
from sales_assets_tests.platform.scoping.conftest import Server
from sales_assets_tests.platform.scoping.server import ADMIN, OUTSIDER, Client
from sales_assets_tests.platform.scoping.world import BACKFILL_LOG

MISSING = "00000000-0000-4000-8000-000000000002"


def get(client: Client, path: str) -> tuple[int, bytes, str]:
    """Status, body and type of an answer."""
    answer = client.http.get(path)
    return answer.status_code, answer.content, answer.headers["content-type"]


def test_logs_are_downloaded_by_who_sees_what_printed_them(server: Server) -> None:
    alpha, gamma = ("/".join(server.history[team].log_key) for team in ("alpha", "gamma"))
    assert b"figure of alpha" in get(server.outsider, f"/logs/{alpha}/out")[1]
    assert b"figure of gamma" in get(server.member, f"/logs/{gamma}/out")[1]
    for extension in ("out", "err"):
        hidden = get(server.outsider, f"/logs/{gamma}/{extension}")
        assert hidden == get(server.outsider, f"/logs/{MISSING}/compute_logs/aaaa/{extension}")
        assert hidden[0] == 404
    missing = get(server.outsider, f"/logs/{MISSING}/compute_logs/aaaa/err")
    for team in ("alpha", "gamma"):
        history = server.history[team]
        tick, backfill = "/".join(history.tick_log_key), f"backfill/{history.backfill}"
        for key, line in (
            (tick, f"the tick of {team}"),
            (f"{backfill}/{BACKFILL_LOG}", f"the backfill of {team}"),
        ):
            assert get(server.member, f"/logs/{key}/err")[:2] == (200, f"{line}\n".encode())
            answer = get(server.outsider, f"/logs/{key}/err")
            assert answer[0] == (404 if team == "gamma" else 200), key
            assert (answer == missing) is (team == "gamma"), key


def raw(server: Server, path: str, person: str) -> bytes:
    """The answer to a path that no client has tidied."""
    where = urlsplit(server.address)
    assert where.port is not None
    with socket.create_connection((where.hostname, where.port), timeout=30) as connection:
        connection.sendall(
            f"GET {path} HTTP/1.1\r\nHost: x\r\nX-Person: {person}\r\n"
            "Connection: close\r\n\r\n".encode()
        )
        return b"".join(iter(lambda: connection.recv(65536), b""))


@pytest.mark.parametrize("person", [OUTSIDER, ADMIN])
def test_no_trick_with_a_path_leads_to_another_file(server: Server, person: str) -> None:
    alpha = server.history["alpha"]
    own, (run, folder, name) = "/".join(alpha.log_key), alpha.log_key
    other = "/".join(server.history["gamma"].log_key)
    for path in (
        f"{run}/../{other}/out",
        f"{run}/%2e%2e/{other}/out",
        f"{run}/..%2f{other.replace('/', '%2f')}/out",
        f"{run}%2f..%2f{other.replace('/', '%2f')}/out",
        f"//{own}/out",
        f"/{own}/out",
        f"{run}//{folder}/{name}/out",
        f"{run}/./{folder}/{name}/out",
        f"{own}%00/out",
        f"{own}/out%00",
        f"{own}/complete",
        f"{own}/../../../../dagster.yaml",
        f"{own}.out/",
        f"{run}\\..\\{other}/out",
        "/etc/passwd/out",
        "",
    ):
        answer = raw(server, f"/logs/{path}", person)
        assert answer.startswith(b"HTTP/1.1 404"), (path, answer[:200])
        assert b"figure" not in answer


def test_no_link_among_the_logs_is_followed(server: Server) -> None:
    alpha, gamma = server.history["alpha"].log_key, server.history["gamma"].log_key
    storage = Path(server.instance.root_directory) / "storage"
    (storage / alpha[0] / "link").symlink_to(storage / gamma[0])
    (storage / alpha[0] / "file.out").symlink_to(storage.joinpath(*gamma[:2], f"{gamma[2]}.out"))
    (storage / alpha[0] / "home.out").symlink_to(storage.parent / "dagster.yaml")
    for path in (f"{alpha[0]}/link/{gamma[1]}/{gamma[2]}/out", f"{alpha[0]}/file/out"):
        assert get(server.outsider, f"/logs/{path}")[0] == 404
    assert get(server.outsider, f"/logs/{alpha[0]}/home/out")[0] == 404


def test_a_debug_file_is_downloaded_by_who_sees_the_run(server: Server) -> None:
    alpha, gamma = server.history["alpha"].runs[1], server.history["gamma"].runs[1]
    status, body, _ = get(server.outsider, f"/download_debug/{alpha}")
    assert status == 200
    assert b"secret line of alpha" in gzip.decompress(body)
    hidden = get(server.outsider, f"/download_debug/{gamma}")
    assert hidden == get(server.outsider, f"/download_debug/{MISSING}")
    assert hidden[0] == 404
    assert get(server.member, f"/download_debug/{gamma}")[0] == 200
    for path in ("..", "%2e%2e", f"{alpha}%00", "%00"):
        assert raw(server, f"/download_debug/{path}", OUTSIDER).startswith(b"HTTP/1.1 404"), path
    page = raw(server, f"/download_debug/{alpha}%2f..%2f{gamma}", OUTSIDER)
    assert b"application/gzip" not in page


def test_a_notebook_is_one_that_an_asset_of_a_seen_code_location_names(server: Server) -> None:
    def ask(client: Client, place: str, path: str) -> tuple[int, bytes, str]:
        return get(client, f"/notebook?repoLocName={place}&path={path}")

    assert ask(server.outsider, "alpha", "/notebooks/alpha.ipynb")[0] == 200
    hidden = ask(server.outsider, "gamma", "/notebooks/gamma.ipynb")
    for place, path in (
        ("nowhere", "/notebooks/x.ipynb"),
        ("alpha", "/notebooks/gamma.ipynb"),
        ("alpha", "/notebooks/../notebooks/alpha.ipynb"),
        ("alpha", "/etc/passwd"),
    ):
        assert ask(server.outsider, place, path) == hidden
    assert hidden[0] == 404
    assert get(server.outsider, "/notebook")[0] == 404
    assert ask(server.member, "gamma", "/notebooks/gamma.ipynb")[0] == 200


@pytest.mark.parametrize(
    "route", ["report_asset_materialization", "report_asset_check", "report_asset_observation"]
)
def test_a_report_on_a_hidden_asset_is_answered_as_on_a_missing_one(
    server: Server, route: str
) -> None:
    answers = [
        client.http.post(f"/{route}/{key}/orders", json={"check_name": "x", "passed": True})
        for client, key in ((server.outsider, "gamma"), (server.outsider, "omega"))
    ]
    assert answers[0].status_code == answers[1].status_code == 401
    assert answers[0].content == answers[1].content


def test_no_look_at_the_storages_is_taken_where_everybody_waits_for_it(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks: list[bool] = []
    look = Census._look

    def noted(self: Census, instance: dg.DagsterInstance) -> Held:
        looks.append(asyncio._get_running_loop() is None)
        return look(self, instance)

    monkeypatch.setattr(Census, "_look", noted)
    monkeypatch.setattr(census, "FRESH_SECONDS", -1.0)
    history, outsider = server.history["alpha"], server.outsider.http
    for path, body in (
        (f"/logs/{'/'.join(history.log_key)}/out", None),
        (f"/download_debug/{history.runs[1]}", None),
        ("/notebook?repoLocName=alpha&path=/notebooks/alpha.ipynb", None),
        ("/runs", None),
        ("/graphql", {"query": "{ version }"}),
        ("/report_asset_materialization/alpha/orders", {}),
        ("/report_asset_check/alpha/orders", {"check_name": "x", "passed": True}),
        ("/report_asset_observation/alpha/orders", {}),
    ):
        looks.clear()
        answer = outsider.get(path) if body is None else outsider.post(path, json=body)
        assert answer.status_code in {200, 401}, path
        assert set(looks) == {True}, path
