"""What teams cost: the same queries of Dagster's UI to its own webserver and to that for teams.

Run with `python -m benchmarks.roles`. All answer in this process, in turns; what is told are CPU
seconds of this process, and their ratio of the same round. The webserver for teams has all its
parts: sign-in by a session's cookie or a bearer token, audit log, roles, hiding. PostgreSQL's own
work is not counted; SQLite's is, since it is done in this process.

Answers are the same on both sides: who does not see a team is measured against an installation
that does not have it. The queries in `ui_queries` are the UI's own; `run_logs` asks at once what
the UI subscribes to.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import math
import statistics
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from benchmarks.roles_world import ADMIN, ASSETS, MEMBER, SEEN, Served, applications, run_id
from sales_assets.platform import documents

QUERIES = Path(__file__).parent / "ui_queries"
KINDS = ("SQLite", "PostgreSQL")
PLAIN, WITHOUT = "plain", "plain without gamma"
_LEAST_SECONDS = 0.1
"""What is asked in a round takes this much together, so that the clock's steps do not count."""


@dataclass(frozen=True)
class Case:
    """Somebody who asks, and the server with the same answers that they are measured against."""

    name: str
    served: str
    person: str
    against: str
    has_cookie: bool = True


CASES = (
    Case("nothing hidden, session", "open", MEMBER, PLAIN),
    Case("nothing hidden, token", "open", MEMBER, PLAIN, has_cookie=False),
    Case("administrator, session", "private", ADMIN, PLAIN),
    Case("a third hidden, session", "private", MEMBER, WITHOUT),
)


@dataclass(frozen=True)
class Asker:
    """A client of an application."""

    app: Any
    headers: dict[str, str]

    async def seconds(self, body: dict[str, Any], times: int) -> tuple[float, int]:
        """CPU seconds of this process for one answer, and its bytes."""
        transport = httpx.ASGITransport(app=self.app)
        async with httpx.AsyncClient(
            transport=transport, base_url="http://127.0.0.1", headers=self.headers
        ) as client:
            start = time.process_time()
            answers = [await client.post("/graphql", json=body, timeout=120) for _ in range(times)]
            taken = (time.process_time() - start) / times
        for answer in answers:
            if answer.status_code != httpx.codes.OK or "errors" in answer.json():
                raise RuntimeError(answer.text)
        return taken, len(answers[0].content)


async def _asker(served: Served, person: str, has_cookie: bool) -> Asker:
    if not has_cookie:
        return Asker(served.app, {"Authorization": f"Bearer {served.tokens[person]}"})
    transport = httpx.ASGITransport(app=served.app)
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
        answer = await client.post(
            "/sign-in",
            data={"token": served.tokens[person]},
            headers={"Origin": "http://127.0.0.1", "Sec-Fetch-Site": "same-origin"},
        )
        if answer.status_code != httpx.codes.SEE_OTHER:
            raise RuntimeError(answer.text)
        cookie = "; ".join(f"{name}={value}" for name, value in client.cookies.items())
    headers = {"Origin": "http://127.0.0.1", "Sec-Fetch-Site": "same-origin"}
    return Asker(served.app, {**headers, "Cookie": cookie})


def variables() -> dict[str, dict[str, Any]]:
    """Of each query."""
    keys = [{"path": [team, f"a{number}"]} for team in SEEN for number in range(ASSETS)]
    return {
        "runs_feed": {"limit": 30, "filter": {}, "view": "ROOTS"},
        "run": {"runId": run_id("alpha", 0)},
        "run_logs": {"runId": run_id("alpha", 0), "limit": 1000},
        "asset_graph": {"assetKeys": keys[:ASSETS]},
        "asset_health": {"assetKeys": keys[:ASSETS]},
        "asset_keys": {"limit": ASSETS},
        "latest_info": {"assetKeys": keys},
        "workspace": {"name": "alpha"},
        "workspace_assets": {"name": "alpha"},
    }


async def _measure(served: dict[str, Served], rounds: int, chosen: Sequence[str]) -> None:
    askers = {name: Asker(served[name].app, {}) for name in (PLAIN, WITHOUT)}
    for case in CASES:
        askers[case.name] = await _asker(served[case.served], case.person, case.has_cookie)
    sums: dict[str, list[list[float]]] = {name: [] for name in askers}
    print(f"| query | plain, ms | {' | '.join(case.name for case in CASES)} |")
    print(f"| --- | ---: |{' ---: |' * len(CASES)}")
    for query in chosen:
        body = {
            "query": (QUERIES / f"{query}.graphql").read_text(),
            "variables": variables()[query],
        }
        sizes: dict[str, int] = {}
        for name, asker in askers.items():
            await asker.seconds(body, 1)
            once, sizes[name] = await asker.seconds(body, 1)
        gc.collect()
        gc.freeze()
        times = max(1, math.ceil(_LEAST_SECONDS / once))
        taken: dict[str, list[float]] = {name: [] for name in askers}
        for turn in range(rounds):
            for name, asker in list(askers.items())[:: 1 if turn % 2 else -1]:
                taken[name].append((await asker.seconds(body, times))[0])
        for name, seconds in taken.items():
            sums[name].append(seconds)
        print(_row(query, taken, sizes), flush=True)
    together = {
        name: [sum(of_round) for of_round in zip(*seconds, strict=True)]
        for name, seconds in sums.items()
    }
    print(_row("together", together, None), flush=True)


def _row(query: str, taken: dict[str, list[float]], sizes: dict[str, int] | None) -> str:
    cells = [f"{statistics.median(taken[PLAIN]) * 1000:.1f}"]
    for case in CASES:
        pairs = zip(taken[case.name], taken[case.against], strict=True)
        ratios = [one / other for one, other in pairs]
        cell = f"{statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})"
        if sizes is not None and abs(sizes[case.name] / sizes[case.against] - 1) > 0.01:
            cell += f", bytes {sizes[case.name]} for {sizes[case.against]}"
        cells.append(cell)
    return f"| {query} | {' | '.join(cells)} |"


def main() -> None:
    """Print a table for each database."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--databases", nargs="+", choices=KINDS, default=KINDS)
    parser.add_argument("--queries", nargs="+", choices=list(variables()))
    parser.add_argument(
        "--first-time",
        action="store_true",
        help="As if each document were asked for the first time.",
    )
    given = parser.parse_args()
    if given.first_time:
        documents.KEPT_TEXT = 0
    for kind in given.databases:
        with tempfile.TemporaryDirectory() as folder, applications(kind, Path(folder)) as served:
            print(f"\n{kind}\n")
            asyncio.run(_measure(served, given.rounds, given.queries or list(variables())))


if __name__ == "__main__":
    main()
