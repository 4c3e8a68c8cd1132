"""What an S3 that is away, wrong or refuses makes of each use: an error that says what to do."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable
from threading import Timer

import pytest

from sales_assets.errors import PermanentError, TransientError
from sales_assets.resources.s3_object_store import S3ObjectStore
from sales_assets_tests.resources.object_store.keeping import PREFIX, OnS3, Write
from sales_assets_tests.s3 import answering


def use_put(store: S3ObjectStore, write: Write) -> None:
    store.put([(write(b"one"), "a/1")])


def use_find(store: S3ObjectStore, write: Write) -> None:
    store.find("a/")


def use_delete(store: S3ObjectStore, write: Write) -> None:
    store.delete(["a/1"])


def use_local(store: S3ObjectStore, write: Write) -> None:
    with store.local(["a/1"]):
        pytest.fail("the block was entered")


Use = Callable[[S3ObjectStore, Write], None]
every_use = pytest.mark.parametrize("use", [use_put, use_find, use_delete, use_local])


@every_use
def test_a_bucket_that_is_not_there_is_named_with_the_setting_to_correct(
    endpoint: str, write: Write, use: Use
) -> None:
    store = S3ObjectStore(bucket="never-made", endpoint_url=endpoint)

    with pytest.raises(PermanentError, match=r"never-made: .* create it, .*_S3_BUCKET") as error:
        use(store, write)

    assert endpoint in str(error.value)


@every_use
def test_a_server_that_is_not_there_is_a_failure_that_may_pass(write: Write, use: Use) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # without listening: connections are refused
        address = f"http://127.0.0.1:{taken.getsockname()[1]}"
        store = S3ObjectStore(bucket="bucket", endpoint_url=address, attempts=1)

        with pytest.raises(TransientError, match=address):
            use(store, write)


@pytest.mark.parametrize("use", [use_put, use_find])
def test_a_server_that_never_answers_is_given_up_after_the_time_out(write: Write, use: Use) -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        address = f"http://127.0.0.1:{silent.getsockname()[1]}"
        store = S3ObjectStore(bucket="bucket", endpoint_url=address, timeout=0.2, attempts=1)
        hanging_up = Timer(10, silent.close)
        hanging_up.start()

        with pytest.raises(TransientError, match=r"timeout|timed out"):
            use(store, write)
        hanging_up.cancel()


@pytest.mark.parametrize(
    ("status", "code", "expected"),
    [
        (503, "SlowDown", TransientError),
        (500, "", TransientError),
        (403, "SignatureDoesNotMatch", PermanentError),
        (403, "AccessDenied", PermanentError),
    ],
)
def test_an_error_of_the_server_may_pass_and_a_refusal_may_not(
    status: int, code: str, expected: type[Exception]
) -> None:
    with answering(status, code) as address:
        store = S3ObjectStore(bucket="bucket", endpoint_url=address, attempts=1)

        with pytest.raises(expected, match="s3://bucket"):
            store.find("")


def test_missing_credentials_are_a_permanent_error_that_says_so(
    s3: S3ObjectStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")

    with pytest.raises(PermanentError, match="correct the AWS credentials"):
        s3.find("")


def test_an_endpoint_that_is_no_address_is_a_permanent_error_that_names_the_settings() -> None:
    with pytest.raises(PermanentError, match=r"nowhere.*SALES_ASSETS_S3_"):
        S3ObjectStore(bucket="bucket", endpoint_url="nowhere").find("")


def test_a_key_that_may_not_be_deleted_is_not_passed_over(s3: S3ObjectStore, bucket: str) -> None:
    OnS3(s3).fill(["a/1", "a/2"])
    denied = f"arn:aws:s3:::{bucket}/{PREFIX}/a/2"
    statement = {"Effect": "Deny", "Action": "s3:DeleteObject", "Resource": denied}
    policy = {"Statement": [{"Principal": "*", **statement}]}
    s3._bucket.client.put_bucket_policy(Bucket=bucket, Policy=json.dumps(policy))

    with pytest.raises(PermanentError, match=f"{PREFIX}/a/2: Access Denied"):
        s3.delete(["a/1", "a/2"])

    assert s3.find("") == ["a/2"]
