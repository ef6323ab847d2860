"""What the templates in `infra` make for a learner, made at home: roles of the same policies, workgroup, events on."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from string import Template
from typing import Any

from helpers.aws import provision

POLICIES = Path(__file__).resolve().parents[1] / "infra" / "policies"
KINDS = ("notebook", "jobs", "events", "reader")


def role_name(learner: str, kind: str) -> str:
    """`dsaws-ann-jobs`: the role of a learner's jobs."""
    return f"dsaws-{learner}-{kind}"


def document(path: Path, *, learner: str, account: str, region: str, bucket: str) -> str:
    """A policy of this learner: the file with its placeholders filled.

    Raises:
        KeyError: it has a placeholder of another name.
    """
    values = {"learner": learner, "account": account, "region": region, "bucket": bucket}
    return Template(path.read_text(encoding="utf-8")).substitute(values)


def make(client: Callable[[str], Any], *, learner: str, account: str, region: str, bucket: str) -> dict[str, str]:
    """Make a learner's roles, or bring them to what the files say now, and the rest. Returns kind -> ARN.

    Args:
        client: makes a boto3 client with an administrator's rights, by the service's name.
    """
    iam = client("iam")
    values = {"learner": learner, "account": account, "region": region, "bucket": bucket}
    arns = {}
    for kind in KINDS:
        name, trust = role_name(learner, kind), document(POLICIES / "trust" / f"{kind}.json", **values)
        try:
            arns[kind] = iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust)["Role"]["Arn"]
        except iam.exceptions.EntityAlreadyExistsException:
            iam.update_assume_role_policy(RoleName=name, PolicyDocument=trust)
            arns[kind] = iam.get_role(RoleName=name)["Role"]["Arn"]
        policy = document(POLICIES / f"{kind}.json", **values)
        iam.put_role_policy(RoleName=name, PolicyName="DataScienceOnAWS", PolicyDocument=policy)
    results = f"s3://{bucket}/data-science-on-aws/{learner}/athena/"
    provision.workgroup(client("athena"), f"dsaws-{learner}", results)
    now = client("s3").get_bucket_notification_configuration(Bucket=bucket)
    if "EventBridgeConfiguration" not in now:
        now.pop("ResponseMetadata")
        wanted = {**now, "EventBridgeConfiguration": {}}
        client("s3").put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration=wanted)
    return arns
