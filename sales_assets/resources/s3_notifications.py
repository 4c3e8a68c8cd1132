"""Messages about objects in S3, as they arrive in a queue.

Belongs here: which objects a message names, in each of the envelopes that AWS puts them into.
Does not: the queue (`sqs_landing_events`). What happened to an object is not read: messages come
twice and in any order, so the object itself is looked at.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple
from urllib.parse import unquote_plus


class Named(NamedTuple):
    """An object that a message names."""

    bucket: str
    key: str


def named_objects(text: str) -> list[Named]:
    """The objects that a message names; none in the test message that S3 sends at first.

    Raises ValueError for a message that is none of S3's.
    """
    try:
        found = list(_named(json.loads(text)))
        if not all(isinstance(part, str) and part for named in found for part in named):
            raise TypeError("an object or a bucket has no name")
    except (KeyError, TypeError, AttributeError, RecursionError, ValueError) as error:
        raise ValueError(f"{type(error).__name__}: {error}") from error
    return found


def _named(message: Mapping[str, Any]) -> Iterator[Named]:
    if message.get("Type") == "Notification" and "TopicArn" in message:  # through SNS
        yield from _named(json.loads(message["Message"]))
    elif message.get("Event") == "s3:TestEvent":
        return
    elif message.get("source") == "aws.s3":  # through EventBridge, which leaves keys as they are
        detail = message["detail"]
        yield Named(detail["bucket"]["name"], detail["object"]["key"])
    else:
        for record in message["Records"]:
            of = record["s3"]
            yield Named(of["bucket"]["name"], unquote_plus(of["object"]["key"], errors="strict"))
