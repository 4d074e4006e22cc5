"""What a call was about: the Connect instance, and the thing acted upon."""

from __future__ import annotations

import re
from urllib.parse import unquote

from bot.detection.document import Document, part

_ID = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
_BARE = re.compile(_ID, re.IGNORECASE)
_IN_ARN = re.compile(rf"instance/({_ID})", re.IGNORECASE)
_ANYWHERE = re.compile(rf"instance(?:/|\\/|%2F)({_ID})".encode(), re.IGNORECASE)

_INSTANCE_KEYS = ("InstanceId", "instanceId", "InstanceArn", "ResourceArn", "TargetArn")
_BARE_KEYS = frozenset({"InstanceId", "instanceId"})

_TARGET_KEYS = (
    "UserId",
    "Username",  # of a user that is only being made: its routing profile says less
    "SecurityProfileId",
    # A storage configuration: its kind says more than the association's id, which may differ
    # between the Regions of one instance.
    "ResourceType",
    "AssociationId",
    "AuthenticationProfileId",
    "PhoneNumberId",
    "ContactFlowId",
    "ContactFlowModuleId",
    "RoutingProfileId",
    "QueueId",
    "QuickConnectId",
    "AttributeType",
    "Id",
    "roleName",
    "userName",
    "sAMLProviderArn",
    "policyArn",
    "trailName",
    "eventDataStore",
    "bucketName",
    "functionName",
    "tableName",
    "keyId",
    "EntityArn",
    "EntityId",
    "HierarchyGroupId",
    "Origin",
    "FunctionArn",
    "IntegrationArn",
    "IntegrationAssociationId",
    "TrafficDistributionGroupId",
    "SecurityProfileName",
    "InstanceAlias",
    "ReplicaRegion",
    "TargetAccountId",
    "ViewId",
    "WorkspaceId",
    "resourceArn",
    "directoryId",
    "queueUrl",
    "logGroupName",
    "snapshotId",
    "dBSnapshotIdentifier",
    "imageId",
    "groupId",
    "secretId",
    "name",
)
_RANKS = {key: rank for rank, key in enumerate(_TARGET_KEYS)}
_LONGEST = 200


def instance_of(document: Document, raw: bytes) -> str:
    """The bare id of the Connect instance a record is about, or "".

    It is written as a bare id, an ARN or a URL-encoded ARN; where the request names none, any
    instance's ARN in the record will do.
    """
    request = part(document, "requestParameters")
    for key in _INSTANCE_KEYS:
        value = request.get(key)
        if not isinstance(value, str):
            continue
        plain = unquote(value)
        found = _IN_ARN.search(plain)
        if found:
            return found[1].lower()
        if key in _BARE_KEYS and _BARE.fullmatch(plain.strip()):
            return plain.strip().lower()
    if b"instance" not in raw.lower():
        # Far quicker than the pattern, and true of most records.
        return ""
    anywhere = _ANYWHERE.search(raw)
    return anywhere[1].decode().lower() if anywhere else ""


def target_of(document: Document) -> str:
    """The thing acted upon, without account and Region, or "" where the request names none."""
    return _target(document)[1]


def target_field(document: Document, raw: bytes) -> str:
    """Where in a record its target stands, dotted; "" where one field alone does not say it."""
    field, _ = _target(document)
    if field:
        return field
    instance, request = instance_of(document, raw), part(document, "requestParameters")
    for key in _INSTANCE_KEYS:
        value = request.get(key)
        if instance and isinstance(value, str) and instance in value.lower():
            return f"requestParameters.{key}"
    return ""


def _target(document: Document) -> tuple[str, str]:
    """(field, value) of the thing acted upon, "" each where the request names none."""
    request = part(document, "requestParameters")
    held = [("requestParameters", request)]
    if "StorageConfig" in request:
        held.append(("requestParameters.StorageConfig", part(request, "StorageConfig")))
    # Few of a request's keys name a target: those are put in order, not all that could.
    named = sorted(
        (_RANKS[key], number, key, place, holder)
        for number, (place, holder) in enumerate(held)
        for key in holder
        if key in _RANKS
    )
    for _, _, key, place, holder in named:
        value = holder[key]
        if isinstance(value, str) and value.strip():
            return f"{place}.{key}", _bare(value)[:_LONGEST]
    return "", ""


def _bare(value: str) -> str:
    """The last part of an ARN, in any of its spellings; anything else as it is."""
    plain = unquote(value).strip() if value[:6].lower() == "arn%3a" else value.strip()
    if not plain.startswith("arn:"):
        return plain
    return re.split(r"[:/]", plain.rstrip(":/"))[-1]
