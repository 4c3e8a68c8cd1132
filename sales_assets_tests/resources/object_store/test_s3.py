"""Objects on S3: buckets and prefixes, checksums, keys, and what goes on at once."""

from __future__ import annotations

from pathlib import Path
from threading import Lock
from typing import Any

import pytest
from botocore.exceptions import ConnectionClosedError
from botocore.response import StreamingBody

from sales_assets.errors import TransientError
from sales_assets.resources.build import build_landing_zone, build_object_store
from sales_assets.resources.s3 import AT_ONCE
from sales_assets.resources.s3_object_store import S3ObjectStore
from sales_assets.setting_kinds import ObjectStoreKind
from sales_assets.settings import Settings
from sales_assets_tests.resources.object_store.keeping import MEGABYTE, PREFIX, OnS3, Write, fetch
from sales_assets_tests.s3 import counted, s3_backend


def test_no_request_deletes_more_objects_than_s3_takes(s3: S3ObjectStore) -> None:
    sizes: list[int] = []

    def note(params: dict[str, Any], **_: Any) -> None:
        sizes.append(len(params["Delete"]["Objects"]))

    s3._bucket.client.meta.events.register("before-parameter-build.s3.DeleteObjects", note)
    s3.delete(str(number) for number in range(2_001))

    assert sizes == [1000, 1000, 1]


@pytest.mark.parametrize("prefix", ["", "/", "/p/q/"])
def test_the_prefix_in_the_bucket_is_no_part_of_the_keys(
    bucket: str, endpoint: str, write: Write, prefix: str
) -> None:
    store = S3ObjectStore(bucket=bucket, prefix=prefix, endpoint_url=endpoint)
    store.put([(write(b"one"), "a/b 1")])

    assert store.find("") == store.find("a/b") == ["a/b 1"]
    below = f"{prefix.strip('/')}/".lstrip("/")
    assert store.address("a/b 1") == f"s3://{bucket}/{below}a/b 1"
    assert list(s3_backend().get_bucket(bucket).keys) == [f"{below}a/b 1"]

    store.delete(["a/b 1"])
    assert store.find("") == []


def test_stores_in_one_bucket_see_nothing_of_each_other(
    s3: S3ObjectStore, bucket: str, endpoint: str, write: Write
) -> None:
    other = S3ObjectStore(bucket=bucket, prefix=f"{PREFIX}2", endpoint_url=endpoint)
    other.put([(write(b"other"), "a/1")])

    assert s3.find("") == []
    s3.delete(["a/1"])
    assert fetch(other, "a/1") == [b"other"]


def test_the_settings_choose_the_bucket_and_where_it_is(
    bucket: str, endpoint: str, tmp_path: Path
) -> None:
    settings = Settings(
        home=tmp_path,
        object_store=ObjectStoreKind.S3,
        s3_bucket=bucket,
        s3_prefix=PREFIX,
        s3_region="eu-central-1",
        s3_endpoint_url=endpoint,
    )
    s3_backend().put_object(bucket, f"{PREFIX}/a/1", b"one")

    assert fetch(build_object_store(settings), "a/1") == [b"one"]


def test_downloads_are_removed_after_the_block_also_if_it_fails(s3: S3ObjectStore) -> None:
    OnS3(s3).fill(["a/1"])
    with s3.local(["a/1"]) as paths:
        assert paths[0].read_bytes() == b"x"
    assert not paths[0].parent.exists()

    with pytest.raises(KeyError), s3.local(["a/1"]) as paths:
        raise KeyError
    assert not paths[0].parent.exists()
    assert s3.find("") == ["a/1"]


def test_an_upload_that_fails_between_its_parts_is_never_seen(
    s3: S3ObjectStore, bucket: str, write: Write
) -> None:
    def fail(request: Any, **_: Any) -> None:
        if "partNumber=2" in request.url:
            assert s3.find("") == []
            raise ConnectionClosedError(endpoint_url=request.url)

    s3._bucket.client.meta.events.register("before-send.s3.UploadPart", fail)

    with pytest.raises(TransientError):
        s3.put([(write(bytes(17 * MEGABYTE)), "large")])

    assert s3.find("") == []
    assert not s3_backend().get_bucket(bucket).multiparts


def test_an_object_that_changed_in_the_bucket_without_its_checksum_is_refused(
    s3: S3ObjectStore, bucket: str, write: Write
) -> None:
    s3.put([(write(b"one"), "a/1")])
    s3_backend().get_object(bucket, f"{PREFIX}/a/1").value = b"two"

    with pytest.raises(TransientError, match="checksum"), s3.local(["a/1"]):
        pytest.fail("the block was entered")


def test_an_object_of_several_parts_is_checked_whatever_the_environment_says(
    s3: S3ObjectStore, bucket: str, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_RESPONSE_CHECKSUM_VALIDATION", "when_required")
    content = bytes(17 * MEGABYTE)
    s3.put([(write(content), "large")])
    kept = s3_backend().get_object(bucket, f"{PREFIX}/large")
    kept.value = content[:-1] + b"x"

    with pytest.raises(TransientError, match="checksum"), s3.local(["large"]):
        pytest.fail("the block was entered")


def test_a_download_that_was_corrupted_on_its_way_is_begun_again(
    bucket: str, endpoint: str, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = S3ObjectStore(bucket=bucket, prefix=PREFIX, endpoint_url=endpoint, attempts=3)
    store.put([(write(b"one"), "a/1")])
    read = StreamingBody.read
    sent = counted(monkeypatch)

    def read_wrongly(body: StreamingBody, amt: int | None = None) -> bytes:
        found: bytes = read(body, amt)
        return found.replace(b"one", b"two") if sent["GetObject"] < 3 else found

    monkeypatch.setattr(StreamingBody, "read", read_wrongly)

    assert fetch(store, "a/1") == [b"one"]
    assert sent == {"GetObject": 3}


def test_the_server_is_given_the_checksum_of_each_object_and_part(
    s3: S3ObjectStore, bucket: str, write: Write
) -> None:
    s3.put([(write(b"one"), "small"), (write(bytes(9 * MEGABYTE)), "large")])

    for key in ("small", "large"):
        found = s3._bucket.client.head_object(
            Bucket=bucket, Key=f"{PREFIX}/{key}", ChecksumMode="ENABLED"
        )
        assert found["ChecksumCRC64NVME"]
        assert "-" not in found["ChecksumCRC64NVME"]  # of the whole, not of its parts' sums


def test_objects_are_uploaded_and_fetched_side_by_side_but_not_too_many_at_once(
    s3: S3ObjectStore, write: Write
) -> None:
    lock, now, most = Lock(), 0, 0

    def begin(**_: Any) -> None:
        nonlocal now, most
        with lock:
            now += 1
            most = max(most, now)

    def end(**_: Any) -> None:
        nonlocal now
        with lock:
            now -= 1

    events = s3._bucket.client.meta.events
    events.register("before-send.s3.*", begin)
    events.register("needs-retry.s3.*", end)
    keys = [f"many/{number:03}" for number in range(200)]
    s3.put([(write(key.encode()), key) for key in keys])
    assert 2 <= most <= AT_ONCE

    most = 0
    assert fetch(s3, *keys) == [key.encode() for key in keys]
    assert 2 <= most <= AT_ONCE


def test_with_a_key_of_kms_every_object_is_encrypted_by_it(
    bucket: str, endpoint: str, write: Write, tmp_path: Path
) -> None:
    key = "arn:aws:kms:us-east-1:123456789012:key/12345678-1234-1234-1234-123456789012"
    settings = Settings(
        home=tmp_path,
        object_store=ObjectStoreKind.S3,
        s3_bucket=bucket,
        s3_endpoint_url=endpoint,
        s3_kms_key=key,
        landing_zone=f"s3://{bucket}/in",
    )
    store = build_object_store(settings)
    zone = build_landing_zone(settings)
    assert isinstance(store, S3ObjectStore)

    store.put([(write(b"one"), "small"), (write(bytes(9 * MEGABYTE)), "large")])
    zone.put(write(b"drop"), "*", "drop.csv")

    for name in ("small", "large", "in/drop.csv"):
        found = store._bucket.client.head_object(Bucket=bucket, Key=name)
        assert (found["ServerSideEncryption"], found["SSEKMSKeyId"]) == ("aws:kms", key)
