"""An ordinary day: sign-ins, small changes, deployments and the reading of machines."""

from __future__ import annotations

from bot.demo.story.cast import (
    ACCOUNT,
    GLOBAL_REGION,
    PROD,
    REGION,
    TRAINING,
    Cast,
    Instance,
    Person,
    new_id,
)
from bot.demo.story.records import (
    Scribe,
    aws_service,
    crawler,
    deployment,
    federated,
    in_url,
    metrics_reader,
    signed_in,
    single_sign_on,
    website,
)
from bot.demo.story.shapes import Json

HOUR = 3600.0
DAY = 10 * HOUR

AGENT_PROFILE = "5d8f3c2a-90b1-4c7e-8a5d-6e4f2b1c0d9e"
"""The security profile that most users have; the takeover changes it."""

KEY_ARN = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/44444444-3333-4222-8111-000000000000"


def write_day(scribe: Scribe, cast: Cast) -> None:
    """Everything of the day at which no rule speaks, but for the administrator's own edit."""
    _sign_ins(scribe, cast)
    _profile_edits(scribe, cast)
    _team_changes(scribe, cast)
    _queues(scribe, cast)
    _deployments(scribe, cast)
    _reads(scribe, cast)
    _crawling(scribe)
    _voice_keys(scribe)
    _administrators_edit(scribe, cast)
    _curious_agent(scribe, cast)


def _some(scribe: Scribe, least: int, most: int) -> list[float]:
    """Moments of the day, as many as the seed says between *least* and *most*."""
    moments = range(scribe.rng.randint(least, most))
    return sorted(scribe.rng.uniform(0.05 * HOUR, DAY - 0.1 * HOUR) for _ in moments)


def _instance(scribe: Scribe) -> Instance:
    return scribe.rng.choice((PROD, PROD, PROD, TRAINING))


def _sign_ins(scribe: Scribe, cast: Cast) -> None:
    """SAML sign-ins, two records each."""
    for at in _some(scribe, 12, 16):
        person = scribe.rng.choice((*cast.agents, *cast.leads))
        role = f"arn:aws:iam::{ACCOUNT}:role/ConnectSaml"
        provider = f"arn:aws:iam::{ACCOUNT}:saml-provider/ExampleIdp"
        request: Json = {
            "sAMLAssertionID": f"_{scribe.rng.getrandbits(64):016x}EXAMPLE",
            "roleSessionName": person.username,
            "roleArn": role,
            "principalArn": provider,
            "durationSeconds": 3600,
        }
        scribe.write(at, single_sign_on(person), "sts:AssumeRoleWithSAML", request)
        token: Json = {"InstanceId": PROD.id}
        scribe.write(at + 2, federated(person), "connect:GetFederationToken", token)


def _profile_edits(scribe: Scribe, cast: Cast) -> None:
    """Agents and leads change phones, statuses and routing in the admin website."""
    for at in _some(scribe, 18, 26):
        person = scribe.rng.choice(cast.agents)
        by = scribe.rng.choice((person, *cast.leads))
        instance = _instance(scribe)
        name, request = scribe.rng.choice(
            (
                (
                    "UpdateUserPhoneConfig",
                    {"PhoneConfig": {"PhoneType": "SOFT_PHONE", "AutoAccept": True}},
                ),
                ("PutUserStatus", {"AgentStatusId": new_id(scribe.rng)}),
                ("UpdateUserRoutingProfile", {"RoutingProfileId": new_id(scribe.rng)}),
                (
                    "UpdateUserIdentityInfo",
                    {"IdentityInfo": {"FirstName": person.first, "LastName": person.last}},
                ),
            )
        )
        scribe.write(
            at,
            website(by.user_id, instance, by.ip),
            f"connect:{name}",
            {"InstanceId": instance.id, "UserId": person.user_id, **request},
            account=instance.account,
        )


def _team_changes(scribe: Scribe, cast: Cast) -> None:
    """Team leads create users with the ordinary profile, and quick connects."""
    for at in _some(scribe, 2, 4):
        lead = scribe.rng.choice(cast.leads)
        number = scribe.rng.randint(100, 999)
        created: Json = {
            "InstanceId": PROD.id,
            "Username": f"trainee{number}",
            "IdentityInfo": {"FirstName": "Trainee", "LastName": str(number)},
            "SecurityProfileIds": [AGENT_PROFILE],
            "RoutingProfileId": new_id(scribe.rng),
            "PhoneConfig": {"PhoneType": "SOFT_PHONE"},
        }
        who = website(lead.user_id, PROD, lead.ip)
        scribe.write(
            at, who, "connect:CreateUser", created, response={"UserId": new_id(scribe.rng)}
        )
    for at in _some(scribe, 3, 6):
        lead = scribe.rng.choice(cast.leads)
        name = scribe.rng.choice(("Billing", "Second level", "Front desk", "Night shift"))
        request: Json = {
            "InstanceId": PROD.id,
            "Name": name,
            "QuickConnectConfig": {"QuickConnectType": "QUEUE"},
        }
        who = website(lead.user_id, PROD, lead.ip)
        scribe.write(at, who, "connect:CreateQuickConnect", request)


def _queues(scribe: Scribe, cast: Cast) -> None:
    """Queue edits, some of them repeated in the replica Region."""
    for place, at in enumerate(_some(scribe, 6, 9)):
        lead = scribe.rng.choice(cast.leads)
        name, request = scribe.rng.choice(
            (
                ("UpdateQueueMaxContacts", {"MaxContacts": scribe.rng.randint(10, 80)}),
                ("UpdateQueueHoursOfOperation", {"HoursOfOperationId": new_id(scribe.rng)}),
                ("UpdateQueueName", {"Name": "Orders"}),
            )
        )
        note = scribe.write(
            at,
            website(lead.user_id, PROD, lead.ip),
            f"connect:{name}",
            {"InstanceId": PROD.id, "QueueId": new_id(scribe.rng), **request},
        )
        if place % 3 == 0:
            scribe.replay(note, PROD, after=scribe.rng.randint(3, 40))


def _deployments(scribe: Scribe, cast: Cast) -> None:
    """CloudFormation deploys flows; a module fails at first. Logs are turned on, not off."""
    who = deployment(cast.developer)
    instance = in_url(PROD.arn())
    for at in _some(scribe, 2, 3):
        request: Json = {
            "InstanceId": instance,
            "Content": "***",
            "ClientToken": new_id(scribe.rng),
            "Tags": {},
            "Name": "VoiceToChatFlowModule",
        }
        problem = "Invalid Action property value. Path: Actions[1].Transitions.NextAction"
        scribe.write(
            at,
            who,
            "connect:CreateContactFlowModule",
            request,
            response={"Problems": [{"message": problem}]},
            error=("InvalidContactFlowModuleException", ""),
        )
        scribe.write(at + 95, who, "connect:CreateContactFlowModule", request)
        flow: Json = {"InstanceId": instance, "ContactFlowId": new_id(scribe.rng)}
        content = {**flow, "Content": "***"}
        scribe.write(at + 99, who, "connect:UpdateContactFlowContent", content)
        attribute: Json = {
            "InstanceId": instance,
            "AttributeType": "CONTACTFLOW_LOGS",
            "Value": "true",
        }
        scribe.write(at + 103, who, "connect:UpdateInstanceAttribute", attribute)
        stored: Json = {"InstanceId": instance, "ResourceType": "CHAT_TRANSCRIPTS"}
        scribe.write(at + 106, who, "connect:AssociateInstanceStorageConfig", stored)


def _reads(scribe: Scribe, cast: Cast) -> None:
    """The wallboard's metrics, and people looking at users."""
    for at in _some(scribe, 12, 18):
        request: Json = {
            "ResourceArn": PROD.arn(),
            "Filters": [{"FilterKey": "QUEUE", "FilterValues": [new_id(scribe.rng)]}],
            "Metrics": [{"Name": "CONTACTS_HANDLED"}, {"Name": "CONTACTS_ABANDONED"}],
        }
        more = {"readOnly": False}  # as real records of this call have it
        scribe.write(at, metrics_reader(), "connect:GetMetricDataV2", request, more=more)
    for at in _some(scribe, 14, 20):
        person: Person = scribe.rng.choice(cast.leads)
        instance = _instance(scribe)
        looked: Json = {
            "InstanceId": instance.arn(),
            "UserId": scribe.rng.choice(cast.agents).user_id,
        }
        who = website(person.user_id, instance, person.ip)
        scribe.write(at, who, "connect:DescribeUser", looked, account=instance.account)
    for at in _some(scribe, 1, 3):
        who = signed_in(cast.admin, "ConnectAdmin")
        scribe.write(at, who, "iam:ListSAMLProviders", None, region=GLOBAL_REGION)


def _crawling(scribe: Scribe) -> None:
    """AWS Config looks at what there is, and often at what there is not."""
    missing = ("ResourceNotFoundException", "The resource was not found.")
    calls = (
        ("connect:DescribeInstance", {"InstanceId": PROD.id}, None),
        ("connect:ListPhoneNumbersV2", {"TargetArn": PROD.arn()}, None),
        ("connect:DescribeInstanceStorageConfig", {"InstanceId": PROD.id}, missing),
        ("cloudtrail:GetTrailStatus", {"name": "example-trail"}, None),
        ("cloudtrail:GetEventSelectors", {"trailName": "example-trail"}, None),
        ("s3:GetBucketPolicy", {"bucketName": "example-recordings"}, missing),
    )
    for at in _some(scribe, 18, 26):
        call, request, error = scribe.rng.choice(calls)
        account = scribe.rng.choice((ACCOUNT, ACCOUNT, TRAINING.account))
        scribe.write(at, crawler(account), call, dict(request), account=account, error=error)


def _voice_keys(scribe: Scribe) -> None:
    """Voice ID makes grants on its key."""
    for at in _some(scribe, 4, 7):
        name = scribe.rng.choice(("CreateGrant", "DescribeKey", "GenerateDataKeyWithoutPlaintext"))
        request: Json = {"keyId": KEY_ARN, "retiringPrincipal": "voiceid.amazonaws.com"}
        resources = [{"accountId": ACCOUNT, "type": "AWS::KMS::Key", "ARN": KEY_ARN}]
        more = {"resources": resources, "readOnly": name != "CreateGrant"}
        scribe.write(at, aws_service("voiceid"), f"kms:{name}", request, more=more)


def _administrators_edit(scribe: Scribe, cast: Cast) -> None:
    """The administrator's own change of a security profile: an alert that is expected."""
    note = scribe.write(
        scribe.rng.uniform(1.2, 2.8) * HOUR,
        website(cast.admin.user_id, PROD, cast.admin.ip),
        "connect:UpdateSecurityProfile",
        {
            "InstanceId": PROD.id,
            "SecurityProfileId": AGENT_PROFILE,
            "Permissions": ["BasicAgentAccess", "OutboundCallAccess"],
        },
        rule="connect_security_profile_updated",
        fold=(cast.admin.user_id, PROD.id, AGENT_PROFILE),
        caption=f"{cast.admin.first} lets agents call out",
    )
    scribe.replay(note, PROD, after=scribe.rng.randint(5, 45))


def _curious_agent(scribe: Scribe, cast: Cast) -> None:
    """On some days an agent tries to give agents more rights, and is refused."""
    if scribe.rng.random() < 0.5:
        return
    agent = scribe.rng.choice(cast.agents)
    scribe.write(
        scribe.rng.uniform(4.2, 5.5) * HOUR,
        website(agent.user_id, PROD, agent.ip),
        "connect:UpdateSecurityProfile",
        {"InstanceId": PROD.id, "SecurityProfileId": AGENT_PROFILE, "Permissions": ["Users.Edit"]},
        error=("AccessDeniedException", "The user may not change security profiles."),
        rule="connect_security_profile_updated",
        fold=(agent.user_id, PROD.id, AGENT_PROFILE),
        caption=f"{agent.first} tries the security profiles, and is refused",
    )
