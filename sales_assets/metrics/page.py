"""The page that Prometheus reads.

Belongs here: an installation's numbers as bytes. Does not: who may read them (`platform.webserver`)
or a server (`exporter`).
"""

from __future__ import annotations

from prometheus_client import CollectorRegistry, disable_created_metrics
from prometheus_client.exposition import choose_encoder, generate_latest

from sales_assets.metrics.collector import InstallationCollector
from sales_assets.metrics.observed import Observed


class MetricsPage:
    """What is counted lives as long as this."""

    def __init__(self, observed: Observed) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call]  # a series more for each counter, which nobody asks for
        self._collector = InstallationCollector(observed)
        self._registry = CollectorRegistry()
        self._registry.register(self._collector)

    def answer(self, accept: str) -> tuple[bytes, str]:
        """The numbers, and their content type, as the reader accepts it."""
        encode, content_type = choose_encoder(accept)
        return encode(self._registry), content_type

    def text(self) -> str:
        """The numbers for people."""
        return generate_latest(self._registry).decode()

    def close(self) -> None:
        """End what reads the numbers."""
        self._collector.close()
