"""Without strict mode: a role that is here is asked all the same; what only a real account has is not."""

from __future__ import annotations

import json
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from glue_jobs import Glue
from own_cloud import REGION, OwnCloud
from training_jobs import Training

from localcloud.store.sessions import Session, credentials_of
from localcloud.store.state import READER_ROLE_ARN, ROLE_ARN, ROLE_NAME, Credentials

ABROAD = "arn:aws:iam::123456789012:role/of-a-program-from-elsewhere"
TRAINS = "open('/opt/ml/model/model.txt', 'w').write('learned')"


def acting_as(cloud: OwnCloud, role: str, service: str) -> Any:
    keys = credentials_of(Session(role, "test"), Credentials(**cloud.credentials))
    session = boto3.Session(keys.access_key, keys.secret_key, keys.session_token, region_name=REGION)
    return session.client(service, endpoint_url=cloud.endpoint)


def test_a_notebook_acts_as_the_role_that_every_account_has(local_aws: OwnCloud) -> None:
    caller = acting_as(local_aws, ROLE_NAME, "sts").get_caller_identity()
    assert caller["Arn"] == ROLE_ARN.replace(":iam:", ":sts:").replace(":role/", ":assumed-role/") + "/test"
    acting_as(local_aws, ROLE_NAME, "sagemaker").list_endpoints()


@pytest.mark.parametrize(
    ("operation", "members", "resource"),
    [
        ("list_roles", {}, "arn:aws:iam::123456789012:role/"),
        ("list_role_policies", {"RoleName": ROLE_NAME}, f"role {ROLE_NAME}"),
        ("delete_role", {"RoleName": "none"}, "role none"),
        (
            "create_role",
            {"RoleName": "new", "AssumeRolePolicyDocument": "{}"},
            "arn:aws:iam::123456789012:role/new",
        ),
    ],
)
def test_it_cannot_change_or_read_who_may_do_what(
    local_aws: OwnCloud, operation: str, members: dict[str, str], resource: str
) -> None:
    who = f"arn:aws:sts::123456789012:assumed-role/{ROLE_NAME}/test"
    action = "".join(part.capitalize() for part in operation.split("_"))
    told = f"User: {who} is not authorized to perform: iam:{action} on resource: {resource} because no identity-based"
    with pytest.raises(ClientError, match="AccessDenied") as denied:
        getattr(acting_as(local_aws, ROLE_NAME, "iam"), operation)(**members)
    assert denied.value.response["Error"]["Message"].startswith(told)


def test_nobody_is_throttled(local_aws: OwnCloud) -> None:
    sagemaker = acting_as(local_aws, ROLE_NAME, "sagemaker")
    for _ in range(60):  # a burst of more than strict mode lets through
        sagemaker.list_training_jobs(MaxResults=1)


def test_a_job_whose_role_may_not_write_trains_and_loses_its_model(training: Training) -> None:
    job = training.run(f"{TRAINS}\nprint('trained')", RoleArn=READER_ROLE_ARN)
    assert job["TrainingJobStatus"] == "Failed"
    assert job["BillableTimeInSeconds"] > 0
    role = READER_ROLE_ARN.rpartition("/")[2]
    assert f"assumed-role/{role}/SageMaker is not authorized to perform: s3:PutObject" in job["FailureReason"]
    assert training.s3_uri("models").removeprefix("s3://") in job["FailureReason"]
    assert "trained" in training.log(job["TrainingJobName"])


def test_a_role_that_nobody_made_here_may_do_everything(training: Training) -> None:
    assert training.run(TRAINS, RoleArn=ABROAD)["TrainingJobStatus"] == "Completed"


def test_a_role_with_a_policy_of_ones_own_may_do_what_that_says(workshop: Any, glue: Glue) -> None:
    iam = boto3.client("iam")
    trust = {"Effect": "Allow", "Principal": {"Service": "glue.amazonaws.com"}, "Action": "sts:AssumeRole"}
    policy = {"Effect": "Allow", "Action": ["s3:*", "logs:*", "cloudwatch:*"], "Resource": "*"}
    document = {"Version": "2012-10-17", "Statement": [trust]}
    role = iam.create_role(RoleName="own-glue", AssumeRolePolicyDocument=json.dumps(document))["Role"]["Arn"]
    document["Statement"] = [policy]
    iam.put_role_policy(RoleName="own-glue", PolicyName="own", PolicyDocument=json.dumps(document))
    run = glue.run("import boto3\nboto3.client('s3').list_buckets()\nboto3.client('glue').get_databases()", Role=role)
    assert run["JobRunState"] == "FAILED"
    assert "glue:GetDatabases" in run["ErrorMessage"]
