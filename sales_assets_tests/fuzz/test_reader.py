"""That the fuzzer's targets keep running: their seeds, without the fuzzer."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from sales_assets_tests.contracts.test_corpus import CASES
from sales_assets_tests.fuzz import cases, reader, walk

SEEDS = cases.seeds()


@pytest.fixture(scope="module")
def judge(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[bytes], None]]:
    with reader.target(tmp_path_factory.mktemp("reader")) as target:
        yield target


@pytest.fixture(scope="module")
def walked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[bytes], None]]:
    with walk.target(tmp_path_factory.mktemp("walk")) as target:
        yield target


def test_every_drop_of_the_corpus_is_a_seed_for_its_own_contract(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    inputs = cases.Inputs(tmp_path_factory.mktemp("inputs"))

    read = {name: inputs.read(seed) for name, seed in SEEDS.items()}

    assert list(SEEDS) == CASES
    assert [name for name, found in read.items() if found is None or found.case != name] == []


@pytest.mark.parametrize("name", SEEDS)
def test_a_seed_keeps_what_is_promised_of_every_drop(
    name: str, judge: Callable[[bytes], None], walked: Callable[[bytes], None]
) -> None:
    walked(SEEDS[name])
    judge(SEEDS[name])


def test_bytes_that_are_too_few_are_no_input(
    judge: Callable[[bytes], None], walked: Callable[[bytes], None]
) -> None:
    for data in (b"", b"a", b"abc", b"abcd"):
        walked(data)
        judge(data)
