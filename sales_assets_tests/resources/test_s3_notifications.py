"""Messages about objects in S3: which objects they name, in every envelope."""

from __future__ import annotations

import json
from typing import Any

import pytest

from sales_assets.resources.s3_notifications import Named, named_objects

KEY = "in/tests/shop/Süd & Nord+1 100%.csv"
ENCODED = "in/tests/shop/S%C3%BCd+%26+Nord%2B1+100%25.csv"


def record(event: str, key: str) -> dict[str, Any]:
    return {
        "eventVersion": "2.1",
        "eventSource": "aws:s3",
        "awsRegion": "eu-central-1",
        "eventTime": "2024-01-01T00:00:00.000Z",
        "eventName": event,
        "s3": {
            "s3SchemaVersion": "1.0",
            "bucket": {"name": "drops", "arn": "arn:aws:s3:::drops"},
            "object": {"key": key, "size": 3, "eTag": "e", "sequencer": "0055AED6DCD90281E5"},
        },
    }


def event_bridge(kind: str, key: str) -> dict[str, Any]:
    return {
        "version": "0",
        "id": "17793124-05d4-b198-2fde-7ededc63b103",
        "detail-type": kind,
        "source": "aws.s3",
        "account": "123456789012",
        "time": "2024-01-01T00:00:00Z",
        "region": "eu-central-1",
        "resources": ["arn:aws:s3:::drops"],
        "detail": {
            "version": "0",
            "bucket": {"name": "drops"},
            "object": {"key": key, "size": 3, "etag": "e"},
            "reason": "PutObject",
        },
    }


def sns(message: object) -> dict[str, Any]:
    return {
        "Type": "Notification",
        "MessageId": "1",
        "TopicArn": "arn:aws:sns:eu-central-1:123456789012:drops",
        "Subject": "Amazon S3 Notification",
        "Message": json.dumps(message),
    }


@pytest.mark.parametrize(
    "message",
    [
        {"Records": [record("ObjectCreated:Put", ENCODED)]},
        {"Records": [record("ObjectRemoved:DeleteMarkerCreated", ENCODED)]},
        event_bridge("Object Created", KEY),
        event_bridge("Object Deleted", KEY),
        sns({"Records": [record("ObjectCreated:CompleteMultipartUpload", ENCODED)]}),
        sns(event_bridge("Object Created", KEY)),
    ],
)
def test_the_object_is_named_whatever_happened_and_whoever_brought_the_message(
    message: object,
) -> None:
    assert named_objects(json.dumps(message)) == [Named("drops", KEY)]


def test_a_message_may_name_several_objects() -> None:
    records = [record("ObjectCreated:Put", "a"), record("ObjectRemoved:Delete", "b")]

    found = named_objects(json.dumps({"Records": records}))

    assert found == [Named("drops", "a"), Named("drops", "b")]


def test_the_message_that_s3_sends_to_try_a_queue_names_nothing() -> None:
    message = {"Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": "drops"}

    assert named_objects(json.dumps(message)) == named_objects(json.dumps(sns(message))) == []


@pytest.mark.parametrize(
    "text",
    [
        "",
        "hello",
        "[]",
        "{}",
        "null",
        '"Records"',
        "[" * 100_000,
        json.dumps({"Records": [{"s3": {"bucket": {"name": "drops"}}}]}),
        json.dumps({"Records": [record("ObjectCreated:Put", "")]}),
        json.dumps({"Records": [record("ObjectCreated:Put", "%ff")]}),
        json.dumps({"Records": 3}),
        json.dumps({"Type": "Notification", "TopicArn": "t", "Message": "hello"}),
        json.dumps({"source": "aws.s3", "detail": {}}),
    ],
)
def test_any_other_text_is_told_apart(text: str) -> None:
    with pytest.raises(ValueError, match="Error"):
        named_objects(text)
