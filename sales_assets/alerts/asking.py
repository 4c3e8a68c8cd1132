"""Asking several things at once, and waiting for none of them longer than for the others.

Belongs here: who did not answer in time, and with what. Does not: what is asked (`states`,
`services`).
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from concurrent.futures import ThreadPoolExecutor, wait
from typing import TypeVar

Name = TypeVar("Name", bound=Hashable)


def failed(
    asks: Mapping[Name, Callable[[], object]], seconds: float
) -> dict[Name, Exception | None]:
    """Those of `asks` that raised, with what; None of one that has not answered after `seconds`.

    Such a one goes on in its thread: it has a time-out of its own.
    """
    if not asks:
        return {}
    threads = ThreadPoolExecutor(len(asks), "alerts-asking")
    asked = {name: threads.submit(ask) for name, ask in asks.items()}
    done, _ = wait(asked.values(), seconds)
    threads.shutdown(wait=False, cancel_futures=True)
    found: dict[Name, Exception | None] = {}
    for name, answer in asked.items():
        if answer not in done:
            found[name] = None
        elif isinstance(error := answer.exception(), Exception):
            found[name] = error
    return found
