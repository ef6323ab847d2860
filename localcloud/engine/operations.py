"""The operations of the engine that are open, by signing name; all else of it is closed.

Open is what the engine really does and what lessons, SDKs and command lines of the field call. Left out is what it
would only note down: bucket policies and lifecycle rules (nothing would enforce them), IAM users and STS sessions
(their keys would open nothing here), log queries and subscriptions, dashboards.
"""

from __future__ import annotations

from types import MappingProxyType

_S3 = (
    *("CreateBucket", "DeleteBucket", "HeadBucket", "ListBuckets", "GetBucketLocation"),
    *("GetBucketTagging", "PutBucketTagging", "DeleteBucketTagging"),
    *("GetBucketVersioning", "PutBucketVersioning", "ListObjectVersions"),
    *("GetBucketNotificationConfiguration", "PutBucketNotificationConfiguration"),
    *("GetBucketEncryption", "GetPublicAccessBlock", "GetBucketOwnershipControls"),
    *("ListObjects", "ListObjectsV2", "GetObject", "HeadObject", "PutObject", "CopyObject"),
    *("DeleteObject", "DeleteObjects", "GetObjectAttributes"),
    *("GetObjectTagging", "PutObjectTagging", "DeleteObjectTagging"),
    *("CreateMultipartUpload", "UploadPart", "UploadPartCopy", "CompleteMultipartUpload", "AbortMultipartUpload"),
    *("ListParts", "ListMultipartUploads"),
)
_IAM = (
    *("CreateRole", "GetRole", "ListRoles", "UpdateRole", "DeleteRole", "UpdateAssumeRolePolicy"),
    *("TagRole", "UntagRole", "ListRoleTags"),
    *("PutRolePolicy", "GetRolePolicy", "ListRolePolicies", "DeleteRolePolicy"),
    *("AttachRolePolicy", "DetachRolePolicy", "ListAttachedRolePolicies"),
    *("CreatePolicy", "GetPolicy", "ListPolicies", "DeletePolicy"),
    *("CreatePolicyVersion", "GetPolicyVersion", "ListPolicyVersions", "DeletePolicyVersion"),
    "SimulatePrincipalPolicy",
)
_LOGS = (
    *("CreateLogGroup", "DeleteLogGroup", "DescribeLogGroups"),
    *("CreateLogStream", "DeleteLogStream", "DescribeLogStreams"),
    *("PutLogEvents", "GetLogEvents", "FilterLogEvents"),
    *("TagResource", "UntagResource", "ListTagsForResource"),
)
_MONITORING = (
    *("PutMetricData", "GetMetricData", "GetMetricStatistics", "ListMetrics"),
    *("PutMetricAlarm", "DescribeAlarms", "DescribeAlarmsForMetric", "DeleteAlarms"),
    *("TagResource", "UntagResource", "ListTagsForResource"),
)
_BUDGETS = (
    *("CreateBudget", "DescribeBudget", "DescribeBudgets", "UpdateBudget", "DeleteBudget"),
    *("CreateNotification", "UpdateNotification", "DeleteNotification", "DescribeNotificationsForBudget"),
    *("CreateSubscriber", "UpdateSubscriber", "DeleteSubscriber", "DescribeSubscribersForNotification"),
    *("TagResource", "UntagResource", "ListTagsForResource"),
)
_EVENTS = (
    *("DescribeRule", "ListRules", "EnableRule", "DisableRule", "RemoveTargets", "ListTargetsByRule"),
    *("ListRuleNamesByTarget", "PutEvents", "TestEventPattern", "DescribeEventBus", "ListEventBuses"),
    *("TagResource", "UntagResource", "ListTagsForResource"),
)
OFFERED = MappingProxyType(
    {
        "s3": _S3,
        "sts": ("GetCallerIdentity",),
        "iam": _IAM,
        "logs": _LOGS,
        "monitoring": _MONITORING,
        "budgets": _BUDGETS,
        "events": _EVENTS,
    }
)
