"""Work beside a block begins with it and is told of its end."""

from __future__ import annotations

import threading

import pytest

from sales_assets.beside import beside


def test_work_goes_on_while_the_block_lasts_and_has_ended_after_it() -> None:
    begun, done = threading.Event(), threading.Event()

    def work(ended: threading.Event) -> None:
        begun.set()
        ended.wait()
        done.set()

    with beside("a test", work):
        assert begun.wait(60)
        assert "a test" in {thread.name for thread in threading.enumerate()}
        assert not done.is_set()
    assert done.is_set()


def test_it_is_ended_when_the_block_fails() -> None:
    done = threading.Event()

    def work(ended: threading.Event) -> None:
        ended.wait()
        done.set()

    with pytest.raises(ValueError, match="of the block"), beside("a test", work):
        raise ValueError("of the block")
    assert done.is_set()
