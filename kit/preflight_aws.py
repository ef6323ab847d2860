"""What would fail on an AWS account, before it does: quotas, permissions, images, instance types, each asked of AWS.

`python -m kit.preflight --aws` (`course.py doctor --aws`). A question that the role may not ask is a note, and the
others are asked all the same. What is needed stands in `infra/`: `quotas.csv`, and `policies/` for the roles.
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from helpers import PROJECT
from helpers.aws.client import client, listed
from helpers.models.training import INSTANCE
from helpers.preflight import GOOD, NOTE, PROBLEM, Finding
from helpers.workshop import Workshop

Json = dict[str, Any]
QUOTAS, POLICIES = PROJECT / "infra" / "quotas.csv", PROJECT / "infra" / "policies"
SIZES = (1, 20, 60)  # learners for whom the table of quotas says what is needed
# What is asked for -> the lessons that need it; the first that fits. Names of quotas and of IAM's actions.
_LESSONS = {
    r"^s3:": "all lessons",
    r"budgets:": "00",
    r"[Cc]rawl": "02",
    r"AutoML|g4dn": "04",
    r"[Tt]uning": "01, 06",
    r"[Ss]erverless": "07",
    r"[Tt]ransform": "08",
    r"[Pp]ipeline|[Pp]rocessing|ModelPackage|^events|rules|Workflow|Trigger|NotifyEvent": "10",
    r"comprehend:|textract:": "09",
    r"[Ee]ndpoint": "07, 08, 10",
    r"[Tt]raining|ecr:": "01, 05, 06, 08, 10",
    r"^glue.*(Job|DPU|job)": "03",
    r"athena|glue": "02, 03, 04",
    r"[Ss]tudio|[Dd]omain|Space": "Studio itself",
    r"[Ss]tack|[Rr]oles per": "the templates in infra/",
    r"Delete|Abort|Stop": "12",
}
_DENIED = re.compile("AccessDenied|Unauthorized|NotAuthorized")


@dataclass(frozen=True)
class Image:
    """An image that a lesson takes, as it asks the SDK for it; `patched` until this day (AWS's list, 2026-08-21)."""

    lessons: str
    framework: str
    version: str
    scope: str | None = None
    patched: date | None = None
    suffix: str = ""


# With the endings that lesson 08 gives the tags: https://github.com/aws/deep-learning-containers, docs/src/data.
IMAGES = (
    Image("01, 05, 06, 07, 08, 10", "sklearn", "1.9-0", patched=date(2027, 7, 16)),
    Image("08", "pytorch", "2.10.0", "training", date(2027, 1, 21)),
    Image("08", "tensorflow", "2.21.0", "training", date(2027, 7, 10), suffix="-sagemaker"),
    Image("08", "pytorch", "2.6.0", "inference", date(2026, 6, 30)),
    Image("08", "tensorflow", "2.20.0", "inference", suffix="-sagemaker"),
)


def findings(ws: Workshop, learners: int = 1) -> Iterator[Finding]:
    """All that AWS answers, question by question."""
    yield from _asked("Quotas", "servicequotas:GetServiceQuota", lambda: quotas(learners))
    yield from permissions(ws)
    for image in IMAGES:
        what = f"Image {image.framework} {image.version}"
        yield from _asked(what, "ecr:BatchGetImage", partial(image_tag, ws, image))
    yield from _asked("Instance types", "pricing:GetProducts", lambda: instance_types(ws))


def _asked(what: str, action: str, ask: Callable[[], Iterator[Finding]]) -> Iterator[Finding]:
    """The findings of a question; what could not be asked is a note that says why."""
    try:
        yield from ask()
    except (ClientError, BotoCoreError, OSError) as error:
        denied = isinstance(error, ClientError) and _DENIED.search(error.response["Error"]["Code"])
        yield Finding(NOTE, what, f"could not ask: {f'your role may not {action}' if denied else error}")


def lessons_of(text: str) -> str:
    """The lessons that need a quota or an action, by its name; all, where none is known."""
    return next((lessons for pattern, lessons in _LESSONS.items() if re.search(pattern, text)), "all lessons")


def _fails(lessons: str) -> str:
    if re.fullmatch(r"[\d, ]+", lessons):
        lessons = f"lesson{'s' if ',' in lessons else ''} {lessons}"
    return f"{lessons} will fail"


# --- quotas ------------------------------------------------------------------------------------------------------


def quotas(learners: int, table: Path | None = None) -> Iterator[Finding]:
    """Each quota of the table against what so many learners need: the next larger of the table's numbers."""
    size = next((size for size in SIZES if size >= learners), SIZES[-1])
    with (table or QUOTAS).open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    asking = client("service-quotas")
    for row in rows:
        what, needed = f"Quota {row['name']}", float(row[f"needed_{size}"])
        yield from _asked(what, "servicequotas:GetServiceQuota", partial(_quota, asking, row, what, needed))


def _quota(asking: Any, row: dict[str, str], what: str, needed: float) -> Iterator[Finding]:
    wanted = {"ServiceCode": row["service"], "QuotaCode": row["code"]}
    try:
        found = asking.get_service_quota(**wanted)["Quota"]
    except asking.exceptions.NoSuchResourceException:  # it was never changed: what all accounts have holds
        found = asking.get_aws_default_service_quota(**wanted)["Quota"]
    if found["Value"] >= needed:
        yield Finding(GOOD, what, f"{found['Value']:g}; {needed:g} needed")
        return
    raise_it = (
        f"ask for more: aws service-quotas request-service-quota-increase --service-code {row['service']} "
        f"--quota-code {row['code']} --desired-value {needed:g}"
        if found.get("Adjustable", True)
        else "it cannot be raised: use an account for each learner"
    )
    lessons = _fails(lessons_of(f"{row['service']} {row['name']}"))
    yield Finding(PROBLEM, what, f"{found['Value']:g}; {needed:g} needed, else {lessons}. {raise_it}")


# --- permissions -------------------------------------------------------------------------------------------------


def permissions(ws: Workshop) -> Iterator[Finding]:
    """Whether the role of the notebook, of the jobs and of the events may do what `infra/policies` says."""
    yield from _asked("Permissions", "sts:GetCallerIdentity", lambda: _of_roles(ws))


def _of_roles(ws: Workshop) -> Iterator[Finding]:
    caller = client("sts").get_caller_identity()["Arn"]
    notebook = re.sub(r":sts:(.*):assumed-role/([^/]+)/.*", r":iam:\1:role/\2", caller)
    for name, role in (("notebook", notebook), ("jobs", ws.role), ("events", getattr(ws, "events_role", ws.role))):
        policy = json.loads((POLICIES / f"{name}.json").read_text(encoding="utf-8"))
        what = f"Permissions {name}"
        yield from _asked(what, "iam:SimulatePrincipalPolicy", partial(_of_role, ws, what, role, policy))


def _of_role(ws: Workshop, what: str, role: str, policy: Json) -> Iterator[Finding]:
    """What AWS's simulator says of a role, statement by statement; with what the statements ask for as context."""
    given = {"region": ws.region, "account": ws.account, "bucket": ws.bucket, "learner": ws.name("").split("-")[1]}
    refused: dict[str, list[str]] = {}
    for statement in policy["Statement"]:
        filled = json.loads(re.sub(r"\$\{(\w+)\}", lambda match: given.get(match[1], match[0]), json.dumps(statement)))
        for action in _refused(role, filled):
            refused.setdefault(_fails(lessons_of(action)), []).append(action)
    for lessons, actions in refused.items():
        yield Finding(PROBLEM, what, f"{role} may not {', '.join(actions)}: {lessons}. Give it {policy_name(what)}.")
    if not refused:
        yield Finding(GOOD, what, f"{role} may do all of {policy_name(what)}")


def policy_name(what: str) -> str:
    return f"infra/policies/{what.split()[1]}.json"


def _refused(role: str, statement: Json) -> list[str]:
    """The actions of a statement that the role may take on none of its resources."""
    actions, resources = _several(statement["Action"]), _several(statement["Resource"])
    pages = (
        client("iam")
        .get_paginator("simulate_principal_policy")
        .paginate(
            PolicySourceArn=role,
            ActionNames=actions,
            ResourceArns=[
                resource if resource == "*" else resource.replace("*", "preflight") for resource in resources
            ],
            ContextEntries=list(_context(statement.get("Condition", {}))),
        )
    )
    results = [result for page in pages for result in page["EvaluationResults"]]
    allowed = {result["EvalActionName"] for result in results if result["EvalDecision"] == "allowed"}
    return [action for action in actions if action not in allowed]


def _context(condition: Json) -> Iterator[Json]:
    """Values that fulfil a condition, as a request would bring them along."""
    for operator, keys in condition.items():
        for key, values in keys.items():
            if not operator.startswith("Null"):
                value = _several(values)[0].replace("*", "preflight")
                several = "stringList" if operator.startswith("For") else "string"
                yield {"ContextKeyName": key, "ContextKeyValues": [value], "ContextKeyType": several}


def _several(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value


# --- images and machines -----------------------------------------------------------------------------------------


def image_tag(ws: Workshop, image: Image) -> Iterator[Finding]:
    """Whether AWS's registry has the tag that the lesson asks for; else those that it has of this version."""
    from sagemaker.core import image_uris  # it takes seconds

    scope = {"image_scope": image.scope} if image.scope else {}
    uri = image_uris.retrieve(image.framework, ws.region, version=image.version, instance_type=INSTANCE, **scope)
    registry, _, name = (uri + image.suffix).partition("/")
    repository, _, tag = name.partition(":")
    ecr, where = client("ecr"), {"registryId": registry.partition(".")[0], "repositoryName": repository}
    if ecr.batch_get_image(**where, imageIds=[{"imageTag": tag}])["images"]:
        if image.patched and image.patched < datetime.now(UTC).date():
            yield Finding(NOTE, f"Image {name}", f"is there; AWS has not patched it since {image.patched}")
        else:
            yield Finding(GOOD, f"Image {name}", "is there")
        return
    like = sorted(_tags(ecr, where, image.version))
    mend = f"take one of these tags: {', '.join(like)}" if like else "take another version"
    yield Finding(PROBLEM, f"Image {name}", f"AWS's registry has no such tag, {_fails(image.lessons)}: {mend}.")


def _tags(ecr: Any, where: Json, version: str) -> Iterator[str]:
    every = listed(ecr, "list_images", "imageIds[].imageTag", **where, filter={"tagStatus": "TAGGED"})
    try:
        yield from (tag for tag in every if tag.startswith(f"{version}-cpu"))
    except ClientError as error:
        if not _DENIED.search(error.response["Error"]["Code"]):
            raise


def instance_types(ws: Workshop) -> Iterator[Finding]:
    """Whether the lessons' machine is sold here for each kind of work: SageMaker cannot be asked, a price list can."""
    for component, lessons in (
        ("Training", "01, 05, 06, 08, 10"),
        ("Hosting", "07, 08"),
        ("Processing", "10"),
        ("Batch Transform", "08"),
    ):
        wanted = {"instanceName": INSTANCE, "regionCode": ws.region, "component": component}
        filters = [{"Type": "TERM_MATCH", "Field": field, "Value": value} for field, value in wanted.items()]
        prices = client("pricing", region_name="us-east-1")  # which answers for all regions
        found = prices.get_products(ServiceCode="AmazonSageMaker", Filters=filters, MaxResults=1)["PriceList"]
        what = f"{INSTANCE} for {component.lower()}"
        if found:
            yield Finding(GOOD, what, f"is sold in {ws.region}")
        else:
            mend = "choose another region, or another INSTANCE in the lessons"
            yield Finding(PROBLEM, what, f"is not in the price list of {ws.region}: {_fails(lessons)}; {mend}.")
