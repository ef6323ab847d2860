"""Every operation that is ours of the smaller services, asked with every member."""

from __future__ import annotations

import io

from full_requests import ACCOUNT, ROLE, Asker
from PIL import Image


def ask_others(every: Asker, bucket: str) -> None:
    every.common = {}
    _events(every)
    _prices(every)
    _tags(every)
    _ai(every, bucket)


def _events(every: Asker) -> None:
    every.common = {"Name": "rule", "Rule": "rule", "EventBusName": "default", "EventPattern": '{"source": ["every"]}'}
    every.common |= {"ScheduleExpression": "rate(5 minutes)", "RoleArn": ROLE}
    every.ask("events", "PutRule")
    every.ask("events", "DescribeRule")
    every.ask("events", "ListTagsForResource", {"ResourceARN": f"arn:aws:events:us-east-1:{ACCOUNT}:rule/rule"})
    every.ask("events", "PutTargets", {"Targets.Arn": f"arn:aws:sagemaker:us-east-1:{ACCOUNT}:pipeline/every"})
    every.ask("events", "ListTargetsByRule", without=["NextToken"])
    every.client("events").remove_targets(Rule="rule", Ids=["PutTargets-Id"])
    every.ask("events", "DeleteRule")


def _prices(every: Asker) -> None:
    every.common = {"ServiceCode": "AmazonS3", "FormatVersion": "aws_v1", "NextToken": "0", "Type": "TERM_MATCH"}
    every.common |= {"Field": "regionCode", "Value": "us-east-1", "AttributeName": "regionCode"}
    for name in ("DescribeServices", "GetAttributeValues", "GetProducts"):
        every.ask("pricing", name)


def _tags(every: Asker) -> None:
    every.common = {"PaginationToken": "0", "ResourcesPerPage": 5}
    every.ask("tagging", "GetResources")


def _ai(every: Asker, bucket: str) -> None:
    every.common = {"Text": "a fine film", "TextList": ["a fine film"], "LanguageCode": "en"}
    for name in ("DetectDominantLanguage", "DetectSentiment"):
        every.ask("comprehend", name)
        every.ask("comprehend", f"Batch{name}")
    picture = io.BytesIO()
    Image.new("RGB", (60, 40), "white").save(picture, "PNG")
    every.client("s3").put_object(Bucket=bucket, Key="page.png", Body=picture.getvalue())
    every.common = {"Bytes": picture.getvalue(), "Bucket": bucket, "Name": "page.png", "Version": "null"}
    for left in ("Document.Bytes", "Document.S3Object"):
        every.ask("textract", "DetectDocumentText", without=[left])
