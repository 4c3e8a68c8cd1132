"""The object stores: one contract for both, and what each does when its world fails.

S3 is moto's server, spoken to over HTTP; it checks neither signatures nor who may do what,
except by bucket policies.
"""

from __future__ import annotations

import errno
import json
import os
import shutil
import socket
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Lock, Timer
from typing import Any

import pytest
from botocore.exceptions import ConnectionClosedError
from botocore.response import StreamingBody

from sales_assets.errors import PermanentError, TransientError
from sales_assets.resources.build import build_landing_zone, build_object_store
from sales_assets.resources.directory_object_store import DirectoryObjectStore
from sales_assets.resources.object_store import ObjectStore
from sales_assets.resources.s3 import AT_ONCE
from sales_assets.resources.s3_object_store import S3ObjectStore
from sales_assets.setting_kinds import ObjectStoreKind
from sales_assets.settings import Settings
from sales_assets_tests.s3 import answering, counted, s3_backend, set_credentials

PREFIX = "staged/here"
MEGABYTE = 1024 * 1024
ODD_KEYS = [
    "accepted/Süd & Nord/day=2024-01-01/a b.parquet",
    "accepted/Süd & Nord/day=2024-01-01/a+b%20c#d?e;f.parquet",
    "accepted/Süd & Nord/[x]*/<'\"quoted\"'>.parquet",
    "accepted/東京/~{0}$HOME\\.parquet",
]


class Kept(ABC):
    """A store, and a way past it to what it keeps."""

    store: ObjectStore

    @abstractmethod
    def fill(self, keys: Sequence[str]) -> None:
        """Put one byte under each key without the store."""


@dataclass
class InDirectory(Kept):
    store: DirectoryObjectStore

    def fill(self, keys: Sequence[str]) -> None:
        for key in keys:
            path = Path(self.store.root, key)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("x")


@dataclass
class OnS3(Kept):
    store: S3ObjectStore

    def fill(self, keys: Sequence[str]) -> None:
        for key in keys:
            s3_backend().put_object(self.store.bucket, f"{PREFIX}/{key}", b"x")


@pytest.fixture(autouse=True)
def _credentials(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    set_credentials(monkeypatch, tmp_path)


@pytest.fixture
def s3(bucket: str, endpoint: str) -> S3ObjectStore:
    return S3ObjectStore(bucket=bucket, prefix=PREFIX, endpoint_url=endpoint, attempts=1)


@pytest.fixture
def directory(tmp_path: Path) -> DirectoryObjectStore:
    return DirectoryObjectStore(root=str(tmp_path / "objects"))


@pytest.fixture(params=[DirectoryObjectStore, S3ObjectStore])
def kept(request: pytest.FixtureRequest) -> Kept:
    if request.param is DirectoryObjectStore:
        return InDirectory(request.getfixturevalue("directory"))
    return OnS3(request.getfixturevalue("s3"))


@pytest.fixture
def store(kept: Kept) -> ObjectStore:
    return kept.store


@pytest.fixture
def write(tmp_path: Path) -> Callable[[bytes], Path]:
    """A new local file with this content."""
    (tmp_path / "local").mkdir()
    names = count()

    def write(content: bytes) -> Path:
        path = tmp_path / "local" / str(next(names))
        path.write_bytes(content)
        return path

    return write


@pytest.fixture
def other_file_system(tmp_path: Path) -> Iterator[Path]:
    memory = Path("/dev/shm")
    if not memory.is_dir() or memory.stat().st_dev == tmp_path.stat().st_dev:
        pytest.skip("there is no second file system (/dev/shm) to copy from")
    with TemporaryDirectory(dir=memory) as folder:
        yield Path(folder)


Write = Callable[[bytes], Path]


def fetch(store: ObjectStore, *keys: str) -> list[bytes]:
    with store.local(keys) as paths:
        return [path.read_bytes() for path in paths]


def names(store: DirectoryObjectStore) -> list[str]:
    """Everything in a store's folder, whether it is an object or not."""
    root = Path(store.root)
    return sorted(path.relative_to(root).as_posix() for path in root.rglob("*"))


def test_what_was_put_is_found_by_key_and_fetched_in_the_order_asked(
    store: ObjectStore, write: Write
) -> None:
    store.put([(write(b"one"), "a/1"), (write(b"two"), "a/b/2"), (write(b""), "empty")])

    assert store.find("") == ["a/1", "a/b/2", "empty"]
    assert fetch(store, "a/b/2", "empty", "a/1", "a/b/2") == [b"two", b"", b"one", b"two"]


def test_putting_a_key_again_replaces_the_object(store: ObjectStore, write: Write) -> None:
    store.put([(write(b"the old and longer one"), "a/1")])
    store.put([(write(b"new"), "a/1")])

    assert store.find("a/") == ["a/1"]
    assert fetch(store, "a/1") == [b"new"]


def test_an_object_of_several_parts_is_stored_whole(store: ObjectStore, write: Write) -> None:
    content = os.urandom(MEGABYTE) * 17

    store.put([(write(content), "large")])

    assert fetch(store, "large") == [content]


def test_find_gives_the_keys_that_begin_with_the_prefix_and_no_others(kept: Kept) -> None:
    kept.fill(["d/4", "a/bc/3", "a/b/c/2", "a/b/1", "a/b.parquet"])

    for prefix, found in {
        "": ["a/b.parquet", "a/b/1", "a/b/c/2", "a/bc/3", "d/4"],
        "a/b/": ["a/b/1", "a/b/c/2"],
        "a/b": ["a/b.parquet", "a/b/1", "a/b/c/2", "a/bc/3"],
        "a/b/c/2": ["a/b/c/2"],
        "a/bc/": ["a/bc/3"],
        "d/4/": [],
        "b": [],
        "a/*": [],
        "never/put/": [],
    }.items():
        assert kept.store.find(prefix) == found, prefix


def test_a_store_without_objects_finds_none(store: ObjectStore) -> None:
    assert store.find("") == store.find("accepted/") == []


def test_odd_characters_in_keys_stay_as_they_are(store: ObjectStore, write: Write) -> None:
    store.put([(write(key.encode()), key) for key in ODD_KEYS])

    assert store.find("") == sorted(ODD_KEYS)
    assert store.find("accepted/Süd & Nord/[x]*/") == [ODD_KEYS[2]]
    assert fetch(store, *ODD_KEYS) == [key.encode() for key in ODD_KEYS]

    store.delete(ODD_KEYS[1:])
    assert store.find("") == ODD_KEYS[:1]


def test_deleting_removes_these_objects_and_ignores_those_that_are_not_there(
    kept: Kept,
) -> None:
    kept.fill(["a/1", "a/2", "a/22"])

    kept.store.delete(key for key in ["a/2", "a/3", "b/never", "a", "a/1/b"])
    assert kept.store.find("") == ["a/1", "a/22"]

    kept.store.delete(["a/2"])
    assert kept.store.find("") == ["a/1", "a/22"]


def test_nothing_to_do_is_no_error(store: ObjectStore) -> None:
    store.put([])
    store.delete([])

    with store.local([]) as paths:
        assert paths == []


def test_more_keys_than_a_page_holds_are_all_listed_and_all_deleted(kept: Kept) -> None:
    keys = [f"many/{number:04}" for number in range(2_001)]
    kept.fill([*keys, "other"])

    assert kept.store.find("many/") == keys

    kept.store.delete(keys)
    assert kept.store.find("") == ["other"]


def test_no_request_deletes_more_objects_than_s3_takes(s3: S3ObjectStore) -> None:
    sizes: list[int] = []

    def note(params: dict[str, Any], **_: Any) -> None:
        sizes.append(len(params["Delete"]["Objects"]))

    s3._bucket.client.meta.events.register("before-parameter-build.s3.DeleteObjects", note)
    s3.delete(str(number) for number in range(2_001))

    assert sizes == [1000, 1000, 1]


def test_asking_for_an_object_that_is_not_there_says_which_and_what_to_do(kept: Kept) -> None:
    kept.fill(["a/1", "a/22"])

    with (
        pytest.raises(PermanentError, match="materialise the day's staged asset") as error,
        kept.store.local(["a/1", "a/2"]),
    ):
        pytest.fail("the block was entered")

    assert str(error.value).startswith(f"{kept.store.address('a/2')}:")


def test_a_put_that_fails_keeps_what_was_stored_before_and_shows_nothing_of_the_rest(
    store: ObjectStore, write: Write, tmp_path: Path
) -> None:
    store.put([(write(b"one"), "a/1")])
    with pytest.raises(FileNotFoundError):
        store.put([(write(b"three"), "a/3"), (tmp_path / "gone", "a/2")])

    assert set(store.find("")) - {"a/3"} == {"a/1"}  # what went along may be there, whole
    assert fetch(store, *store.find("")) in ([b"one"], [b"one", b"three"])


def test_a_reader_of_an_object_that_is_being_replaced_sees_one_version_whole(
    store: ObjectStore, other_file_system: Path
) -> None:
    size = MEGABYTE // 4
    local = other_file_system / "local"

    def put(letter: bytes) -> None:
        local.write_bytes(letter * size)
        store.put([(local, "a/1")])

    put(b"a")
    with ThreadPoolExecutor(1) as pool:
        writing = pool.submit(lambda: list(map(put, [b"b", b"c"] * 10)))
        while not writing.done():
            (content,) = fetch(store, "a/1")
            assert content == content[:1] * size
            assert store.find("") == ["a/1"]
        writing.result()


def test_the_address_in_a_directory_is_the_absolute_path_of_the_file(
    write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    store = DirectoryObjectStore(root="objects")
    store.put([(write(b"one"), ODD_KEYS[0])])

    assert store.address(ODD_KEYS[0]) == str(tmp_path / "objects" / ODD_KEYS[0])
    assert Path(store.address(ODD_KEYS[0])).read_bytes() == b"one"


def test_a_file_of_another_file_system_is_copied_and_leaves_nothing_unfinished(
    directory: DirectoryObjectStore, other_file_system: Path
) -> None:
    (other_file_system / "local").write_bytes(b"one")

    directory.put([(other_file_system / "local", "a/1")])

    assert fetch(directory, "a/1") == [b"one"]
    assert names(directory) == ["a", "a/1"]


def test_a_copy_that_fails_half_way_is_never_seen_and_leaves_nothing(
    directory: DirectoryObjectStore, other_file_system: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (other_file_system / "local").write_bytes(b"new")
    InDirectory(directory).fill(["a/1"])
    seen: list[list[str]] = []

    def copy_half(_: Path, target: Path) -> None:
        target.write_bytes(b"ne")
        seen.append(directory.find(""))
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(shutil, "copyfile", copy_half)
    for key in ("a/1", "a/2"):
        with pytest.raises(OSError, match="No space left"):
            directory.put([(other_file_system / "local", key)])

    assert seen == [["a/1"], ["a/1"]]
    assert fetch(directory, "a/1") == [b"x"]
    assert names(directory) == ["a", "a/1"]


def test_what_a_killed_copy_left_in_a_directory_is_not_an_object(
    directory: DirectoryObjectStore,
) -> None:
    InDirectory(directory).fill(["a/1", "a/.2.tmp", ".3"])

    assert directory.find("") == directory.find("a/") == ["a/1"]


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
