"""IAM: each member of a request acts or is shown again, and lists have their filters and pages."""

from __future__ import annotations

import json
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from member_probes import probes

from localcloud.store.state import ACCOUNT

TRUSTED = {"Effect": "Allow", "Principal": {"Service": "glue.amazonaws.com"}, "Action": "sts:AssumeRole"}
TRUST = json.dumps({"Version": "2012-10-17", "Statement": [TRUSTED]})
READS = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}
ALLOWED = json.dumps({"Version": "2012-10-17", "Statement": [READS]})
NAMES = ("probe-a", "probe-b", "probe-c")


@pytest.fixture(scope="module")
def iam(workshop: Any) -> Any:
    """Roles below a path, one with policies of two kinds, tags and versions; the client."""
    iam = boto3.client("iam")
    for name in NAMES:
        iam.create_role(RoleName=name, Path="/probes/", AssumeRolePolicyDocument=TRUST)
        iam.tag_role(RoleName="probe-a", Tags=[{"Key": name, "Value": "1"}])
        iam.put_role_policy(RoleName="probe-a", PolicyName=name, PolicyDocument=ALLOWED)
        policy = iam.create_policy(PolicyName=name, Path="/probes/", PolicyDocument=ALLOWED)["Policy"]["Arn"]
        iam.attach_role_policy(RoleName="probe-a", PolicyArn=policy)
        if name != "probe-a":
            iam.create_policy_version(PolicyArn=policy, PolicyDocument=ALLOWED)
            iam.create_policy_version(PolicyArn=policy, PolicyDocument=ALLOWED)
    iam.create_policy(PolicyName="probe-else", PolicyDocument=ALLOWED)
    iam.attach_role_policy(RoleName="probe-a", PolicyArn=arn("policy/probe-else"))
    return iam


@pytest.fixture
def role(iam: Any) -> Any:
    """A role of the test's own, by name."""
    iam.create_role(RoleName="probe-own", AssumeRolePolicyDocument=TRUST)
    yield "probe-own"
    for policy in iam.list_attached_role_policies(RoleName="probe-own")["AttachedPolicies"]:
        iam.detach_role_policy(RoleName="probe-own", PolicyArn=policy["PolicyArn"])
    for name in iam.list_role_policies(RoleName="probe-own")["PolicyNames"]:
        iam.delete_role_policy(RoleName="probe-own", PolicyName=name)
    iam.delete_role(RoleName="probe-own")


def arn(resource: str) -> str:
    return f"arn:aws:iam::{ACCOUNT}:{resource}"


POLICY = arn("policy/probes/probe-c")
# operation -> what it lists, the members that choose the list; there are three
PAGED: dict[str, tuple[str, dict[str, Any]]] = {
    "ListRoles": ("Roles", {"PathPrefix": "/probes/"}),
    "ListPolicies": ("Policies", {"PathPrefix": "/probes/", "Scope": "Local"}),
    "ListRoleTags": ("Tags", {"RoleName": "probe-a"}),
    "ListAttachedRolePolicies": ("AttachedPolicies", {"RoleName": "probe-a", "PathPrefix": "/probes/"}),
    "ListRolePolicies": ("PolicyNames", {"RoleName": "probe-a"}),
    "ListPolicyVersions": ("Versions", {"PolicyArn": POLICY}),
    "SimulatePrincipalPolicy": (
        "EvaluationResults",
        {"PolicySourceArn": arn("role/probes/probe-a"), "ActionNames": ["s3:A", "s3:B", "s3:C"]},
    ),
}


def method(operation: str) -> str:
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in operation).lstrip("_")


@pytest.mark.parametrize(
    "operation",
    [pytest.param(one, marks=probes("iam", one, *PAGED[one][1], "MaxItems", "Marker")) for one in PAGED],
)
def test_a_list_is_three_and_comes_in_pages(iam: Any, operation: str) -> None:
    listed, chosen = PAGED[operation]
    call = getattr(iam, method(operation))
    first = call(**chosen, MaxItems=2)
    rest = call(**chosen, MaxItems=2, Marker=first["Marker"])
    whole = call(**chosen)[listed]
    assert (len(first[listed]), first["IsTruncated"], rest["IsTruncated"]) == (2, True, False)
    assert first[listed] + rest[listed] == whole
    assert len(whole) == 3
    for wrong in ("wrong", "3", "0"):
        with pytest.raises(ClientError, match="Marker"):
            call(**chosen, Marker=wrong)


@pytest.mark.parametrize(
    "operation",
    [
        *(one for one, (_, chosen) in PAGED.items() if "RoleName" in chosen),
        "GetRole",
        "DeleteRole",
        "ListPolicyVersions",
    ],
)
def test_a_name_that_is_none_is_an_error(iam: Any, operation: str) -> None:
    wrong = {"PolicyArn": f"{POLICY}-none"} if "Versions" in operation else {"RoleName": "probe-none"}
    with pytest.raises(iam.exceptions.NoSuchEntityException):
        getattr(iam, method(operation))(**wrong)


@probes("iam", "ListPolicies", "Scope", "PathPrefix", "OnlyAttached", "PolicyUsageFilter")
@probes("iam", "CreateRole", "PermissionsBoundary")
def test_policies_are_listed_by_scope_path_and_use(iam: Any) -> None:
    def names(**chosen: Any) -> list[str]:
        return [policy["PolicyName"] for policy in iam.list_policies(Scope="Local", **chosen)["Policies"]]

    assert iam.list_policies(Scope="AWS", PathPrefix="/probes/")["Policies"] == []
    assert {policy["Arn"].split(":")[4] for policy in iam.list_policies(Scope="AWS")["Policies"]} == {"aws"}
    iam.create_policy(PolicyName="probe-bound", Path="/probes/free/", PolicyDocument=ALLOWED)
    bound = arn("policy/probes/free/probe-bound")
    iam.create_role(RoleName="probe-bounded", AssumeRolePolicyDocument=TRUST, PermissionsBoundary=bound)
    assert iam.get_role(RoleName="probe-bounded")["Role"]["PermissionsBoundary"]["PermissionsBoundaryArn"] == bound
    assert names(PathPrefix="/probes/free/") == ["probe-bound"]
    assert names(PathPrefix="/probes/", OnlyAttached=True) == list(NAMES)
    assert names(PathPrefix="/probes/", OnlyAttached=False) == [*NAMES, "probe-bound"]
    assert names(PathPrefix="/probes/", PolicyUsageFilter="PermissionsPolicy") == list(NAMES)
    assert names(PathPrefix="/probes/", PolicyUsageFilter="PermissionsBoundary") == ["probe-bound"]
    iam.delete_role(RoleName="probe-bounded")
    iam.delete_policy(PolicyArn=bound)
    with pytest.raises(iam.exceptions.NoSuchEntityException, match="boundary"):
        iam.create_role(RoleName="probe-bounded", AssumeRolePolicyDocument=TRUST, PermissionsBoundary=bound)


MADE: dict[str, Any] = {
    "RoleName": "probe-made",
    "Path": "/probes/deep/",
    "AssumeRolePolicyDocument": TRUST,
    "Description": "trains & serves <models>",
    "MaxSessionDuration": 7200,
    "Tags": [{"Key": "course", "Value": "ds"}],
}


@probes("iam", "CreateRole", request=MADE)
@probes("iam", "GetRole", "RoleName")
@probes("iam", "UpdateRole", "RoleName", "Description", "MaxSessionDuration")
@probes("iam", "UpdateAssumeRolePolicy", "RoleName", "PolicyDocument")
@probes("iam", "DeleteRole", "RoleName")
def test_a_role_is_shown_as_it_was_made_and_changed(iam: Any) -> None:
    made = iam.create_role(**MADE)["Role"]
    shown = iam.get_role(RoleName="probe-made")["Role"]
    assert {name: shown[name] for name in MADE} == {**MADE, "AssumeRolePolicyDocument": json.loads(TRUST)}
    assert made["Arn"] == shown["Arn"] == arn("role/probes/deep/probe-made")
    other = json.loads(TRUST.replace("glue", "sagemaker"))
    iam.update_role(RoleName="probe-made", Description="a < b", MaxSessionDuration=3600)
    iam.update_assume_role_policy(RoleName="probe-made", PolicyDocument=json.dumps(other))
    shown = iam.get_role(RoleName="probe-made")["Role"]
    assert (shown["Description"], shown["MaxSessionDuration"]) == ("a < b", 3600)
    assert shown["AssumeRolePolicyDocument"] == other
    iam.update_role(RoleName="probe-made", Description="")
    assert not iam.get_role(RoleName="probe-made")["Role"].get("Description")
    iam.delete_role(RoleName="probe-made")
    for call in (iam.get_role, iam.update_role, iam.delete_role):
        with pytest.raises(iam.exceptions.NoSuchEntityException):
            call(RoleName="probe-made")


@pytest.mark.parametrize("document", ["{", "{}", '{"Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole"}]}'])
def test_a_trust_policy_that_trusts_nobody_is_malformed(iam: Any, document: str) -> None:
    with pytest.raises(iam.exceptions.MalformedPolicyDocumentException):
        iam.create_role(RoleName="probe-wrong", AssumeRolePolicyDocument=document)
    with pytest.raises(iam.exceptions.MalformedPolicyDocumentException):
        iam.update_assume_role_policy(RoleName="probe-a", PolicyDocument=document)


@probes("iam", "TagRole", "RoleName", "Tags.Key", "Tags.Value")
@probes("iam", "UntagRole", "RoleName", "TagKeys")
def test_tags_of_a_role(iam: Any, role: str) -> None:
    iam.tag_role(RoleName=role, Tags=[{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}])
    iam.tag_role(RoleName=role, Tags=[{"Key": "b", "Value": ""}])
    iam.untag_role(RoleName=role, TagKeys=["a"])
    assert iam.list_role_tags(RoleName=role)["Tags"] == [{"Key": "b", "Value": ""}]
    for call, more in ((iam.tag_role, {"Tags": [{"Key": "a", "Value": "1"}]}), (iam.untag_role, {"TagKeys": ["a"]})):
        with pytest.raises(iam.exceptions.NoSuchEntityException):
            call(RoleName="probe-none", **more)


@probes("iam", "PutRolePolicy", "RoleName", "PolicyName", "PolicyDocument")
@probes("iam", "GetRolePolicy", "RoleName", "PolicyName")
@probes("iam", "DeleteRolePolicy", "RoleName", "PolicyName")
def test_inline_policies_of_a_role(iam: Any, role: str) -> None:
    iam.put_role_policy(RoleName=role, PolicyName="reads", PolicyDocument=ALLOWED)
    assert iam.get_role_policy(RoleName=role, PolicyName="reads")["PolicyDocument"] == json.loads(ALLOWED)
    with pytest.raises(iam.exceptions.MalformedPolicyDocumentException):
        iam.put_role_policy(RoleName=role, PolicyName="wrong", PolicyDocument="{}")
    for name, policy in (("probe-none", "reads"), (role, "none")):
        for call in (iam.get_role_policy, iam.delete_role_policy):
            with pytest.raises(iam.exceptions.NoSuchEntityException):
                call(RoleName=name, PolicyName=policy)
    with pytest.raises(iam.exceptions.NoSuchEntityException):
        iam.put_role_policy(RoleName="probe-none", PolicyName="reads", PolicyDocument=ALLOWED)
    iam.delete_role_policy(RoleName=role, PolicyName="reads")
    assert iam.list_role_policies(RoleName=role)["PolicyNames"] == []


@probes("iam", "AttachRolePolicy", "RoleName", "PolicyArn")
@probes("iam", "DetachRolePolicy", "RoleName", "PolicyArn")
def test_managed_policies_of_a_role(iam: Any, role: str) -> None:
    iam.attach_role_policy(RoleName=role, PolicyArn=POLICY)
    (attached,) = iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"]
    assert attached == {"PolicyName": "probe-c", "PolicyArn": POLICY}
    for name, policy in (("probe-none", POLICY), (role, f"{POLICY}-none")):
        for call in (iam.attach_role_policy, iam.detach_role_policy):
            with pytest.raises(iam.exceptions.NoSuchEntityException):
                call(RoleName=name, PolicyArn=policy)
    iam.detach_role_policy(RoleName=role, PolicyArn=POLICY)
    assert iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"] == []


WRITTEN: dict[str, Any] = {
    "PolicyName": "probe-written",
    "Path": "/probes/deep/",
    "PolicyDocument": ALLOWED,
    "Description": "reads & <lists>",
    "Tags": [{"Key": "course", "Value": "ds"}],
}


@probes("iam", "CreatePolicy", request=WRITTEN)
@probes("iam", "CreatePolicyVersion", "PolicyArn", "PolicyDocument", "SetAsDefault")
@probes("iam", "GetPolicy", "PolicyArn")
@probes("iam", "GetPolicyVersion", "PolicyArn", "VersionId")
@probes("iam", "DeletePolicyVersion", "PolicyArn", "VersionId")
@probes("iam", "DeletePolicy", "PolicyArn")
def test_a_policy_and_its_versions(iam: Any) -> None:
    policy = iam.create_policy(**WRITTEN)["Policy"]["Arn"]
    shown = iam.get_policy(PolicyArn=policy)["Policy"]
    assert {name: shown[name] for name in WRITTEN if name != "PolicyDocument"}.items() <= WRITTEN.items()
    assert policy == arn("policy/probes/deep/probe-written")

    def document(version: str) -> Any:
        return iam.get_policy_version(PolicyArn=policy, VersionId=version)["PolicyVersion"]["Document"]

    for version, default in (("v2", False), ("v3", True)):
        changed = ALLOWED.replace("GetObject", f"Get{version}")
        iam.create_policy_version(PolicyArn=policy, PolicyDocument=changed, SetAsDefault=default)
        assert document(version) == json.loads(changed)
    assert document("v1") == json.loads(ALLOWED)
    assert iam.get_policy(PolicyArn=policy)["Policy"]["DefaultVersionId"] == "v3"
    with pytest.raises(iam.exceptions.DeleteConflictException):
        iam.delete_policy_version(PolicyArn=policy, VersionId="v3")
    iam.delete_policy_version(PolicyArn=policy, VersionId="v2")
    with pytest.raises(iam.exceptions.NoSuchEntityException):
        document("v2")
    iam.delete_policy(PolicyArn=policy)
    for call in (iam.get_policy, iam.delete_policy):
        with pytest.raises(iam.exceptions.NoSuchEntityException):
            call(PolicyArn=policy)
    with pytest.raises(iam.exceptions.NoSuchEntityException):
        iam.create_policy_version(PolicyArn=policy, PolicyDocument=ALLOWED)
    with pytest.raises(iam.exceptions.NoSuchEntityException):
        iam.delete_policy_version(PolicyArn=policy, VersionId="v1")
