"""Where staged objects lie, and the credentials for it.

Belongs here: each right that staging needs, tried on an object that is made for it. Does not: the
landing zone (`inputs`), or Snowflake's way to the same objects (`snowflake`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import uuid4

from sales_assets.doctor.clock import compared
from sales_assets.doctor.findings import Finding, ok, problem
from sales_assets.doctor.inputs import NETWORK
from sales_assets.errors import PermanentError, SalesAssetsError
from sales_assets.resources.build import build_object_store
from sales_assets.resources.object_store import ObjectStore
from sales_assets.resources.s3_object_store import S3ObjectStore
from sales_assets.setting_kinds import ObjectStoreKind
from sales_assets.settings import Settings

PROBE = b"of `sales-assets doctor`; may be deleted"
SECONDS, ATTEMPTS = 5, 2


def credentials(settings: Settings) -> Iterator[Finding]:
    """Where AWS's standard chain finds credentials, and whose they are; never what they are."""
    if settings.object_store is not ObjectStoreKind.S3 and settings.landing_bucket is None:
        return
    import boto3
    from botocore.config import Config

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
            connect_timeout=SECONDS,
            read_timeout=SECONDS,
            retries={"total_max_attempts": ATTEMPTS},
        )
        sts = session.client("sts", region_name=settings.s3_region, config=config)
        told += f", {sts.get_caller_identity()['Arn']}"
    yield ok("AWS credentials", told)


def objects(settings: Settings) -> Iterator[Finding]:
    """Put, list, get and delete an object, each of which is a right of its own."""
    store = build_object_store(settings)
    is_s3 = isinstance(store, S3ObjectStore)
    if not is_s3 and not settings.object_folder.exists():
        yield ok("object store", f"{settings.object_folder}, made by the first run")
        return
    store = store.model_copy(update=NETWORK if is_s3 else {})
    key = f"doctor-{uuid4().hex}"
    can: list[str] = []
    for right, attempt in RIGHTS.items():
        try:
            attempt(store, key)
        except (SalesAssetsError, OSError) as error:
            yield problem("object store", f"cannot {right}: {error}", _mend(settings, right, error))
            if right == "put":
                return  # of what is not there nothing can be told
        else:
            can.append(right)
    yield ok("object store", f"can {', '.join(can)} in {store.address('')}")
    if isinstance(store, S3ObjectStore) and "list" in can:
        before = datetime.now(UTC)
        yield compared("S3", store.now(), before)


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
    if "Denied" not in str(error) and "403" not in str(error):
        return "do what it says, and look again"
    action = "s3:ListBucket" if right == "list" else f"s3:{right.capitalize()}Object"
    return f"allow {action}; `sales-assets setup aws` prints the whole policy"
