"""IAM for tests: every call that boto3 sends is held against a policy.

Belongs here: which rights a call needs, and whether a policy gives them. Does not: any
expectation. moto's own IAM knows no conditions, without which nobody may list below a prefix only.

Rights: "Required permissions for Amazon S3 API operations" and "Amazon SQS API permissions: Actions
and resource reference". S3 says "403" of a missing object to whom it does not let list the bucket;
whether a right with the condition `s3:prefix` is enough is documented nowhere, so here it is not.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest
from botocore.client import BaseClient
from botocore.exceptions import ClientError

OBJECT_RIGHTS = {
    "HeadObject": "s3:GetObject",
    "GetObject": "s3:GetObject",
    "PutObject": "s3:PutObject",
    "CreateMultipartUpload": "s3:PutObject",
    "UploadPart": "s3:PutObject",
    "CompleteMultipartUpload": "s3:PutObject",
    "AbortMultipartUpload": "s3:AbortMultipartUpload",
}
QUEUE_RIGHTS = {
    "GetQueueAttributes": "sqs:GetQueueAttributes",
    "ReceiveMessage": "sqs:ReceiveMessage",
    "DeleteMessageBatch": "sqs:DeleteMessage",
    "ChangeMessageVisibilityBatch": "sqs:ChangeMessageVisibility",
}
KEY_RIGHTS = {
    "GetObject": ["kms:Decrypt"],
    "PutObject": ["kms:GenerateDataKey"],
    "CreateMultipartUpload": ["kms:GenerateDataKey"],
    "UploadPart": ["kms:Decrypt"],
    "CompleteMultipartUpload": ["kms:Decrypt"],
}
"""What S3 does with a key of KMS in the caller's name ("Using SSE-KMS", "Permissions")."""


@dataclass(frozen=True)
class Needed:
    """A right that a call needs, with what IAM knows of the request."""

    action: str
    resource: str
    context: Mapping[str, str] = field(default_factory=dict)


@dataclass
class Iam:
    """Whose policy decides on calls; the key, if there is one, is that of all objects."""

    policy: dict[str, Any]
    key_arn: str = ""
    used: set[str] = field(default_factory=set)
    denied: list[Needed] = field(default_factory=list)
    operations: set[str] = field(default_factory=set)

    def allows(self, needed: Needed) -> bool:
        return any(_allows(statement, needed) for statement in self.policy["Statement"])

    def check(self, operation: str, parameters: Mapping[str, Any]) -> None:
        """Note a call; raise what AWS answers if it is not allowed."""
        self.operations.add(operation)
        for needed in self.needs(operation, parameters):
            if not self.allows(needed):
                self.denied.append(needed)
                raise refused(operation)
            self.used.add(needed.action)

    def needs(self, operation: str, parameters: Mapping[str, Any]) -> Iterator[Needed]:
        if operation in QUEUE_RIGHTS:
            account, name = parameters["QueueUrl"].split("/")[-2:]
            arn = f"arn:aws:sqs:us-east-1:{account}:{name}"
            yield Needed(QUEUE_RIGHTS[operation], arn)
            return
        bucket = f"arn:aws:s3:::{parameters['Bucket']}"
        if operation == "ListObjectsV2":
            context = {"s3:prefix": parameters["Prefix"]} if "Prefix" in parameters else {}
            yield Needed("s3:ListBucket", bucket, context)
        elif operation == "DeleteObjects":
            for one in parameters["Delete"]["Objects"]:
                yield Needed("s3:DeleteObject", f"{bucket}/{one['Key']}")
        else:  # a KeyError is a call of which nobody thought yet
            yield Needed(OBJECT_RIGHTS[operation], f"{bucket}/{parameters['Key']}")
        for action in KEY_RIGHTS.get(operation, []) if self.key_arn else []:
            via = {"kms:ViaService": "s3.us-east-1.amazonaws.com"}
            yield Needed(action, self.key_arn, via)


def refused(operation: str) -> ClientError:
    code = "403" if operation.startswith("Head") else "AccessDenied"
    response = {"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": 403}}
    return ClientError(response, operation)


def enforced(monkeypatch: pytest.MonkeyPatch, iam: Iam) -> Iam:
    """Have all clients ask IAM first."""
    call = BaseClient._make_api_call

    def ask(client: Any, operation: str, parameters: dict[str, Any]) -> Any:
        iam.check(operation, parameters)
        try:
            return call(client, operation, parameters)
        except ClientError as error:
            bucket = f"arn:aws:s3:::{parameters.get('Bucket')}"
            absent = error.response["Error"].get("Code") in {"404", "NoSuchKey"}
            if absent and not iam.allows(Needed("s3:ListBucket", bucket)):
                raise refused(operation) from error
            raise

    monkeypatch.setattr(BaseClient, "_make_api_call", ask)
    return iam


def _allows(statement: Mapping[str, Any], needed: Needed) -> bool:
    assert statement["Effect"] == "Allow"
    resources = statement["Resource"]
    return (
        needed.action in statement["Action"]
        and any(_like(resources, text) for text in [needed.resource])
        and all(
            _holds(operator, key, value, needed.context)
            for operator, conditions in statement.get("Condition", {}).items()
            for key, value in conditions.items()
        )
    )


def _holds(operator: str, key: str, value: str, context: Mapping[str, str]) -> bool:
    """A condition; one on what the request does not say does not hold."""
    if key not in context:
        return False
    found = {"StringEquals": context[key] == value, "StringLike": _like(value, context[key])}
    return found[operator.removeprefix("ForAnyValue:")]


def _like(pattern: str, text: str) -> bool:
    """IAM's wildcards; ${*}, ${?} and ${$} are these characters themselves."""
    parts = re.findall(r"\$\{([*?$])\}|(\*)|(\?)|(.)", pattern, flags=re.DOTALL)
    expression = "".join(
        re.escape(plain + other) if plain or other else ".*" if star else "."
        for plain, star, _, other in parts
    )
    return re.fullmatch(expression, text, flags=re.DOTALL) is not None
