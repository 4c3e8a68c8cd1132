"""Object stores in a directory and on S3, empty, and local files to put into them.

S3 is moto's server, spoken to over HTTP; it checks neither signatures nor who may do what,
except by bucket policies.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from sales_assets.resources.directory_object_store import DirectoryObjectStore
from sales_assets.resources.object_store import ObjectStore
from sales_assets.resources.s3_object_store import S3ObjectStore
from sales_assets_tests.resources.object_store.keeping import PREFIX, InDirectory, Kept, OnS3
from sales_assets_tests.s3 import set_credentials


@pytest.fixture(autouse=True)
def _credentials(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    set_credentials(monkeypatch, tmp_path)


@pytest.fixture
def s3(bucket: str, endpoint: str) -> S3ObjectStore:
    return S3ObjectStore(bucket=bucket, prefix=PREFIX, endpoint_url=endpoint, attempts=1)


@pytest.fixture
def directory(tmp_path: Path) -> DirectoryObjectStore:
    return DirectoryObjectStore(root=str(tmp_path / "objects"))


@pytest.fixture(params=[DirectoryObjectStore, S3ObjectStore])
def kept(request: pytest.FixtureRequest) -> Kept:
    if request.param is DirectoryObjectStore:
        return InDirectory(request.getfixturevalue("directory"))
    return OnS3(request.getfixturevalue("s3"))


@pytest.fixture
def store(kept: Kept) -> ObjectStore:
    return kept.store


@pytest.fixture
def write(tmp_path: Path) -> Callable[[bytes], Path]:
    """A new local file with this content."""
    (tmp_path / "local").mkdir()
    names = count()

    def write(content: bytes) -> Path:
        path = tmp_path / "local" / str(next(names))
        path.write_bytes(content)
        return path

    return write


@pytest.fixture
def other_file_system(tmp_path: Path) -> Iterator[Path]:
    memory = Path("/dev/shm")
    if not memory.is_dir() or memory.stat().st_dev == tmp_path.stat().st_dev:
        pytest.skip("there is no second file system (/dev/shm) to copy from")
    with TemporaryDirectory(dir=memory) as folder:
        yield Path(folder)
