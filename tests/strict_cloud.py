"""A local AWS in strict mode, with roles of a test's own."""

from __future__ import annotations

import json
from typing import Any

import boto3
from botocore.config import Config
from own_cloud import REGION, OwnCloud

from localcloud.store.sessions import Session, credentials_of
from localcloud.store.state import Credentials


class StrictCloud(OwnCloud):
    """An installation that asks what a role may do, and writes down each call of one.

    Args:
        variables: further ones of the server's environment.
    """

    def __init__(self, **variables: str) -> None:
        super().__init__()
        self.record = self.home / "calls.jsonl"
        self.environment |= {"LOCALCLOUD_STRICT": "1", "LOCALCLOUD_RECORD": str(self.record), **variables}
        self.start()

    def role(self, name: str, *statements: dict[str, Any], trusts: str = "sagemaker.amazonaws.com") -> str:
        """Make a role that may do what the statements say. Returns its ARN."""
        iam = self.client("iam")
        trust = {"Effect": "Allow", "Principal": {"Service": trusts}, "Action": "sts:AssumeRole"}
        arn = iam.create_role(RoleName=name, AssumeRolePolicyDocument=_document(trust))["Role"]["Arn"]
        if statements:
            iam.put_role_policy(RoleName=name, PolicyName="own", PolicyDocument=_document(*statements))
        return str(arn)

    def acting_as(self, role: str, service: str, expires: int = 0, tries: int = 1) -> Any:
        """A boto3 client with a role's credentials; with more tries it outlasts a limit of calls a second."""
        keys = credentials_of(Session(role, "test", expires), Credentials(**self.credentials))
        config = Config(retries={"mode": "standard", "total_max_attempts": tries})
        if service == "s3":
            config = config.merge(Config(signature_version="s3v4"))
        session = boto3.Session(keys.access_key, keys.secret_key, keys.session_token, region_name=REGION)
        return session.client(service, endpoint_url=self.endpoint, config=config)

    def calls(self) -> list[dict[str, Any]]:
        """What was written down so far."""
        return [json.loads(line) for line in self.record.read_text().splitlines()]


def _document(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


def allow(actions: str | list[str], resource: str | list[str] = "*", **conditions: Any) -> dict[str, Any]:
    """A statement that allows actions on resources, under conditions."""
    extra = {"Condition": conditions} if conditions else {}
    return {"Effect": "Allow", "Action": actions, "Resource": resource, **extra}
