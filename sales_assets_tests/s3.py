"""S3 and SQS for tests: moto's server, spoken to over HTTP.

Belongs here: starting it, making buckets and queues, a way past the client to what is kept, and
counting requests. Does not: any expectation. It checks neither signatures nor who may do what,
except by bucket policies.
"""

from __future__ import annotations

import logging
import os
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from pathlib import Path
from threading import Thread
from typing import Any

import boto3
import pytest
from botocore.endpoint import Endpoint
from moto.backends import get_backend
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.server import ThreadedMotoServer

REGION = "us-east-1"
NAMES = count()


def s3_backend() -> Any:
    """What moto's S3 keeps."""
    return get_backend("s3")[DEFAULT_ACCOUNT_ID]["aws"]


def new_bucket() -> str:
    """An empty bucket of its own."""
    name = f"bucket-{next(NAMES)}"
    s3_backend().create_bucket(name, REGION)
    return name


@contextmanager
def serving_s3() -> Iterator[str]:
    """The address of a server in this process."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    try:
        yield f"http://{host}:{port}"
    finally:
        server.stop()


def set_credentials(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    """Credentials of nobody in the environment, and none of the person who runs the tests."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(folder / "none"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(folder / "none"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "a-key")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "a-secret")
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    monkeypatch.setenv("no_proxy", "127.0.0.1")


def client(service: str, endpoint: str) -> Any:
    """A client of its own."""
    return boto3.client(service, endpoint_url=endpoint, region_name=REGION)


def counted(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """How often each operation of S3 is sent by any client from now on, retries included."""
    sent: Counter[str] = Counter()
    send = Endpoint._get_response

    def note(endpoint: Any, request: Any, operation: Any, *more: Any) -> Any:
        if operation.service_model.service_name == "s3":
            sent[operation.name] += 1
        return send(endpoint, request, operation, *more)

    monkeypatch.setattr(Endpoint, "_get_response", note)
    return sent


@contextmanager
def answering(
    status: int, code: str = "", message: str = "no", date: str | None = None
) -> Iterator[str]:
    """The address of a server that gives everybody the same answer, at the same time if given."""

    class Answer(BaseHTTPRequestHandler):
        def answer(self) -> None:
            text = f"<Error><Code>{code}</Code><Message>{message}</Message></Error>" if code else ""
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            self.send_response(status)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(text.encode())

        def date_time_string(self, timestamp: float | None = None) -> str:
            return date or super().date_time_string(timestamp)

        def __getattr__(self, name: str) -> Any:
            if name.startswith("do_"):
                return self.answer
            raise AttributeError(name)

        def log_message(self, *_: object) -> None: ...

    with ThreadingHTTPServer(("127.0.0.1", 0), Answer) as server:
        Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
