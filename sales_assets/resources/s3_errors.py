"""What AWS reports, as errors of this project.

Belongs here: which failures may pass and which a person must set right. Does not: the calls
themselves (`s3_bucket`, `s3_events`).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from sales_assets.errors import PermanentError, TransientError

PASSING = frozenset(
    {
        "InternalError",
        "OperationAborted",
        "RequestTimeout",
        "RequestTimeTooSkewed",
        "RequestThrottled",
        "ServiceUnavailable",
        "SlowDown",
        "Throttling",
        "ThrottlingException",
        "TooManyRequestsException",
    }
)
"""AWS's words for what may succeed later, also where the answer as a whole was a success."""
ABSENT = frozenset(
    {
        "NoSuchBucket",
        "AWS.SimpleQueueService.NonExistentQueue",
        "QueueDoesNotExist",
    }
)
"""AWS's words for a bucket or a queue that is not there."""


@dataclass(frozen=True)
class Told:
    """How failures at an address are told; `setting` is what a person has to correct."""

    address: str
    setting: str
    endpoint_url: str | None = None

    @contextmanager
    def errors(self, key: str = "") -> Iterator[None]:
        """Raise what boto3 reports of an address, or of a key in it, as an error of ours."""
        from boto3.exceptions import Boto3Error
        from botocore import exceptions

        try:
            yield
        except exceptions.ClientError as error:
            told = error.response["Error"]
            status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
            code = "ServiceUnavailable" if status >= 500 else told.get("Code", "")
            raise self.refused(code, str(error), key) from error
        except (
            exceptions.ConnectionError,
            exceptions.HTTPClientError,
            exceptions.IncompleteReadError,
            exceptions.ResponseStreamingError,
            exceptions.FlexibleChecksumError,
            Boto3Error,
        ) as error:
            raise TransientError(f"{self._at(key)}: {error}; try again later") from error
        except (exceptions.BotoCoreError, ValueError) as error:
            raise PermanentError(
                f"{self._at(key)}: {error}; correct the AWS credentials, {self.setting} or the "
                "SALES_ASSETS_S3_ settings"
            ) from error

    def refused(self, code: str, reason: str, key: str = "") -> PermanentError | TransientError:
        """The error for a code of AWS's."""
        if code in PASSING:
            return TransientError(f"{self._at(key)}: {reason} ({code}); try again later")
        if code in ABSENT:
            return self.absent()
        if code == "InvalidObjectState":
            return PermanentError(f"{self._at(key)}: is archived ({reason}); restore it in S3")
        return PermanentError(
            f"{self._at(key)}: {reason}; check what the AWS credentials may do, "
            f"{self.setting} and the SALES_ASSETS_S3_ settings"
        )

    def absent(self) -> PermanentError:
        """The error for a bucket or a queue that is not there."""
        what = "bucket" if self.address.startswith("s3:") else "queue"
        return PermanentError(
            f"{self.address}: {self.endpoint_url or 'AWS'} has no such {what}; create it, or "
            f"correct {self.setting}"
        )

    def _at(self, key: str) -> str:
        return f"{self.address}/{key}" if key else self.address
