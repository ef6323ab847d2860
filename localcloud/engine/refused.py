"""Members of requests to the engine that act on nothing here: refused by name, or taken and listed; with the reason.

`tests/localcloud/engine/test_every_member_acts.py` asks that each other member of each operation has its effect. A path
has no marks of lists, and what lies below it goes with it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple


class Refusal(NamedTuple):
    """Why a member is refused, and the values of it that are taken (those that change nothing on AWS either)."""

    reason: str
    taken: tuple[str, ...] = ()


Refusals = dict[str, Refusal]

_KMS = Refusal("there is no AWS KMS here")
_OWN_KEYS = Refusal("nothing is encrypted on this machine")
_LOCK = Refusal("object lock is not offered")
_ACL = Refusal("access control lists are off, as in every new bucket on AWS")
_DIRECTORY = Refusal("it is for directory buckets (S3 Express One Zone) only")
_ARCHIVE = Refusal(
    "an archived object could not be restored here",
    ("STANDARD", "STANDARD_IA", "ONEZONE_IA", "INTELLIGENT_TIERING", "GLACIER_IR", "REDUCED_REDUNDANCY"),
)
_CHECKSUM = Refusal("the checksums here are CRC32, CRC32C, CRC64NVME, SHA1 and SHA256")
_NEW_CHECKSUMS = {f"Checksum{name}": _CHECKSUM for name in ("SHA512", "MD5", "XXHASH64", "XXHASH3", "XXHASH128")}
_SSE_C = {f"SSECustomer{name}": _OWN_KEYS for name in ("Algorithm", "Key", "KeyMD5")}
_SSE_C_SOURCE = {f"CopySource{name}": refusal for name, refusal in _SSE_C.items()}
_GRANTS = {f"Grant{name}": _ACL for name in ("FullControl", "Read", "ReadACP", "WriteACP")}
_WRITES = {
    **_GRANTS,
    "ACL": Refusal(_ACL.reason, ("private", "bucket-owner-full-control")),
    **_SSE_C,
    "ServerSideEncryption": Refusal(_KMS.reason, ("AES256",)),
    "SSEKMSKeyId": _KMS,
    "SSEKMSEncryptionContext": _KMS,
    "BucketKeyEnabled": Refusal(_KMS.reason, ("false",)),
    "StorageClass": _ARCHIVE,
    **{
        f"ObjectLock{name}": _LOCK
        for name in ("Mode", "RetainUntilDate", "LegalHoldStatus", "EventHold", "EventHoldDurationDays")
    },
    "ObjectLockEventHoldDurationYears": _LOCK,
}
_DELETES = {
    "MFA": Refusal("there are no MFA devices"),
    "BypassGovernanceRetention": _LOCK,
}
_ONE_ACCOUNT = Refusal("there is one account")
_UNMASK = Refusal("no message is masked", ("false",))
_ATTRIBUTES = Refusal("no object here is being restored")
_ENTITIES = Refusal("entities are not kept")
_NO_MATH = Refusal("there is no metric math: ask for metrics, and calculate with the answers")
_COMPARISONS = tuple(
    f"{than}Threshold" for than in ("GreaterThan", "LessThan", "GreaterThanOrEqualTo", "LessThanOrEqualTo")
)
_ADJUSTS = Refusal("nothing is spent here that a limit could follow")
_VIEW = Refusal("there are no billing views")
_COMPARES = Refusal("nothing is spent here, so it would hold from the first, and nobody is told", ("GREATER_THAN",))

# (signing name, operation) -> member -> refusal; of S3 also for parts of a body, by their path.
REFUSED: dict[tuple[str, str], Refusals] = {
    ("s3", "CreateBucket"): {
        **_GRANTS,
        "GrantWrite": _ACL,
        "ObjectLockEnabledForBucket": Refusal(_LOCK.reason, ("false",)),
        "ObjectOwnership": Refusal(_ACL.reason, ("BucketOwnerEnforced",)),
        **dict.fromkeys(("CreateBucketConfiguration.Location", "CreateBucketConfiguration.Bucket"), _DIRECTORY),
        "BucketNamespace": Refusal("names of an account's own namespace are not offered", ("global",)),
    },
    ("s3", "PutObject"): {**_WRITES, **_NEW_CHECKSUMS, "WriteOffsetBytes": _DIRECTORY},
    ("s3", "CopyObject"): {
        **_WRITES,
        **_SSE_C_SOURCE,
        "AnnotationDirective": Refusal("annotations are not offered"),
    },
    ("s3", "CreateMultipartUpload"): _WRITES,
    ("s3", "UploadPart"): {**_SSE_C, **_NEW_CHECKSUMS},
    ("s3", "UploadPartCopy"): {**_SSE_C, **_SSE_C_SOURCE},
    ("s3", "CompleteMultipartUpload"): {
        **_SSE_C,
        **_NEW_CHECKSUMS,
        **{f"MultipartUpload.Parts.{name}": refusal for name, refusal in _NEW_CHECKSUMS.items()},
    },
    ("s3", "AbortMultipartUpload"): {"IfMatchInitiatedTime": _DIRECTORY},
    ("s3", "PutBucketNotificationConfiguration"): {
        f"NotificationConfiguration.{kind}Configurations": Refusal("events go to EventBridge only")
        for kind in ("Topic", "Queue", "LambdaFunction")
    },
    ("s3", "ListParts"): _SSE_C,
    ("s3", "GetObject"): _SSE_C,
    ("s3", "HeadObject"): _SSE_C,
    ("s3", "GetObjectAttributes"): _SSE_C,
    ("s3", "DeleteObject"): {**_DELETES, "IfMatchLastModifiedTime": _DIRECTORY, "IfMatchSize": _DIRECTORY},
    ("s3", "DeleteObjects"): _DELETES,
    ("logs", "CreateLogGroup"): {
        "kmsKeyId": _KMS,
        "logGroupClass": Refusal("there is one class of log groups", ("STANDARD",)),
        "deletionProtectionEnabled": Refusal("nothing protects a log group here", ("false",)),
    },
    ("logs", "DescribeLogGroups"): {
        "accountIdentifiers": _ONE_ACCOUNT,
        "includeLinkedAccounts": Refusal(_ONE_ACCOUNT.reason, ("false",)),
        "logGroupClass": Refusal("there is one class of log groups"),
        "logGroupIdentifiers": Refusal("groups are found by prefix or pattern"),
    },
    ("logs", "PutLogEvents"): {"entity": _ENTITIES},
    ("logs", "GetLogEvents"): {"unmask": _UNMASK},
    ("logs", "FilterLogEvents"): {"unmask": _UNMASK, "startFromHead": Refusal("events come oldest first", ("true",))},
    ("iam", "SimulatePrincipalPolicy"): {
        **dict.fromkeys(
            ("ResourcePolicy", "ResourceOwner", "CallerArn"), Refusal("resources here have no policies of their own")
        ),
        "ResourceHandlingOption": Refusal("it is for Amazon EC2, which is not here"),
        "PolicyExclusionList": Refusal("the policies of the role are simulated, all of them"),
    },
    ("monitoring", "PutMetricData"): {
        "EntityMetricData": _ENTITIES,
        "StrictEntityValidation": Refusal(_ENTITIES.reason, ("false",)),
    },
    ("monitoring", "ListMetrics"): {
        "IncludeLinkedAccounts": Refusal(_ONE_ACCOUNT.reason, ("false",)),
        "OwningAccount": _ONE_ACCOUNT,
    },
    ("monitoring", "GetMetricData"): {
        "MetricDataQueries.Expression": _NO_MATH,
        "MetricDataQueries.Period": _NO_MATH,
        "MetricDataQueries.AccountId": _ONE_ACCOUNT,
        "LabelOptions": Refusal("no label here has a time in it"),
    },
    ("monitoring", "DescribeAlarms"): {
        "AlarmTypes": Refusal("there are alarms on metrics only", ("MetricAlarm", "['MetricAlarm']")),
        **dict.fromkeys(("ChildrenOfAlarmName", "ParentsOfAlarmName"), Refusal("there are no composite alarms")),
    },
    ("monitoring", "PutMetricAlarm"): {
        **dict.fromkeys(
            ("AlarmActions", "OKActions", "InsufficientDataActions"), Refusal("there is no service to be told", ("[]",))
        ),
        "ComparisonOperator": Refusal("there is no anomaly detection", _COMPARISONS),
        "EvaluateLowSampleCountPercentile": Refusal("percentiles of few samples are evaluated", ("evaluate",)),
        "Metrics": Refusal(_NO_MATH.reason, ("[]",)),
        "ThresholdMetricId": Refusal("there is no anomaly detection"),
        **dict.fromkeys(("EvaluationCriteria", "EvaluationInterval"), Refusal("there is no PromQL")),
        **dict.fromkeys(
            ("EvaluationWindow", "WarmUpConfiguration"), Refusal("the last whole periods are evaluated, at any time")
        ),
    },
    ("events", "PutEvents"): {
        "EndpointId": Refusal("there are no global endpoints"),
        "Entries.TraceHeader": Refusal("there is no AWS X-Ray"),
    },
    ("budgets", "CreateBudget"): {
        "Budget.AutoAdjustData": _ADJUSTS,
        "Budget.BillingViewArn": _VIEW,
        "NotificationsWithSubscribers.Notification.ComparisonOperator": _COMPARES,
    },
    ("budgets", "UpdateBudget"): {"NewBudget.AutoAdjustData": _ADJUSTS, "NewBudget.BillingViewArn": _VIEW},
    ("budgets", "CreateNotification"): {"Notification.ComparisonOperator": _COMPARES},
    ("budgets", "UpdateNotification"): {"NewNotification.ComparisonOperator": _COMPARES},
    ("s3", "PutBucketVersioning"): {
        "MFA": _DELETES["MFA"],
        "VersioningConfiguration.MFADelete": Refusal(_DELETES["MFA"].reason, ("Disabled",)),
    },
    ("s3", "ListObjects"): {"OptionalObjectAttributes": _ATTRIBUTES},
    ("s3", "ListObjectsV2"): {"OptionalObjectAttributes": _ATTRIBUTES},
    ("s3", "ListObjectVersions"): {"OptionalObjectAttributes": _ATTRIBUTES},
}


_RECKONED = "as on AWS, it is told, not taken"
_STATE = "it is told, not taken: nothing is spent here, so it is OK"
_BUDGET = {
    **dict.fromkeys(("CalculatedSpend", "LastUpdatedTime", "HealthStatus"), _RECKONED),
}

# (signing name, operation) -> path -> why it is taken and acts on nothing; AWS's users lose nothing by it here.
WITHOUT_EFFECT: dict[tuple[str, str], dict[str, str]] = {
    **{
        ("s3", operation): {"RequestPayer": "the owner of a bucket asks, who pays in any case"}
        for operation in (
            *("AbortMultipartUpload", "CompleteMultipartUpload", "CopyObject", "CreateMultipartUpload"),
            *("DeleteObject", "DeleteObjects", "GetObject", "GetObjectAttributes", "GetObjectTagging", "HeadObject"),
            *("ListMultipartUploads", "ListObjectVersions", "ListObjects", "ListObjectsV2", "ListParts"),
            *("PutObject", "PutObjectTagging", "UploadPart", "UploadPartCopy"),
        )
    },
    ("s3", "PutBucketNotificationConfiguration"): {
        "SkipDestinationValidation": "EventBridge is the only destination, and always there"
    },
    ("logs", "FilterLogEvents"): {"interleaved": "as on AWS, the events of all streams are put together by their time"},
    ("logs", "PutLogEvents"): {"sequenceToken": "as on AWS, it is not asked any more"},
    ("events", "RemoveTargets"): {"Force": "no rule here belongs to a service"},
    ("budgets", "CreateBudget"): {
        **{f"Budget.{member}": reason for member, reason in _BUDGET.items()},
        "NotificationsWithSubscribers.Notification.NotificationState": _STATE,
    },
    ("budgets", "UpdateBudget"): {f"NewBudget.{member}": reason for member, reason in _BUDGET.items()},
    ("budgets", "UpdateNotification"): {
        "OldNotification.NotificationState": _STATE,
        "NewNotification.NotificationState": _STATE,
    },
    **{
        ("budgets", operation): {"Notification.NotificationState": _STATE}
        for operation in (
            *("CreateNotification", "DeleteNotification", "DescribeSubscribersForNotification"),
            *("CreateSubscriber", "UpdateSubscriber", "DeleteSubscriber"),
        )
    },
}


def refused(service: str, operation: str, given: Iterable[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    """The members of a request that are refused, each once with the reason.

    Args:
        given: member and its value, as text; a member of a list's items as often as they give it.
    """
    refusals = REFUSED.get((service, operation), {})
    for member in dict.fromkeys(
        member for member, value in given if member in refusals and value not in refusals[member].taken
    ):
        yield member, refusals[member].reason
