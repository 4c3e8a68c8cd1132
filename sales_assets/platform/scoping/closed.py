"""Storages that answer only what is known to be safe.

Belongs here: refusing whatever nobody has looked at, and the few ways to pass a question on.
Does not: which question is safe (the scoped storages say so, one line for each).
"""

from __future__ import annotations

import abc
from collections.abc import Callable, Iterable
from inspect import signature
from typing import Any, TypeVar

from sales_assets.errors import PermanentError

_T = TypeVar("_T", bound=type)


class RefusedError(PermanentError):
    """A question or a change that is not for somebody from whom a team is hidden."""


def public_names(kind: type) -> frozenset[str]:
    """All that a class offers to others."""
    return frozenset(name for name in dir(kind) if not name.startswith("_"))


def refused(name: str) -> Any:
    """A method that is never answered in part: who may ask it sees everything anyway."""

    def refuse(*_: object, **__: object) -> Any:
        raise RefusedError(f"{name} is for administrators alone")

    refuse.__name__ = name
    return refuse


def passed(name: str) -> Any:
    """A method that tells nothing of any team: the storage below answers."""

    def call(self: Any, *args: Any, **named: Any) -> Any:
        return getattr(self.inner, name)(*args, **named)

    call.__name__ = name
    return call


def passed_property(name: str) -> Any:
    """As `passed`, for a property."""
    return property(lambda self: getattr(self.inner, name))


def asked(
    kind: type, name: str, seen: Callable[[Any, Any], bool], hidden: Callable[[], Any]
) -> Any:
    """A method about one thing, its first argument: the storage below answers if it is seen.

    Else the answer is what `hidden` makes: the one for a thing that does not exist.
    """
    bind = signature(getattr(kind, name)).bind

    def call(self: Any, *args: Any, **named: Any) -> Any:
        given = bind(self, *args, **named)
        _, first = list(given.arguments.values())[:2]
        if seen(self.sight, first):
            return getattr(self.inner, name)(*given.args[1:], **given.kwargs)
        return hidden()

    call.__name__ = name
    return call


def narrowed(
    kind: type, name: str, seen: Callable[[Any, Any], Iterable[Any]], hidden: Callable[[], Any]
) -> Any:
    """A method about several things, its first argument: only those that are seen are asked for."""
    bind = signature(getattr(kind, name)).bind

    def call(self: Any, *args: Any, **named: Any) -> Any:
        given = bind(self, *args, **named)
        first = list(given.arguments)[1]
        kept = list(seen(self.sight, given.arguments[first]))
        if not kept:
            return hidden()
        given.arguments[first] = kept
        return getattr(self.inner, name)(*given.args[1:], **given.kwargs)

    call.__name__ = name
    return call


def changed(kind: type, name: str, seen: Callable[[Any, Any], bool]) -> Any:
    """A method that changes one thing, its first argument: refused if it is not seen."""

    def hide() -> Any:
        raise RefusedError(f"{name}: there is no such thing")

    return asked(kind, name, seen, hide)


def closed(kind: type, inherited: frozenset[str], parts: Iterable[type] = ()) -> Callable[[_T], _T]:
    """Refuse each method of `kind` that a class neither has of its own nor lists as `inherited`.

    What is in `parts`, bases of the class that hold some of its rules, is its own as well.
    An inherited one is built by `kind` on its other methods, so that it is as safe as they are.
    A newer Dagster's new method is refused until somebody has put it into one of the two.
    """

    def close(scoped: _T) -> _T:
        own = {name for one in (scoped, *parts) for name in vars(one)}
        for name in public_names(kind) - inherited - own:
            setattr(scoped, name, refused(name))
        abc.update_abstractmethods(scoped)
        return scoped

    return close
