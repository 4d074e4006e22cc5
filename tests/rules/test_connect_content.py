"""The rules on flows, numbers, contacts and content: what they see, and what is nobody's alarm."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from bot.detection import sigma
from bot.detection.engine import Engine
from bot.detection.rulecase import callers, changed
from bot.model import Level
from tests.detection.made import entry

RULES = sigma.load()
ENGINE = Engine(RULES)

GRAVE = (
    "AssociatePhoneNumberContactFlow",
    "BatchDeleteDataTableValue",
    "BatchUpdateDataTableValue",
    "ClaimPhoneNumber",
    "CreateContactFlow",
    "CreateQuickConnect",
    "DeleteContactData",
    "DeleteContactFlow",
    "DeleteContactFlowModule",
    "DeleteDataTable",
    "DeleteQueue",
    "DeleteRule",
    "DisassociateFlow",
    "DisassociatePhoneNumberContactFlow",
    "ImportPhoneNumber",
    "MonitorContact",
    "ReleasePhoneNumber",
    "StartContactMediaProcessing",
    "StartContactStreaming",
    "StartOutboundVoiceContact",
    "StopContact",
    "SuspendContactRecording",
    "UpdateContactFlowAlias",
    "UpdateContactFlowContent",
    "UpdateContactFlowModuleAlias",
    "UpdateContactFlowModuleContent",
    "UpdatePhoneNumber",
    "UpdateQuickConnectConfig",
)
"""Calls on what callers meet that can do grave harm."""

CONTENT: Mapping[str, object] = {"ContactFlowId": "f", "Content": "***"}
OUTSIDE: Mapping[str, object] = {
    "QuickConnectConfig": {
        "QuickConnectType": "PHONE_NUMBER",
        "PhoneConfig": {"PhoneNumber": "+12065550142"},
    }
}
INSIDE: Mapping[str, object] = {"QuickConnectConfig": {"QuickConnectType": "QUEUE"}}
BARGE: Mapping[str, object] = {"AllowedMonitorCapabilities": ["SILENT_MONITOR", "BARGE"]}
CLOSED: Mapping[str, object] = {"OverrideType": "CLOSED", "EffectiveFrom": "2026-12-24"}
EVENTS: Mapping[str, object] = {
    "Actions": [{"ActionType": "SEND_NOTIFICATION"}],
    "PublishStatus": "PUBLISHED",
}
ORDINARY = (
    # Supervisors and agents in the website.
    ("website", "CreateQuickConnect", INSIDE),
    ("website", "CreateContactFlow", {"Status": "PUBLISHED", "Content": "***"}),
    ("website", "UpdateContactFlowContent", {"ContactFlowId": "f:$SAVED", "Content": "***"}),
    ("website", "MonitorContact", BARGE),
    ("website", "SuspendContactRecording", {}),
    ("website", "StopContact", {}),
    ("website", "UpdateContactAttributes", {"Attributes": "***"}),
    ("website", "TransferContact", {"QueueId": "q"}),
    ("website", "CreateHoursOfOperationOverride", CLOSED),
    ("website", "CreateRule", EVENTS),
    ("website", "BatchUpdateDataTableValue", {"Values": "***"}),
    ("website", "UpdateQueueStatus", {"Status": "ENABLED"}),
    ("website", "UpdateQueueOutboundCallerConfig", {}),
    ("website", "DeletePrompt", {}),
    ("website", "SearchContacts", {"SearchCriteria": {"ContactAnalysis": {"Transcript": "***"}}}),
    ("website", "GetAttachedFile", {}),
    # A deployment, and its echo in the other Region.
    *(
        (caller, name, request)
        for caller in ("deployment", "replica")
        for name, request in (
            ("CreateContactFlow", {"Content": "***"}),
            ("UpdateContactFlowContent", CONTENT),
            ("UpdateContactFlowModuleContent", {"ContactFlowModuleId": "m", "Content": "***"}),
            ("UpdateContactFlowAlias", {"ContactFlowVersion": 3}),
            ("DeleteContactFlow", {}),
            ("DeleteQueue", {}),
            ("DeleteRule", {}),
            ("CreateQuickConnect", OUTSIDE),
            ("UpdateQuickConnectConfig", OUTSIDE),
            ("ClaimPhoneNumber", {"PhoneNumber": "***"}),
            ("UpdatePhoneNumber", {}),
            ("CreateRule", EVENTS),
            ("CreateEmailAddress", {}),
            ("UpdatePrompt", {"S3Uri": "***"}),
        )
    ),
    # Connect itself.
    ("connect_as_root", "ListRealtimeContactAnalysisSegmentsV2", {"OutputType": "Raw"}),
    ("connect_as_root", "UpdateContactAttributes", {"Attributes": "***"}),
)


@pytest.mark.parametrize("name", GRAVE)
def test_grave_calls_have_a_rule(name: str) -> None:
    """A rule looks at each of them."""
    assert any(rule.may_see("connect.amazonaws.com", name) for rule in RULES)


@pytest.mark.parametrize(("caller", "name", "request_parameters"), ORDINARY)
def test_ordinary_work_is_nobodys_alarm(
    caller: str, name: str, request_parameters: Mapping[str, object]
) -> None:
    """What supervisors, agents, deployments and Connect itself do all day gives no alert."""
    arn = "arn:aws:connect:eu-central-1:111122223333:instance/aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee"
    request = {"InstanceId": arn, **request_parameters}
    record = changed(callers()[caller], {"eventName": name, "requestParameters": request})

    found = {finding.rule: finding.level for finding in ENGINE.judge(entry(record))}

    assert {rule for rule, level in found.items() if level is not Level.LOW} == set()


def test_drafts_are_told_from_what_is_live() -> None:
    """The same person, the same flow: only the live one is news, in all its spellings."""
    live = changed(
        callers()["administrator"],
        {"eventName": "UpdateContactFlowContent", "requestParameters": {"ContactFlowId": "f"}},
    )
    drafts = [
        changed(live, {"requestParameters.ContactFlowId": f"arn:aws:connect:x/contact-flow/f{end}"})
        for end in (":$SAVED", "%3A%24SAVED", "%3A$SAVED")
    ]

    assert [finding.rule for finding in ENGINE.judge(entry(live))] == [
        "connect_flow_changed_by_api"
    ]
    assert [ENGINE.judge(entry(draft)) for draft in drafts] == [(), (), ()]
