"""A rule whose target EventBridge refuses is no rule: AWS answers with success, and a count of what it has refused."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from botocore.stub import Stubber

from helpers.pipeline import event_chain


def test_a_target_that_is_refused_is_told_with_its_reason(stubbed: Callable[[str], Stubber]) -> None:
    events, arn = stubbed("events"), "arn:aws:glue:us-east-1:123456789012:workflow/none"
    events.add_response("put_rule", {"RuleArn": "arn:aws:events:us-east-1:123456789012:rule/new-data"})
    refused = {"TargetId": "target", "ErrorCode": "ResourceNotFoundException", "ErrorMessage": "no such workflow"}
    events.add_response("put_targets", {"FailedEntryCount": 1, "FailedEntries": [refused]})
    with pytest.raises(event_chain.TargetRefused, match=rf"new-data .*{arn} was refused.*no such workflow"):
        event_chain.rule("new-data", {"source": ["aws.s3"]}, {"Arn": arn, "RoleArn": "arn:aws:iam::1:role/events"})
