"""The AWS account at hand: who the learner is, and the bucket and the roles that are the learner's there."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from helpers.studio import in_studio, space

EVENT = "dsaws-event"  # the stack of infra/event.yaml; a learner's own, of infra/learner.yaml, is dsaws-LEARNER
_DENIED = {"AccessDenied", "AccessDeniedException"}


def owner() -> str:
    """The learner's full name: COURSE_LEARNER, or in Studio the user profile that owns the space.

    The system's user is no answer on AWS: in a space that is sagemaker-user, for everybody.

    Raises:
        RuntimeError: nothing says whose this is, or a space is shared.
    """
    if name := os.environ.get("COURSE_LEARNER"):
        return name
    here, yours = space(), _set("COURSE_LEARNER", "a name that nobody else in this account has")
    if "UserProfileName" in here:  # Studio Classic
        return str(here["UserProfileName"])
    if not {"DomainId", "SpaceName"} <= here.keys():
        raise RuntimeError(f"Nothing here says who you are. {yours}")
    with _asking("sagemaker:DescribeSpace", yours):
        found = boto3.client("sagemaker").describe_space(DomainId=here["DomainId"], SpaceName=here["SpaceName"])
    profile = found.get("OwnershipSettings", {}).get("OwnerUserProfileName")
    if not profile or found.get("SpaceSharingSettings", {}).get("SharingType") == "Shared":
        raise RuntimeError(f"{here['SpaceName']} is a space for several people. Open one of your own. Or: {yours}")
    return str(profile)


def region() -> str:
    """The region: boto3's, or in Studio the one that the space is in.

    Raises:
        RuntimeError: neither says one.
    """
    # arn:aws:sagemaker:REGION:ACCOUNT:app/…
    of_the_space = [*str(space().get("ResourceArn", "")).split(":"), "", "", "", ""][3]
    if found := boto3.Session().region_name or of_the_space:
        return found
    raise RuntimeError("No region is set. Set AWS_DEFAULT_REGION, for example to us-east-1.")


def found(learner: str) -> dict[str, str]:
    """What a Workshop on AWS is made of.

    COURSE_BUCKET, COURSE_ROLE, COURSE_EVENTS_ROLE and COURSE_WORKGROUP name what is to be used. Else, where a template
    of `infra` was used (its stack is there, or this notebook runs as a role of it), the stack says the bucket, and the
    roles are the template's. Else it is what SageMaker itself would take: its default bucket, and for everything the
    role that this notebook runs as.

    Raises:
        RuntimeError: AWS does not answer, or there is no role.
    """
    with _asking("sts:GetCallerIdentity", "Look at this environment's credentials, or unset COURSE_CLOUD."):
        _, partition, _, _, number, *_ = boto3.client("sts").get_caller_identity()["Arn"].split(":")
        outputs = _outputs(f"dsaws-{learner}") or _outputs(EVENT)
    own = f"arn:{partition}:iam::{number}:role/dsaws-{learner}"
    of_a_template = bool(outputs) or space().get("ExecutionRoleArn") == f"{own}-notebook"
    role = os.environ.get("COURSE_ROLE") or (f"{own}-jobs" if of_a_template else _execution_role())
    return {
        "place": f"AWS account {number}",
        "region": region(),
        "account": number,
        "learner": learner,
        "bucket": os.environ.get("COURSE_BUCKET") or outputs.get("Bucket") or _default_bucket(),
        "role": role,
        "events_role": os.environ.get("COURSE_EVENTS_ROLE") or (f"{own}-events" if of_a_template else role),
        "reader_role": f"{own}-reader" if of_a_template else role,
        "workgroup": os.environ.get("COURSE_WORKGROUP") or f"dsaws-{learner}",
    }


def _outputs(stack: str) -> dict[str, str]:
    """The outputs of a stack of CloudFormation; empty where there is no such stack, or the role may not ask."""
    try:
        (described,) = boto3.client("cloudformation").describe_stacks(StackName=stack)["Stacks"]
    except ClientError as error:
        if error.response["Error"]["Code"] in _DENIED | {"ValidationError"}:  # the latter: it does not exist
            return {}
        raise
    return {output["OutputKey"]: output["OutputValue"] for output in described.get("Outputs", [])}


def _execution_role() -> str:
    """What this notebook runs as: Studio says it; elsewhere the SDK asks for it."""
    if "ExecutionRoleArn" in space():
        return str(space()["ExecutionRoleArn"])
    from sagemaker.core.helper.session_helper import Session, get_execution_role

    try:
        return str(get_execution_role(Session()))
    except ValueError as error:  # these are a user's credentials, not a role's
        yours = _set("COURSE_ROLE", "the ARN of a role for SageMaker and Glue")
        raise RuntimeError(f"{error}\n{yours}") from None


def _default_bucket() -> str:
    from sagemaker.core.helper.session_helper import Session

    with _asking("s3:CreateBucket", _set("COURSE_BUCKET", "a bucket that you may use")):
        return str(Session().default_bucket())


def _set(name: str, value: str) -> str:
    """How to set a variable for a kernel. In Studio JupyterLab runs already: the set-up keeps it with the kernel."""
    in_a_terminal = f"run `{name}=… python3 course.py setup` in the course's folder, then restart the kernel"
    return f"Set {name} to {value}: {in_a_terminal if in_studio() else 'in the environment that Jupyter starts in'}."


@contextmanager
def _asking(action: str, advice: str) -> Iterator[None]:
    """What AWS does not answer is told with what to do."""
    try:
        yield
    except (ClientError, BotoCoreError) as error:
        raise RuntimeError(f"AWS does not answer as needed ({action}): {error}\n{advice}") from None
