"""What every object store does, whatever keeps the objects."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from sales_assets.errors import PermanentError
from sales_assets.resources.object_store import ObjectStore
from sales_assets_tests.resources.object_store.keeping import MEGABYTE, ODD_KEYS, Kept, Write, fetch


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
