"""Workshop Studio's content specification names templates, parameters and files that are there."""

from __future__ import annotations

import json

import yaml
from policies import INFRA, privilege
from test_templates import template

SPECIFICATION = yaml.safe_load((INFRA / "contentspec.yaml").read_text(encoding="utf-8"))


def test_each_template_is_there_and_has_the_parameters() -> None:
    for given in SPECIFICATION["infrastructure"]["cloudformationTemplates"]:
        folder, _, name = given["templateLocation"].rpartition("/")
        assert folder == "static/infra"
        parameters = template(name.removesuffix(".yaml"))["Parameters"]
        named = {parameter["templateParameter"] for parameter in given["parameters"]}
        required = {parameter for parameter, settings in parameters.items() if "Default" not in settings}
        assert required <= named <= set(parameters)


def test_each_policy_is_there_and_has_actions_that_exist() -> None:
    for path in SPECIFICATION["awsAccountConfig"]["participantRole"]["iamPolicies"]:
        policy = json.loads((INFRA / path.removeprefix("static/infra/")).read_text(encoding="utf-8"))
        assert all(privilege(statement["Action"]) for statement in policy["Statement"])
