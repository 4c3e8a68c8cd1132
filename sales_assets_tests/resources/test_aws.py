"""What only AWS itself can show: signatures, KMS, refused checksums, events.

Each test needs TEST_AWS_BUCKET, a bucket that credentials of AWS's standard chain may list, get,
put and delete in; some need TEST_AWS_KMS_KEY, a key that they may use, or TEST_AWS_QUEUE_URL, the
queue that receives the bucket's events. Everything is kept below a prefix of its own and removed.
"""

from __future__ import annotations

import base64
import os
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from zlib import crc32

import pytest
from botocore.exceptions import ClientError

from sales_assets.errors import DropError, PermanentError
from sales_assets.resources.s3_landing_zone import S3LandingZone
from sales_assets.resources.s3_object_store import S3ObjectStore
from sales_assets.resources.sqs_landing_events import SqsLandingEvents

pytestmark = pytest.mark.aws

MEGABYTE = 1024 * 1024


def given(name: str) -> str:
    """A variable of whoever runs the tests; no CI has an account, so this skips there too."""
    value = os.environ.get(name)
    if not value:
        pytest.skip(f"{name} is not given, and this needs an AWS account")
    return value


@pytest.fixture
def store() -> Iterator[S3ObjectStore]:
    made = S3ObjectStore(bucket=given("TEST_AWS_BUCKET"), prefix=f"tests/{uuid.uuid4().hex}")
    yield made
    made.delete(made.find(""))


@pytest.fixture
def zone(store: S3ObjectStore) -> S3LandingZone:
    return S3LandingZone(bucket=store.bucket, prefix=store.prefix)


def write(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


def test_objects_small_and_in_parts_come_back_with_their_checksums(
    store: S3ObjectStore, tmp_path: Path
) -> None:
    contents = {
        "small": b"one",
        "empty": b"",
        "a b+c/Süd%20": b"odd",
        "large": bytes(20 * MEGABYTE),
    }
    store.put(
        [(write(tmp_path / str(n), text), key) for n, (key, text) in enumerate(contents.items())]
    )

    assert store.find("") == sorted(contents)
    with store.local(list(contents)) as paths:
        assert [path.read_bytes() for path in paths] == list(contents.values())
    for key in contents:
        found = store._bucket.client.head_object(
            Bucket=store.bucket, Key=store._key(key), ChecksumMode="ENABLED"
        )
        assert found["ChecksumType"] == "FULL_OBJECT"
        assert found["ChecksumCRC64NVME"]


def test_a_wrong_secret_is_refused_and_told(
    store: S3ObjectStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.find("")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wrong")
    other = S3ObjectStore(bucket=store.bucket, prefix=store.prefix)

    with pytest.raises(PermanentError, match="check what the AWS credentials may do"):
        other.find("")


def test_the_server_refuses_an_object_that_has_not_its_checksum(store: S3ObjectStore) -> None:
    wrong = base64.b64encode((crc32(b"one") ^ 1).to_bytes(4)).decode()

    with pytest.raises(ClientError, match=r"BadDigest|checksum"):
        store._bucket.client.put_object(
            Bucket=store.bucket, Key=store._key("a"), Body=b"one", ChecksumCRC32=wrong
        )
    assert store.find("") == []


def test_the_version_that_was_listed_is_read_or_none(zone: S3LandingZone, tmp_path: Path) -> None:
    before = zone.put(write(tmp_path / "a.csv", b"one"), "*.csv")
    with zone.local(before) as path:
        assert path.read_bytes() == b"one"
    after = zone.put(write(tmp_path / "a.csv", b"two"), "*.csv")

    assert zone.list("*.csv") == [after]
    with pytest.raises(DropError, match="changed since it was listed"):
        zone.local(before).__enter__()


def test_a_bucket_that_nobody_made_is_named(store: S3ObjectStore) -> None:
    never = S3ObjectStore(bucket=f"never-made-{uuid.uuid4().hex}")

    with pytest.raises(PermanentError, match="no such bucket; create it"):
        never.find("")


def test_a_key_of_kms_encrypts_what_is_put(store: S3ObjectStore, tmp_path: Path) -> None:
    key = given("TEST_AWS_KMS_KEY")
    encrypting = store.model_copy(update={"kms_key": key})

    encrypting.put(
        [
            (write(tmp_path / "1", b"one"), "small"),
            (write(tmp_path / "2", bytes(9 * MEGABYTE)), "large"),
        ]
    )

    for name in ("small", "large"):
        found = store._bucket.client.head_object(Bucket=store.bucket, Key=store._key(name))
        assert found["ServerSideEncryption"] == "aws:kms"
        assert found["SSEKMSKeyId"].endswith(key.rpartition("/")[2])
    with encrypting.local(["small"]) as (path,):
        assert path.read_bytes() == b"one"


def test_the_queue_tells_of_a_drop_that_came_and_went(zone: S3LandingZone, tmp_path: Path) -> None:
    queue = given("TEST_AWS_QUEUE_URL")
    events = SqsLandingEvents(queue_url=queue, bucket=zone.bucket, prefix=zone.prefix)
    name = "Süd & Nord+1.csv"
    zone.put(write(tmp_path / name, b"one"), "*.csv")

    told: set[str] = set()
    deadline = time.monotonic() + 120
    while name not in told and time.monotonic() < deadline:
        with events.received() as found:
            assert found is not None
            told |= found.files
    assert told == {name}
