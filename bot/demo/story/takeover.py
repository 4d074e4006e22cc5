"""The takeover: an administrator's account is stolen, and with it the instance."""

from __future__ import annotations

from bot.demo.story.cast import ACCOUNT, PROD, REGION, TRAINING, Cast
from bot.demo.story.ordinary import AGENT_PROFILE, HOUR
from bot.demo.story.records import OTHER_BROWSER, Scribe, Who, signed_in, supplier, website
from bot.demo.story.shapes import Ends, Json

MINUTE = 60.0
TRAIL = f"arn:aws:cloudtrail:{REGION}:{ACCOUNT}:trail/example-trail"
DENIED = "AccessDeniedException"


def write_takeover(scribe: Scribe, cast: Cast) -> None:
    """All of it happens within 50 minutes, long after the administrator's own edit."""
    start = scribe.rng.uniform(7.0, 8.3) * HOUR
    _steal(scribe, cast, start)
    _raise(scribe, cast, start + 9 * MINUTE)
    _break_in(scribe, cast, start + 18 * MINUTE)
    _go_dark(scribe, cast, start + 25 * MINUTE)
    _redirect(scribe, cast, start + 29 * MINUTE)
    _blind(scribe, cast, start + 45 * MINUTE)
    _second_actor(scribe, cast, start + scribe.rng.uniform(20, 40) * MINUTE)


def _taken(cast: Cast) -> Ends:
    """The administrator's details were changed, and now this account gives out rights."""
    fold = (cast.admin.user_id, PROD.id)
    return Ends("connect_identity_taken_then_rights_raised", fold, 4 * HOUR)


def _broken_in(cast: Cast) -> Ends:
    """What is changed from where the emergency access came."""
    return Ends("connect_emergency_access_then_changes", (PROD.id, cast.outside), HOUR)


def _intruder(cast: Cast) -> Who:
    """The administrator's console session, from an address nobody has used."""
    return signed_in(cast.admin, "ConnectAdmin", cast.outside, OTHER_BROWSER)


def _steal(scribe: Scribe, cast: Cast, at: float) -> None:
    """The e-mail address is changed, then the password reset by a helpdesk that was fooled."""
    lead = cast.leads[0]
    request: Json = {
        "InstanceId": PROD.id,
        "UserId": cast.admin.user_id,
        "IdentityInfo": {"Email": f"{cast.admin.username}@mail.example.com"},
    }
    scribe.write(
        at,
        website(lead.user_id, PROD, cast.outside, OTHER_BROWSER),
        "connect:UpdateUserIdentityInfo",
        request,
        rule="connect_user_email_changed",
        fold=(lead.user_id, PROD.id),
        caption=f"{cast.admin.first}'s e-mail address is changed, in {lead.first}'s name",
    )
    helpdesk = signed_in(cast.helpdesk, "Helpdesk")
    scribe.write(
        at + 3 * MINUTE,
        helpdesk,
        "ds:ResetUserPassword",
        {
            "directoryId": "d-1234567890",
            "userName": cast.admin.username,
            "newPassword": "HIDDEN_DUE_TO_SECURITY_REASONS",
        },
        rule="connect_directory_password_reset",
        fold=(helpdesk.actor, ACCOUNT),
        caption=f"The helpdesk resets {cast.admin.first}'s password",
    )


def _raise(scribe: Scribe, cast: Cast, at: float) -> None:
    """Rights are added, and Global Resiliency repeats it in the replica Region."""
    who = website(cast.admin.user_id, PROD, cast.outside, OTHER_BROWSER)
    scribe.write(
        at,
        who,
        "connect:UpdateUserSecurityProfiles",
        {
            "InstanceId": PROD.id,
            "UserId": cast.leads[0].user_id,
            "SecurityProfileIds": [AGENT_PROFILE, "7e6d5c4b-3a29-4180-9f8e-7d6c5b4a3928"],
        },
        rule="connect_user_rights_changed",
        fold=(cast.admin.user_id, PROD.id),
        caption=f"{cast.leads[0].first} is given another security profile",
        ends=(_taken(cast),),
    )
    for after in (3, 6):
        note = scribe.write(
            at + after * MINUTE,
            who,
            "connect:UpdateSecurityProfile",
            {
                "InstanceId": PROD.id,
                "SecurityProfileId": AGENT_PROFILE,
                "Permissions": ["BasicAgentAccess", "Users.Edit", "SecurityProfiles.Edit"],
            },
            rule="connect_security_profile_updated",
            fold=(cast.admin.user_id, PROD.id, AGENT_PROFILE),
            caption="Every agent may now edit users and security profiles",
            ends=(_taken(cast),),
        )
        scribe.replay(note, PROD, after=scribe.rng.randint(5, 45))


def _break_in(scribe: Scribe, cast: Cast, at: float) -> None:
    """Emergency access, and again from another network."""
    who = _intruder(cast)
    scribe.write(at - 60, who, "connect:ListInstances", None)
    again = signed_in(cast.admin, "ConnectAdmin", cast.outside_later, OTHER_BROWSER)
    for after, by in ((0.0, who), (scribe.rng.uniform(2, 6), again)):
        scribe.write(
            at + after * MINUTE,
            by,
            "connect:AdminGetEmergencyAccessToken",
            {"InstanceId": PROD.id},
            rule="connect_emergency_access",
            fold=(who.actor, PROD.id),
            fast=True,
            caption=f"Emergency access to prod, in {cast.admin.first}'s name",
        )


def _go_dark(scribe: Scribe, cast: Cast, at: float) -> None:
    """The emergency session turns the flow logs off."""
    who = website(cast.ghost, PROD, cast.outside, OTHER_BROWSER)
    scribe.write(
        at,
        who,
        "connect:UpdateInstanceAttribute",
        {"InstanceId": PROD.id, "AttributeType": "CONTACTFLOW_LOGS", "Value": "false"},
        rule="connect_flow_logs_disabled",
        fold=(cast.ghost, PROD.id),
        fast=True,
        caption="The flow logs of prod are turned off",
        ends=(_broken_in(cast),),
    )
    scribe.write(
        at + 2 * MINUTE,
        who,
        "connect:UpdateInstanceAttribute",
        {"InstanceId": PROD.id, "AttributeType": "CONTACT_LENS", "Value": "false"},
        rule="connect_contact_lens_disabled",
        fold=(cast.ghost, PROD.id),
        caption="Contact Lens is turned off for prod",
        ends=(_broken_in(cast),),
    )


def _redirect(scribe: Scribe, cast: Cast, at: float) -> None:
    """A storage configuration is removed, refused at first; the recordings get a new bucket."""
    who = _intruder(cast)
    contacts: Json = {
        "InstanceId": PROD.id,
        "AssociationId": "0a1b2c3d4e5f60718293a4b5c6d7e8f9",
        "ResourceType": "CONTACT_TRACE_RECORDS",
    }
    fold = (who.actor, PROD.id, "CONTACT_TRACE_RECORDS")
    removal = "connect:DisassociateInstanceStorageConfig"
    message = f"User: {who.identity['arn']} is not authorized to perform: {removal}"
    refusals = scribe.rng.randint(1, 3)
    for place in range(refusals):
        scribe.write(
            at + place * 20,
            who,
            removal,
            contacts,
            error=(DENIED, message),
            rule="connect_storage_changed",
            fold=fold,
            caption="Removing the storage of contact records is refused",
        )
    permission_set: Json = {
        "instanceArn": "arn:aws:sso:::instance/ssoins-1234567890abcdef",
        "permissionSetArn": "arn:aws:sso:::permissionSet/ssoins-1234567890abcdef/ps-example",
        "inlinePolicy": '{"Version":"2012-10-17","Statement":[{"Effect":"Allow"}]}',
    }
    scribe.write(at + 4 * MINUTE, who, "sso:PutInlinePolicyToPermissionSet", permission_set)
    allowed = Ends("policy_changed_then_used", (who.actor, ACCOUNT), HOUR)
    ends = (allowed, _broken_in(cast))
    scribe.write(
        at + 9 * MINUTE,
        who,
        removal,
        contacts,
        rule="connect_storage_changed",
        fold=fold,
        caption="The storage of contact records is removed",
        ends=ends,
    )
    scribe.write(
        at + 12 * MINUTE,
        who,
        "connect:UpdateInstanceStorageConfig",
        _new_bucket(),
        rule="connect_storage_changed",
        fold=(who.actor, PROD.id, "CALL_RECORDINGS"),
        caption="Recordings go to another bucket",
        ends=ends,
    )


def _new_bucket() -> Json:
    return {
        "InstanceId": PROD.id,
        "AssociationId": "f9e8d7c6b5a493827160f5e4d3c2b1a0",
        "ResourceType": "CALL_RECORDINGS",
        "StorageConfig": {
            "AssociationId": "f9e8d7c6b5a493827160f5e4d3c2b1a0",
            "StorageType": "S3",
            "S3Config": {"BucketName": "backup-example-com", "BucketPrefix": "recordings"},
        },
    }


def _blind(scribe: Scribe, cast: Cast, at: float) -> None:
    """The trail is stopped, on some days narrowed first; a colleague starts it again."""
    who = _intruder(cast)
    fold = (who.actor, ACCOUNT, TRAIL)
    if scribe.rng.random() < 0.5:
        scribe.write(
            at - MINUTE,
            who,
            "cloudtrail:PutEventSelectors",
            {"trailName": TRAIL, "eventSelectors": [{"readWriteType": "ReadOnly"}]},
            rule="cloudtrail_blinded",
            fold=fold,
            caption="The trail is told to keep reads only",
        )
    scribe.write(
        at,
        who,
        "cloudtrail:StopLogging",
        {"name": TRAIL},
        rule="cloudtrail_blinded",
        fold=fold,
        fast=True,
        caption="The trail is stopped",
    )
    colleague = signed_in(cast.developer, "Platform")
    scribe.write(at + 4 * MINUTE, colleague, "cloudtrail:StartLogging", {"name": TRAIL})


def _second_actor(scribe: Scribe, cast: Cast, at: float) -> None:
    """Somebody else, elsewhere, at the same time: this must be an alert of its own."""
    who = supplier(cast.supplier, TRAINING.account)
    scribe.write(
        at,
        who,
        "connect:AdminGetEmergencyAccessToken",
        {"InstanceId": TRAINING.id},
        account=TRAINING.account,
        rule="connect_emergency_access",
        fold=(who.actor, TRAINING.id),
        fast=True,
        caption=f"{cast.supplier.first}, a supplier, uses emergency access to training",
    )
