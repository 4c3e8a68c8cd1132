"""Telling that the database is away in which alerts are kept.

Belongs here: what is told without it, and what is written once it is back. Does not: services that
can be told of by a pass (`services`). What is remembered here is in the memory of the process that
watches: one that is started while the database is away tells nothing of it, two tell it twice.
"""

from __future__ import annotations

import logging
import threading
import uuid
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial

from sales_assets.alerts.asking import failed
from sales_assets.alerts.book import OPENED, Book, Rules
from sales_assets.alerts.outbox import Message, Sender, sent
from sales_assets.alerts.problems import Problem
from sales_assets.alerts.services import Service, asked, service_problem
from sales_assets.alerts.store import AlertStore
from sales_assets.alerts.wording import Told
from sales_assets.resources.database import deciding

_log = logging.getLogger("sales_assets.alerts")


@dataclass
class DatabaseAway:
    """Whether the database answers, asked before each pass and, by who watches, beside them.

    Who `tells` tells each channel when it does not, and writes that down when it does again.
    """

    service: Service
    answer_seconds: float
    tells: bool = True
    _problem: Problem | None = field(default=None, init=False)
    _incident: str = field(default="", init=False)
    _told: list[str] = field(default_factory=list, init=False)
    _asking: threading.Lock = field(default_factory=threading.Lock, init=False)

    def answers(self, store: AlertStore, rules: Rules, send: Sender, now: datetime) -> bool:
        """Whether a pass can be done now."""
        with self._asking:
            return self._answers(store, rules, send, now)

    def _answers(self, store: AlertStore, rules: Rules, send: Sender, now: datetime) -> bool:
        found = failed({"": partial(asked, self.service.ask)}, self.answer_seconds)
        if found:
            error = found[""] or f"no answer within {self.answer_seconds:g} s"
            _log.warning("There is no pass of alerts: %s: %s", self.service.what, error)
            if self.tells:
                self._tell(str(error), rules, send, now)
        elif self._problem is not None:
            with deciding(store.engine) as connection:
                book = Book(connection, rules, now)
                book.write_ended(self._incident, self._problem, self._told)
            self._problem = None
        return not found

    def _tell(self, cause: str, rules: Rules, send: Sender, now: datetime) -> None:
        if self._problem is None:
            self._problem = service_problem(self.service, cause, now)
            self._incident, self._told = uuid.uuid4().hex, []
        problem = self._problem
        text = rules.wording.opened(Told(problem, problem.severity, 1, problem.at))
        for route in rules.routes.of(problem, problem.severity):
            if route.name in self._told:
                continue
            message = Message(
                number=0,
                name=f"{self._incident}:{OPENED}:{route.name}",
                incident=self._incident,
                kind=OPENED,
                channel=route.name,
                severity=problem.severity,
                title=text.title,
                text=text.text,
                attempts=1,
                lease="",
                put_at=problem.at,
            )
            failure = sent(message, rules.routes, send)
            if failure is None:
                self._told.append(route.name)
            else:
                _log.warning("Alert for %s not delivered: %s", route.name, failure)
