"""What callers do in the synthetic corpus: many services, parameters in real shape."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Call:
    """A call; *request* is JSON in which NUMBER stands for one that changes."""

    source: str
    name: str
    request: str = "null"

    @property
    def reads(self) -> bool:
        """As CloudTrail's readOnly."""
        return self.name.startswith(("Get", "List", "Describe", "Decrypt", "Head", "Lookup"))


def _calls(table: str, request: str) -> tuple[Call, ...]:
    lines = (line.split() for line in table.strip().splitlines())
    return tuple(
        Call(f"{source}.amazonaws.com", name, request) for source, *names in lines for name in names
    )


_OF_MANY = (
    '{"maxResults":100,"filterSet":{"items":[{"name":"tag:Team","valueSet":{"items":'
    '[{"value":"team-NUMBER"}]}},{"name":"instance-state-name","valueSet":{"items":'
    '[{"value":"running"},{"value":"stopped"}]}}]},"resourceIdSet":{"items":[{"resourceId":'
    '"res-0a1b2c3dNUMBER"},{"resourceId":"res-0a1b2c3eNUMBER"}]}}'
)
_OF_ONE = (
    '{"name":"thing-NUMBER","resourceArn":"arn:aws:any:eu-central-1:111122223333:thing/NUMBER"}'
)
_READS = """
ec2 DescribeInstances DescribeVolumes DescribeSnapshots DescribeSecurityGroups
ec2 DescribeSubnets DescribeTags
ec2 DescribeNetworkInterfaces DescribeVpcs DescribeImages
ec2 DescribeRouteTables DescribeInstanceStatus
s3 GetObject HeadObject ListObjects GetBucketAcl GetBucketLocation GetBucketPolicy ListBuckets
iam GetRole GetUser GetPolicy ListRoles ListAttachedRolePolicies
iam ListUsers GetPolicyVersion ListAccessKeys
sts GetCallerIdentity
kms Decrypt DescribeKey ListKeys ListAliases GetKeyPolicy
lambda GetFunction ListFunctions GetPolicy20150331v2 ListTags20170331
dynamodb DescribeTable ListTables DescribeTimeToLive
cloudwatch DescribeAlarms GetMetricData ListMetrics
logs DescribeLogGroups DescribeLogStreams GetLogEvents FilterLogEvents
ssm DescribeInstanceInformation GetParameter GetParameters ListCommands
secretsmanager DescribeSecret ListSecrets
rds DescribeDBInstances DescribeDBClusters ListTagsForResource
elasticloadbalancing DescribeLoadBalancers DescribeTargetHealth DescribeListeners
autoscaling DescribeAutoScalingGroups DescribePolicies
ecs DescribeTasks DescribeServices ListTasks
ecr GetAuthorizationToken DescribeRepositories ListImages
config DescribeConfigRules GetComplianceDetailsByConfigRule
cloudtrail DescribeTrails GetTrailStatus LookupEvents
connect DescribeInstance ListUsers ListQueues DescribeUser GetMetricDataV2 ListSecurityProfiles
cloudformation DescribeStacks ListStackResources
sqs GetQueueAttributes
sns ListTopics GetTopicAttributes
route53 ListHostedZones ListResourceRecordSets
organizations DescribeOrganization ListAccounts
"""
_WRITES = """
sts AssumeRole AssumeRoleWithWebIdentity
logs CreateLogStream CreateLogGroup
kms GenerateDataKey Encrypt CreateGrant
ec2 CreateTags RunInstances TerminateInstances CreateNetworkInterface
ssm UpdateInstanceInformation PutInventory
s3 PutObject
ecs RunTask RegisterTaskDefinition
cloudwatch PutMetricAlarm
connect StartContactRecording StopContact UpdateContactAttributes
"""

CALLS = (
    *_calls(_READS, _OF_MANY) * 2,
    *_calls(_READS, _OF_ONE),
    *_calls(_WRITES, _OF_ONE),
)
"""What nobody minds, as often as it stands here."""

_OF_ACCOUNTS = ("iam", "organizations", "connect", "secretsmanager", "cloudtrail", "config")
_ON_SERVERS = tuple(
    call
    for call in CALLS
    if call.source.split(".")[0] not in _OF_ACCOUNTS and call.name != "ListBuckets"
)


def calls_of(arn: str) -> tuple[Call, ...]:
    """What a caller does when nobody minds: programs on servers do not list the account, its
    people or its buckets, and a rule speaks where one does."""
    return _ON_SERVERS if "/i-" in arn else CALLS


MATCHING = _calls(
    """
connect DeleteInstance AdminGetEmergencyAccessToken CreateUser UpdateUserSecurityProfiles
cloudtrail StopLogging DeleteTrail UpdateTrail
iam CreateLoginProfile AttachUserPolicy CreateAccessKey
guardduty DeleteDetector
ec2 ModifySnapshotAttribute DeleteFlowLogs
config DeleteConfigurationRecorder StopConfigurationRecorder
rds ModifyDBCluster
""",
    _OF_ONE,
)
"""What rules look at closely, and mostly match."""
