"""`infra/roles.yaml`, the CloudFormation template of a learner's roles, made of the policies in `infra/policies`.

`python -m kit.role_templates` writes it; a test compares.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import yaml

POLICIES = Path(__file__).resolve().parents[1] / "infra" / "policies"
TEMPLATE = POLICIES.parent / "roles.yaml"
ROLES = ("notebook", "jobs", "events", "reader")
# A variable of a policy -> what CloudFormation calls it.
VARIABLES = {"region": "AWS::Region", "account": "AWS::AccountId", "bucket": "Bucket", "learner": "Learner"}
BEGINNING = """\
# Made by `python -m kit.role_templates` from infra/policies: change the policies, not this file.
"""


class Sub(str):
    """A text with variables: `!Sub` in YAML."""


class _Dumper(yaml.SafeDumper):
    def ignore_aliases(self, data: Any) -> bool:
        return True


_Dumper.add_representer(Sub, lambda dumper, text: dumper.represent_scalar("!Sub", str(text)))


def template() -> dict[str, Any]:
    """The template as CloudFormation reads it."""
    roles = {f"{name.capitalize()}Role": _role(name) for name in ROLES}
    return {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": "Data Science on AWS, the roles of one learner",
        "Parameters": {
            "Learner": {"Type": "String", "AllowedPattern": "^[a-z0-9]{1,16}$"},
            "Bucket": {"Type": "String", "AllowedPattern": "^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$"},
            "Guard": {"Type": "String", "Default": "", "AllowedPattern": "^(arn:aws:iam::[0-9]{12}:policy/.+)?$"},
        },
        "Conditions": {"HasGuard": {"Fn::Not": [{"Fn::Equals": [{"Ref": "Guard"}, ""]}]}},
        "Resources": {**roles, "StudioPolicy": _studio()},
        "Outputs": {role: {"Value": {"Fn::GetAtt": [role, "Arn"]}} for role in roles},
    }


def _role(name: str) -> dict[str, Any]:
    guard = {"Fn::If": ["HasGuard", [{"Ref": "Guard"}], {"Ref": "AWS::NoValue"}]}
    tags = {"course": "data-science-on-aws", "learner": Sub("${Learner}")}
    return {
        "Type": "AWS::IAM::Role",
        "Properties": {
            "RoleName": Sub(f"dsaws-${{Learner}}-{name}"),
            "AssumeRolePolicyDocument": document(POLICIES / "trust" / f"{name}.json"),
            "Policies": [{"PolicyName": name, "PolicyDocument": document(POLICIES / f"{name}.json")}],
            **({"ManagedPolicyArns": guard} if name in ("notebook", "jobs") else {}),
            "Tags": [{"Key": key, "Value": value} for key, value in tags.items()],
        },
    }


def _studio() -> dict[str, Any]:
    """A managed policy: what is written into a role itself has room for the notebook's policy alone."""
    return {
        "Type": "AWS::IAM::ManagedPolicy",
        "Properties": {
            "ManagedPolicyName": Sub("dsaws-${Learner}-studio"),
            "PolicyDocument": document(POLICIES / "studio.json"),
            "Roles": [{"Ref": "NotebookRole"}],
        },
    }


def document(path: Path) -> Any:
    """A policy with CloudFormation's variables in place of its own."""
    return _filled(json.loads(path.read_text(encoding="utf-8")))


def _filled(found: Any) -> Any:
    if isinstance(found, dict):
        return {key: _filled(value) for key, value in found.items()}
    if isinstance(found, list):
        return [_filled(value) for value in found]
    text = re.sub(r"\$\{(\w+)\}", lambda variable: f"${{{VARIABLES[variable[1]]}}}", found)
    return Sub(text) if "${" in text else text


def text() -> str:
    """The file's text."""
    made: str = yaml.dump(template(), Dumper=_Dumper, sort_keys=False, width=110, default_flow_style=None)
    return BEGINNING + made


if __name__ == "__main__":
    TEMPLATE.write_text(text(), encoding="utf-8")
