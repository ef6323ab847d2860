"""Where a row of the price table is in AWS's Price List: offer (service code), usage type, operation, unit, tier.

Used by `kit/refresh_prices.py`, which reads the public files, and by the local AWS's Pricing service. A row that is not
mapped here (a discount, a bill of somebody's, a usage type that no dated source names) stays as it was reviewed.
Source: https://docs.aws.amazon.com/awsaccountbilling/latest/aboutv2/reading-service-price-list-file-for-services.html
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from functools import cache

from pricelist.table import Price

# AWS's region prefix of usage types; in us-east-1 some services write none.
PREFIXES = {
    **{"us-east-1": "USE1", "us-east-2": "USE2", "us-west-1": "USW1", "us-west-2": "USW2", "eu-west-1": "EU"},
    **{"eu-central-1": "EUC1", "eu-north-1": "EUN1", "ap-southeast-1": "APS1", "ap-northeast-1": "APN1"},
}


@dataclass(frozen=True)
class Offer:
    """One price dimension of AWS's list, and how it becomes a price of the table.

    Args:
        code: the service code, for example AmazonSageMaker.
        usage: the usage type without the region's prefix.
        operations: the operations that have this price; empty for any.
        unit: the unit in AWS's list.
        times: the list's price per `unit` times this is the table's price (1,000 requests, a million characters).
        start: where the tier of this price begins, in AWS's unit; the list's StartingRange.
        end: where it ends; infinite for the last or only tier.
    """

    code: str
    usage: str
    unit: str
    family: str
    operations: tuple[str, ...] = ()
    times: float = 1.0
    start: float = 0.0
    end: float = math.inf
    attributes: dict[str, str] = field(default_factory=dict)


# SageMaker's components: the name in the table -> start of the usage type, component in the list.
_COMPONENTS = {
    "Training": ("Train:", "Training"),
    "Hosting": ("Host:", "Hosting"),
    "Processing": ("Processing:", "Processing"),
    "Notebook": ("Notebk:", "Notebook"),
    "Studio-JupyterLab": ("Studio:JupyterLab-", "Studio-JupyterLab"),
    "Batch Transform": ("Tsform:", "Batch Transform"),
    "Async Inference": ("AsyncInf:", "AsyncInf"),
}
_OTHERS: dict[tuple[str, str], Offer] = {
    ("SageMaker AI", "Serverless Inference compute"): Offer(
        "AmazonSageMaker", "ServerlessInf:Mem-1GB", "seconds", "ML Serverless"
    ),
    ("SageMaker AI", "Serverless Inference 3GB"): Offer(
        "AmazonSageMaker", "ServerlessInf:Mem-3GB", "seconds", "ML Serverless"
    ),
    ("SageMaker AI", "Canvas workspace session"): Offer(
        "AmazonSageMaker", "Canvas:Session-Hrs", "Hrs", "SageMaker Canvas"
    ),
    ("SageMaker AI", "Studio space storage gp3"): Offer(
        "AmazonSageMaker", "Studio:VolumeUsage.gp3", "GB-Mo", "Storage"
    ),
    ("ECR", "Private repository storage"): Offer(
        "AmazonECR", "TimedStorage-ByteHrs", "GB-Mo", "EC2 Container Registry"
    ),
    ("Glue", "Spark ETL job / interactive session, Glue <=5.1"): Offer(
        "AWSGlue", "ETL-DPU-Hour", "DPU-Hour", "AWS Glue", ("Jobrun",)
    ),
    ("Glue", "Spark ETL job, Glue 6.0+ (usage type USE1-ETL-DPU-Hour-Gen2)"): Offer(
        "AWSGlue", "ETL-DPU-Hour-Gen2", "DPU-Hour", "AWS Glue", ("Jobrun",)
    ),
    ("Glue", "Flex execution class (Glue <=5.1)"): Offer(
        "AWSGlue", "ETL-Flex-DPU-Hour", "DPU-Hour", "AWS Glue", ("FlexJobrun",)
    ),
    ("Glue", "Crawler"): Offer("AWSGlue", "Crawler-DPU-Hour", "DPU-Hour", "AWS Glue", ("CrawlerRun",)),
    ("Glue", "Data Catalog storage above 1M free objects"): Offer(
        "AWSGlue", "Catalog-Storage", "Obj-Month", "AWS Glue", times=1e5, start=1e6
    ),
    ("Glue", "Data Catalog requests above 1M free/month"): Offer(
        "AWSGlue", "Catalog-Request", "Request", "AWS Glue", times=1e6, start=1e6
    ),
    ("S3", "Standard first 50 TB"): Offer("AmazonS3", "TimedStorage-ByteHrs", "GB-Mo", "Storage", end=51_200),
    ("S3", "Standard next 450 TB"): Offer(
        "AmazonS3", "TimedStorage-ByteHrs", "GB-Mo", "Storage", start=51_200, end=512_000
    ),
    ("S3", "Standard-IA"): Offer("AmazonS3", "TimedStorage-SIA-ByteHrs", "GB-Mo", "Storage"),
    ("S3", "Glacier Instant Retrieval"): Offer("AmazonS3", "TimedStorage-GIR-ByteHrs", "GB-Mo", "Storage"),
    ("S3", "PUT/COPY/POST/LIST Standard"): Offer("AmazonS3", "Requests-Tier1", "Requests", "API Request", times=1e3),
    ("S3", "GET/other Standard"): Offer("AmazonS3", "Requests-Tier2", "Requests", "API Request", times=1e3),
    ("Athena", "SQL query, 10 MB minimum"): Offer("AmazonAthena", "DataScannedInTB", "Terabytes", "Athena Queries"),
    ("CloudWatch", "Standard alarm"): Offer("AmazonCloudWatch", "CW:AlarmMonitorUsage", "Alarms", "Alarm"),
    ("CloudWatch", "Custom metric first 10k"): Offer(
        "AmazonCloudWatch", "CW:MetricMonitorUsage", "Metrics", "Metric", end=10_000
    ),
    ("Textract", "DetectDocumentText first 1M pages/month"): Offer(
        "AmazonTextract", "SyncTextPagesProcessed", "Pages", "Amazon Textract", end=1e6
    ),
    ("Textract", "DetectDocumentText above 1M pages"): Offer(
        "AmazonTextract", "SyncTextPagesProcessed", "Pages", "Amazon Textract", start=1e6
    ),
    ("Textract", "AnalyzeDocument Tables first 1M"): Offer(
        "AmazonTextract", "SyncTablesPagesProcessed", "Pages", "Amazon Textract", end=1e6
    ),
    ("Textract", "AnalyzeDocument Forms first 1M"): Offer(
        "AmazonTextract", "SyncFormsPagesProcessed", "Pages", "Amazon Textract", end=1e6
    ),
    ("Comprehend", "DetectSentiment first 10M units/month"): Offer(
        "comprehend", "DetectSentiment", "Unit", "Amazon Comprehend", end=1e7
    ),
    ("Comprehend", "DetectSentiment 10M-50M units"): Offer(
        "comprehend", "DetectSentiment", "Unit", "Amazon Comprehend", start=1e7, end=5e7
    ),
    ("Comprehend", "DetectSentiment above 50M units"): Offer(
        "comprehend", "DetectSentiment", "Unit", "Amazon Comprehend", start=5e7
    ),
}


@cache
def offer(row: Price) -> Offer | None:
    """Where this row is in AWS's list, or None: it has no known place there."""
    instance = re.fullmatch(r"(ml\.\S+) (.+)", row.item)
    if row.service == "SageMaker AI" and instance and instance[2] in _COMPONENTS:
        usage, component = _COMPONENTS[instance[2]]
        attributes = {
            "instanceName": instance[1],
            "instanceType": f"{instance[1]}-{component}",
            "component": component,
        }
        return Offer("AmazonSageMaker", usage + instance[1], "Hrs", "ML Instance", attributes=attributes)
    machine = re.fullmatch(r"(\S+) Linux on-demand", row.item)
    if row.service == "EC2" and machine:
        attributes = {"instanceType": machine[1], "operatingSystem": "Linux", "tenancy": "Shared"}
        attributes |= {"preInstalledSw": "NA", "capacitystatus": "Used"}
        usage, operations = f"BoxUsage:{machine[1]}", ("RunInstances",)
        return Offer("AmazonEC2", usage, "Hrs", "Compute Instance", operations, attributes=attributes)
    return _OTHERS.get((row.service, row.item))


def usage_type(place: Offer, region: str) -> str:
    """The usage type as AWS writes it for a region. Raises KeyError for a region whose prefix is not known."""
    bare = region == "us-east-1" and place.code in ("AmazonS3", "AmazonEC2", "AmazonECR", "AmazonCloudWatch")
    return place.usage if bare else f"{PREFIXES[region]}-{place.usage}"
