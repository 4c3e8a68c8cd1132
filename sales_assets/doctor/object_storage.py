"""Where staged objects lie, and the credentials for it.

Belongs here: each right that staging needs, tried on an object that is made for it. Does not: the
landing zone (`inputs`), or Snowflake's way to the same objects (`snowflake`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import uuid4

from sales_assets.doctor.advice import advice
from sales_assets.doctor.clock import S3, compared
from sales_assets.doctor.findings import Finding, ok, problem
from sales_assets.doctor.inputs import NETWORK, SECONDS
from sales_assets.doctor.machine import unwritable
from sales_assets.errors import PermanentError, SalesAssetsError
from sales_assets.resources.build import build_object_store
from sales_assets.resources.object_store import ObjectStore
from sales_assets.resources.s3_object_store import S3ObjectStore
from sales_assets.setting_kinds import ObjectStoreKind
from sales_assets.settings import Settings

PROBE = b"of `sales-assets doctor`; may be deleted"


def credentials(settings: Settings) -> Iterator[Finding]:
    """Where AWS's standard chain finds credentials, and whose they are; never what they are."""
    if settings.object_store is not ObjectStoreKind.S3 and settings.landing_bucket is None:
        return
    import boto3
    from botocore.config import Config
    from botocore.exceptions import BotoCoreError, ClientError

    session = boto3.session.Session()
    found = session.get_credentials()
    if found is None:
        yield problem(
            "AWS credentials",
            "there are none",
            "give this process a role, a profile (AWS_PROFILE) or AWS_ACCESS_KEY_ID and "
            "AWS_SECRET_ACCESS_KEY; no setting takes them",
        )
        return
    told = f"by {found.method}"
    if settings.s3_endpoint_url is None:  # AWS itself, which knows who asks
        config = Config(
            connect_timeout=SECONDS, read_timeout=SECONDS, retries={"total_max_attempts": 1}
        )
        sts = session.client("sts", region_name=settings.s3_region, config=config)
        try:
            told += f", {sts.get_caller_identity()['Arn']}"
        except (BotoCoreError, ClientError) as error:  # a private network may have no STS
            told += f"; whose they are cannot be asked ({error})"
    yield ok("AWS credentials", told)


def objects(settings: Settings) -> Iterator[Finding]:
    """Put, list, get and delete an object, each of which is a right of its own."""
    store = build_object_store(settings)
    if isinstance(store, S3ObjectStore):
        store = store.model_copy(update=NETWORK)
    elif not settings.object_folder.exists():
        yield _folder(settings)
        return
    yield from _tried(settings, store, f"doctor-{uuid4().hex}")
    if isinstance(store, S3ObjectStore):
        yield from _clock(store)


def _folder(settings: Settings) -> Finding:
    folder = settings.object_folder
    if complaint := unwritable(folder):
        to_do = "give this user the right to, or set SALES_ASSETS_OBJECT_STORE_PATH"
        return problem("object store", complaint, to_do)
    return ok("object store", f"{folder}, made by the first run")


def _tried(settings: Settings, store: ObjectStore, key: str) -> Iterator[Finding]:
    can: list[str] = []
    for right, attempt in RIGHTS.items():
        try:
            attempt(store, key)
        except Exception as error:  # noqa: BLE001  # the object is to be deleted whatever comes
            yield problem("object store", f"cannot {right}: {error}", _mend(settings, right, error))
            if right == "put":
                return  # of what is not there nothing can be told
        else:
            can.append(right)
    yield ok("object store", f"can {', '.join(can)} in {store.address('')}")


def _put(store: ObjectStore, key: str) -> None:
    with TemporaryDirectory(prefix="sales-assets-") as folder:
        local = Path(folder, "probe")
        local.write_bytes(PROBE)
        store.put([(local, key)])


def _list(store: ObjectStore, key: str) -> None:
    if store.find(key) != [key]:
        raise PermanentError(f"{store.address(key)} was put, and is not listed")


def _get(store: ObjectStore, key: str) -> None:
    with store.local([key]) as [path]:
        if path.read_bytes() != PROBE:
            raise PermanentError(f"{store.address(key)} came back as something else")


def _delete(store: ObjectStore, key: str) -> None:
    store.delete([key])


RIGHTS: dict[str, Callable[[ObjectStore, str], None]] = {
    "put": _put,
    "list": _list,
    "get": _get,
    "delete": _delete,
}
"""What staging does with objects, in an order in which each can be tried."""


def _mend(settings: Settings, right: str, error: Exception) -> str:
    if settings.object_store is not ObjectStoreKind.S3:
        return f"give this user the right to write to {settings.object_folder}"
    action = "s3:ListBucket" if right == "list" else f"s3:{right.capitalize()}Object"
    return advice(error, action)


def _clock(store: S3ObjectStore) -> Iterator[Finding]:
    """S3's time is in each answer, also in one that refuses a request for its time."""
    before = datetime.now(UTC)
    try:
        yield compared(S3, store.now(), before)
    except SalesAssetsError as error:
        response = getattr(error.__cause__, "response", None) or {}
        date = response.get("ResponseMetadata", {}).get("HTTPHeaders", {}).get("date")
        if date:
            yield compared(S3, parsedate_to_datetime(date), before)
