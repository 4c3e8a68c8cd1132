"""Answers of the API as they are kept in the object store.

Belongs here: their keys and their form. Does not: moving bytes (`resources.object_store`), or
which answer is the last (`state`). An object is never changed: another answer is another object.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from sales_assets.errors import PermanentError
from sales_assets.exchange_rates.api import Answer, RatesRequest
from sales_assets.partitions import Window
from sales_assets.resources.object_store import ObjectStore

FOLDER = "exchange_rates"


@dataclass(frozen=True)
class StagedAnswer:
    """A request and what came of it."""

    request: RatesRequest
    answer: Answer


def put_answer(store: ObjectStore, provider: str, request: RatesRequest, answer: Answer) -> str:
    """Keep an answer to the letter, with its ETag, its time and its request; gives its key."""
    digest = hashlib.sha256(answer.body.encode()).hexdigest()
    key = (
        f"{FOLDER}/{re.sub(r'[^A-Za-z0-9.]+', '-', provider)}/{request.month.start:%Y-%m}/"
        f"{answer.fetched_at:%Y%m%dT%H%M%S.%fZ}-{digest[:16]}.json"
    )
    envelope = {
        "provider": provider,
        "request": {
            "url": answer.url,
            "start": request.month.start.isoformat(),
            "end": request.month.end.isoformat(),
            "days_before": request.days_before,
            "symbols": list(request.symbols),
        },
        "fetched_at": answer.fetched_at.isoformat(),
        "etag": answer.etag,
        "max_age": answer.max_age,
        "body_sha256": digest,
        "body": answer.body,
    }
    with TemporaryDirectory(prefix="sales-assets-") as folder:
        file = Path(folder, "answer.json")
        file.write_text(json.dumps(envelope, indent=1), encoding="utf-8")
        store.put([(file, key)])
    return key


def get_answer(store: ObjectStore, key: str) -> StagedAnswer | None:
    """A kept answer; None if it is not there any more, or is damaged: it can be had again."""
    try:
        with store.local([key]) as [path]:
            return read_answer(path)
    except (KeyError, PermanentError, TypeError, ValueError):
        return None


def read_answer(path: Path) -> StagedAnswer:
    """The answer in a file that `put_answer` wrote."""
    envelope = json.loads(path.read_text(encoding="utf-8"))
    asked = envelope["request"]
    month = Window(date.fromisoformat(asked["start"]), date.fromisoformat(asked["end"]))
    return StagedAnswer(
        RatesRequest(month, tuple(asked["symbols"]), asked["days_before"]),
        Answer(
            url=asked["url"],
            body=envelope["body"],
            etag=envelope["etag"],
            fetched_at=datetime.fromisoformat(envelope["fetched_at"]),
            max_age=envelope["max_age"],
        ),
    )
