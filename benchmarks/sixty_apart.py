"""Whether learners of one account stay apart: what each has, what the record of calls tells, what each is denied.

Whose something is, its name tells, by the rule of `helpers/workshop.py`: `dsaws-ann-…`, `dsaws_ann`, or a key below
`data-science-on-aws/ann/`.
"""

from __future__ import annotations

import json
import os
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
from botocore.exceptions import ClientError
from sagemaker.core import image_uris

from helpers.aws import athena
from helpers.aws.client import client, exists, listed, log_streams
from helpers.cleanup.shared import pages
from helpers.workshop import Workshop, connect
from localcloud import environment, process
from localcloud.store import state

OWNER = re.compile(r"(?:dsaws[-_]|data-science-on-aws/)([a-z0-9]+)")
CONFIGURATIONS = "EndpointConfigs[].EndpointConfigName"
JOBS = "TrainingJobSummaries[].TrainingJobName"
LOGS = "/aws/sagemaker/TrainingJobs"
# Left out on purpose: infra/policies/README.md says why. Who asks does without.
DOCUMENTED = ("sagemaker:Search", "iam:SimulatePrincipalPolicy")
DENIED = ("AccessDenied", "AccessDeniedException", "403")
Json = dict[str, Any]


def owners(value: Any) -> set[str]:
    """The learners that a text, or all texts in a structure, name."""
    return set(OWNER.findall(value if isinstance(value, str) else json.dumps(value, default=str)))


def acting_as(learner: str) -> Workshop:
    """From now on this process acts as a learner's notebook does."""
    os.environ["COURSE_LEARNER"] = learner
    return connect(quiet=True)


def recorded(record: Path) -> Json:
    """Of the distinct calls of the lessons' roles: what was denied, and what passed on another learner's things."""
    calls = [json.loads(line) for line in record.read_text().splitlines()]
    denied = [call for call in calls if "denied" in call]
    return {
        "distinct": len(calls),
        "denied_as_documented": Counter(call["denied"] for call in denied if call["denied"] in DOCUMENTED),
        "denied": [call for call in denied if call["denied"] not in DOCUMENTED],
        "passed_on_anothers": [call for call in calls if "denied" not in call and _on_anothers(call)],
    }


def _on_anothers(call: Json) -> bool:
    needs = [[resource, keys.get("s3:prefix", "")] for _, resource, keys in call["needs"]]
    return bool(owners(needs) - owners(call["role"]))


def owned(learner: str) -> Json:
    """What a learner, acting as such, finds of their own, with the learners that it names; `left` is made for it."""
    ws = acting_as(learner)
    s3, glue, sagemaker, queries = map(client, ("s3", "glue", "sagemaker", "athena"))
    keys = list(listed(s3, "list_objects_v2", "Contents[].Key", Bucket=ws.bucket, Prefix=f"{ws.prefix}/"))
    begun = list(listed(s3, "list_objects_v2", "Contents[].Key", Bucket=ws.bucket, Prefix=ws.prefix))
    tables = list(listed(glue, "get_tables", "TableList[]", DatabaseName=ws.database))
    jobs = [
        sagemaker.describe_training_job(TrainingJobName=name)
        for name in listed(sagemaker, "list_training_jobs", JOBS, NameContains=ws.name(""))
    ]
    executions = [
        queries.get_query_execution(QueryExecutionId=identity)["QueryExecution"]
        for identity in listed(queries, "list_query_executions", "QueryExecutionIds[]", WorkGroup=ws.workgroup)
    ]
    best = "clean_reviews" if any(table["Name"] == "clean_reviews" for table in tables) else "titles"
    asked = athena.run(ws, f"SELECT count(*) AS n FROM {best}")
    stored = {f"s3://{ws.bucket}/{key}" for key in keys}
    artifacts = [job["ModelArtifacts"]["S3ModelArtifacts"] for job in jobs if "ModelArtifacts" in job]
    metrics = [metric for job in jobs for metric in job.get("FinalMetricDataList", [])]
    _leave(ws, artifacts)
    places = [table["StorageDescriptor"]["Location"] for table in tables]
    outputs = [execution["ResultConfiguration"]["OutputLocation"] for execution in executions]
    named = {"NameContains": ws.name("")}
    configurations = list(listed(sagemaker, "list_endpoint_configs", CONFIGURATIONS, **named))
    stream = next((one["logStreamName"] for one in log_streams(client("logs"), LOGS, ws.name(""))), None)
    s3.get_object(Bucket=ws.bucket, Key=keys[0])
    if stream:
        client("logs").get_log_events(logGroupName=LOGS, logStreamName=stream)
    return {
        "called": learner,
        "learner": ws.learner,
        "asked": asked["QueryExecutionId"],
        "key": keys[0],
        "table": best,
        "rows": int(athena.rows(asked)["n"].iloc[0]),
        "job": jobs[0]["TrainingJobName"] if jobs else None,
        "stream": stream,
        "objects": len(keys),
        "names_of_others_objects": len(set(begun) - set(keys)),
        "jobs": sorted(job["TrainingJobStatus"] for job in jobs),
        "artifacts": len(stored.intersection(artifacts)),
        "accuracies": sorted(metric["Value"] for metric in metrics if metric["MetricName"] == "validation:accuracy"),
        "tables": sorted(table["Name"] for table in tables),
        "queries": len(executions),
        "configurations": configurations,
        "names": sorted(owners([keys, jobs, places, outputs, configurations, asked])),
    }


def _leave(ws: Workshop, artifacts: list[str]) -> None:
    """A model and its endpoint configuration, which lesson 07 takes away: others shall try to delete them."""
    sagemaker, name = client("sagemaker"), ws.name("left")
    if exists(sagemaker.describe_endpoint_config, EndpointConfigName=name):
        return
    file = {"ModelDataUrl": artifacts[0]} if artifacts else {}
    image = {"Image": image_uris.retrieve("sklearn", ws.region, version="1.9-0", instance_type="ml.m5.large")}
    sagemaker.create_model(ModelName=name, ExecutionRoleArn=ws.role, PrimaryContainer={**image, **file})
    variant = {"VariantName": "all", "ModelName": name, "InstanceType": "ml.m5.large", "InitialInstanceCount": 1}
    sagemaker.create_endpoint_config(EndpointConfigName=name, ProductionVariants=[variant])


def separate(owned: list[Json]) -> Json:
    """How alike the learners' results are, and what names a learner other than its owner, or none at all."""
    learners = {one["learner"] for one in owned}
    every = listing()
    return {
        "learners": len(learners),
        "that_name_only_their_own": sum(one["names"] == [one["learner"]] for one in owned),
        "in_the_account": {kind: len(names) for kind, names in every.items()},
        "see_names_of_objects_of_who_is_called_alike": sum(one["names_of_others_objects"] > 0 for one in owned),
        "of_no_learner": {kind: strays for kind, names in every.items() if (strays := _strays(names, learners))},
        "how_many_learners_have": {
            what: {str(value): count for value, count in Counter(str(one[what]) for one in owned).most_common()}
            for what in ("objects", "jobs", "artifacts", "accuracies", "tables", "rows", "queries")
        },
    }


def _strays(names: list[str], learners: set[str]) -> list[str]:
    return [name for name in names if len(owners(name) & learners) != 1]


def listing(records: bool = True) -> dict[str, list[str]]:
    """The names of all in the account, by kind, as the account's owner lists them, without what it had at first.

    Args:
        records: also those of jobs, which stay when they have ended.
    """
    environment.lead(process.start())
    boto3.setup_default_session()
    s3, glue, sagemaker, logs = map(client, ("s3", "glue", "sagemaker", "logs"))
    streams = [
        f"{group} {stream['logStreamName']}"
        for group in listed(logs, "describe_log_groups", "logGroups[].logGroupName")
        for stream in log_streams(logs, group)
        if not stream["logStreamName"].startswith("jr_")  # a run of a Glue job, by its id
    ]
    groups = pages(client("athena").list_work_groups, "WorkGroups", "Name")
    found = {
        "objects": listed(s3, "list_objects_v2", "Contents[].Key", Bucket=state.BUCKET),
        "databases": listed(glue, "get_databases", "DatabaseList[].Name"),
        "crawlers": listed(glue, "get_crawlers", "Crawlers[].Name"),
        "Glue jobs": listed(glue, "list_jobs", "JobNames[]"),
        "models": listed(sagemaker, "list_models", "Models[].ModelName"),
        "endpoint configurations": listed(sagemaker, "list_endpoint_configs", CONFIGURATIONS),
        "endpoints": listed(sagemaker, "list_endpoints", "Endpoints[].EndpointName"),
        "log streams": streams,
        "workgroups": [name for name in groups if name != "primary"],
    }
    jobs = listed(sagemaker, "list_training_jobs", JOBS)
    return {kind: sorted(names) for kind, names in (found | ({"training jobs": jobs} if records else {})).items()}


def left() -> dict[str, int]:
    """How many of each kind are in the account."""
    return {kind: len(names) for kind, names in listing(records=False).items()}


def tried(had: list[Json]) -> Json:
    """Each learner on the next one's: what was not denied, and whether the owner still has it all."""
    passed, count = [], Counter[str]()
    for me, other in zip(had, had[1:] + had[:1], strict=True):
        ws = acting_as(me["called"])
        for service, operation, members in _attempts(ws, other):
            count[f"{service} {operation}"] += 1
            answer = _answer(service, operation, members)
            if answer not in DENIED:
                passed.append([me["learner"], other["learner"], operation, answer])
        count["athena a query of the other's table"] += 1
        status = athena.run(ws, f"SELECT * FROM dsaws_{other['learner']}.{other['table']}")["Status"]
        if "is not authorized to perform: glue:GetTable" not in status.get("StateChangeReason", ""):
            passed.append([me["learner"], other["learner"], "query", status["State"]])
    again = [owned(one["called"]) for one in had]
    lost = [then["learner"] for then, now in zip(had, again, strict=True) if _less(now, then)]
    return {
        "tries": count.total(),
        "denied": count.total() - len(passed),
        "passed": passed,
        "lost": lost,
        "by_operation": count,
    }


def _less(now: Json, then: Json) -> bool:
    same = ("table", "rows", "jobs", "artifacts", "tables", "configurations")
    return any(now[what] != then[what] for what in same) or now["objects"] < then["objects"]


def _answer(service: str, operation: str, members: Json) -> str:
    try:
        getattr(client(service), operation)(**members)
    except ClientError as error:
        return str(error.response["Error"]["Code"])
    return "passed"


def _attempts(ws: Workshop, other: Json) -> Iterator[tuple[str, str, Json]]:
    """What to try on another's things: those that are there."""
    name = other["learner"]
    prefix, table, left = f"data-science-on-aws/{name}/", {"DatabaseName": f"dsaws_{name}"}, f"dsaws-{name}-left"
    place, query = {"Bucket": ws.bucket, "Key": other["key"]}, {"QueryExecutionId": other["asked"]}
    output = {"ResultConfiguration": {"OutputLocation": ws.s3("athena/")}}
    copied = {"Bucket": ws.bucket, "Key": f"{ws.prefix}/stolen", "CopySource": f"{ws.bucket}/{other['key']}"}
    yield from (("s3", operation, place) for operation in ("get_object", "head_object", "delete_object"))
    yield "s3", "put_object", {**place, "Body": b""}
    yield "s3", "copy_object", copied
    yield "s3", "list_objects_v2", {"Bucket": ws.bucket, "Prefix": prefix}
    yield "glue", "get_table", {**table, "Name": other["table"]}
    yield "glue", "delete_table", {**table, "Name": other["table"]}
    yield "glue", "start_crawler", {"Name": f"dsaws-{name}-raw"}
    yield "athena", "start_query_execution", {"QueryString": "SELECT 1", "WorkGroup": f"dsaws-{name}", **output}
    yield from (("athena", operation, query) for operation in ("get_query_results", "stop_query_execution"))
    yield "sagemaker", "delete_model", {"ModelName": left}
    yield "sagemaker", "delete_endpoint_config", {"EndpointConfigName": left}
    yield "sagemaker", "create_endpoint", {"EndpointName": ws.name("stolen"), "EndpointConfigName": left}
    if other["job"]:
        job, stream = {"TrainingJobName": other["job"]}, {"logGroupName": LOGS, "logStreamName": other["stream"]}
        yield from (("sagemaker", f"{verb}_training_job", job) for verb in ("describe", "stop", "delete"))
        yield from (("logs", operation, stream) for operation in ("get_log_events", "delete_log_stream"))
        yield "glue", "start_job_run", {"JobName": f"dsaws-{name}-reviews-etl"}
