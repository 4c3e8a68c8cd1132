"""Events of a landing zone on S3 by a queue, SQS.

Belongs here: receiving, forgetting and giving back messages. Does not: what is in them
(`s3_notifications`), or making a client (`s3`).
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from typing import Any

from sales_assets.errors import SalesAssetsError
from sales_assets.resources.in_bucket import root_of
from sales_assets.resources.landing_events import Events, LandingEvents
from sales_assets.resources.s3_errors import Told
from sales_assets.resources.s3_notifications import named_objects

_log = logging.getLogger("sales_assets.landing")

IN_ONE_REQUEST = 10
"""The most messages that SQS gives or takes at once."""
HIDDEN_SECONDS = 900
"""How long nobody else gets a message; after that it comes again, as after a kill."""
SHOWN = 200
"""Characters of a message that a problem shows."""


class SqsLandingEvents(LandingEvents):
    """Messages of S3, EventBridge or SNS about a bucket, below a prefix.

    At most `most` of them are received at a time. Raises TransientError and PermanentError as
    `s3_errors` has it.
    """

    queue_url: str
    bucket: str
    prefix: str = ""
    region: str | None = None
    endpoint_url: str | None = None
    timeout: float = 30.0
    attempts: int = 5
    wait_seconds: int = 1
    most: int = 1000

    @cached_property
    def _told(self) -> Told:
        return Told(self.queue_url, "SALES_ASSETS_LANDING_QUEUE_URL", self.endpoint_url)

    @cached_property
    def _client(self) -> Any:
        from sales_assets.resources.s3 import sqs_client

        with self._told.errors():
            return sqs_client(self.region, self.endpoint_url, self.timeout, self.attempts)

    @contextmanager
    def received(self) -> Iterator[Events | None]:
        """The events that are waiting; their messages are deleted when the block ends well."""
        messages: list[dict[str, Any]] = []
        try:
            self._receive(messages)
            yield self._events(messages)
        except BaseException:
            self._give_back(messages)
            raise
        self._delete(messages)

    def waiting(self) -> int:
        """About how many messages nobody has received yet."""
        name = "ApproximateNumberOfMessages"
        with self._told.errors():
            answer = self._client.get_queue_attributes(
                QueueUrl=self.queue_url, AttributeNames=[name]
            )
        return int(answer["Attributes"][name])

    def _receive(self, messages: list[dict[str, Any]]) -> None:
        while len(messages) < self.most:
            with self._told.errors():
                # Waiting for a second has all of the queue's servers asked, not some of them.
                answer = self._client.receive_message(
                    QueueUrl=self.queue_url,
                    MaxNumberOfMessages=IN_ONE_REQUEST,
                    VisibilityTimeout=HIDDEN_SECONDS,
                    WaitTimeSeconds=self.wait_seconds,
                )
            if not answer.get("Messages"):
                return
            messages += answer["Messages"]

    def _events(self, messages: Sequence[dict[str, Any]]) -> Events:
        root = root_of(self.prefix)
        files: set[str] = set()
        problems: list[str] = []
        for message in messages:
            try:
                found = named_objects(message["Body"])
            except ValueError as error:
                problems.append(
                    f"{self.queue_url}: a message is none of S3's and is thrown away ({error}): "
                    f"{message['Body'][:SHOWN]!r}; have the queue receive the events of "
                    f"s3://{self.bucket} alone"
                )
                continue
            files |= {
                key[len(root) :]
                for bucket, key in found
                if bucket == self.bucket and key.startswith(root)
            }
        return Events(frozenset(files), tuple(problems))

    def _delete(self, messages: Sequence[dict[str, Any]]) -> None:
        """Delete messages; one that stays comes again, which does no harm."""
        for entries in _batches(messages):
            with self._told.errors():
                answer = self._client.delete_message_batch(QueueUrl=self.queue_url, Entries=entries)
            for kept in answer.get("Failed", []):
                _log.warning("%s: a message was not deleted: %s", self.queue_url, kept["Message"])

    def _give_back(self, messages: Sequence[dict[str, Any]]) -> None:
        """Let messages come again at once; those that cannot be given back do later."""
        try:
            for entries in _batches(messages):
                with self._told.errors():
                    self._client.change_message_visibility_batch(
                        QueueUrl=self.queue_url,
                        Entries=[{**entry, "VisibilityTimeout": 0} for entry in entries],
                    )
        except SalesAssetsError as error:
            _log.warning("messages come again in %d seconds: %s", HIDDEN_SECONDS, error)


def _batches(messages: Sequence[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    for start in range(0, len(messages), IN_ONE_REQUEST):
        yield [
            {"Id": str(number), "ReceiptHandle": message["ReceiptHandle"]}
            for number, message in enumerate(messages[start : start + IN_ONE_REQUEST])
        ]
