"""Batch transform: what goes in, what comes out, and how a job ends."""

from __future__ import annotations

import gzip
import json
import time
from typing import Any

import pytest
from botocore.exceptions import ClientError
from endpoints import Hosting
from own_cloud import OwnCloud, wait_until
from training_jobs import IMAGE, Training, archive
from transform_jobs import LINES, Transform

BUCKET = "sagemaker-us-east-1-123456789012"


@pytest.fixture(scope="module")
def transform(training: Training) -> Transform:
    return Transform(training, Hosting(training).model(LINES))


def refusal(transform: Transform, **changes: Any) -> str:
    """What CreateTransformJob answers to a request that it refuses."""
    with pytest.raises(ClientError) as error:
        transform.start({}, **changes)
    return f"{error.value.response['Error']['Code']}: {error.value.response['Error']['Message']}"


def test_every_input_object_becomes_an_out_object_in_the_order_of_its_lines(transform: Transform) -> None:
    job = transform.run({"a.csv": "one\ntwo\nthree\n", "sub/b.csv": "four"})
    assert job["TransformJobStatus"] == "Completed"
    assert job["TransformStartTime"] <= job["TransformEndTime"]
    assert transform.outputs(job["TransformJobName"]) == {
        "a.csv.out": "w:one\nw:two\nw:three\n",
        "sub/b.csv.out": "w:four\n",
    }


def test_multi_record_sends_what_fits_and_single_record_a_line_at_a_time(transform: Transform) -> None:
    many, one = (
        transform.run({"a.csv": "1\n2\n3\n"}, BatchStrategy=strategy) for strategy in ("MultiRecord", "SingleRecord")
    )
    names = [job["TransformJobName"] for job in (many, one)]
    assert [transform.requests(name) for name in names] == [1, 3]
    assert transform.outputs(names[0]) == transform.outputs(names[1])


def test_requests_at_once_keep_the_order_of_the_lines(transform: Transform) -> None:
    lines = ["slow", *map(str, range(8)), "slow", "end"]
    started = time.monotonic()
    output = transform.output({"a.csv": "\n".join(lines)}, BatchStrategy="SingleRecord", MaxConcurrentTransforms=4)
    assert output == "".join(f"w:{line}\n" for line in lines)
    assert time.monotonic() - started < 30


def test_a_large_file_goes_in_batches_below_the_payload_limit(transform: Transform) -> None:
    lines = [f"{number:07d}" + "x" * 1016 for number in range(2500)]
    job = transform.run({"a.csv": "\n".join(lines)}, MaxPayloadInMB=1)
    name = job["TransformJobName"]
    assert transform.requests(name) == 3
    assert transform.outputs(name)["a.csv.out"] == "".join(f"w:{line}\n" for line in lines)


def test_without_a_split_the_object_is_one_request_and_the_answer_is_untouched(transform: Transform) -> None:
    output = transform.output(
        {"a.json": '{"n":\n 1}'},
        source={"ContentType": "application/json", "SplitType": "None"},
        target={"Accept": "application/json", "AssembleWith": "None"},
    )
    assert output == '{"got": {"n": 1}}'


def test_gzip_input_is_unpacked(transform: Transform) -> None:
    packed = gzip.compress(b"one\ntwo\n")
    assert transform.output({"a.csv.gz": packed}, source={"CompressionType": "Gzip"}) == "w:one\nw:two\n"


def test_the_job_s_environment_reaches_the_model(transform: Transform) -> None:
    assert transform.output({"a.csv": "one"}, Environment={"WORD": "hello"}) == "hello:one\n"


def test_the_log_has_the_settings_and_the_model_s_own_lines(transform: Transform) -> None:
    name = transform.run({"a.csv": "one"})["TransformJobName"]
    lines = transform.log(name)
    assert any("[sagemaker logs]: MaxConcurrentTransforms=1, MaxPayloadInMB=6, BatchStrategy=MULTI" in x for x in lines)
    assert "request of 3 characters, text/csv" in lines


def test_an_id_stays_out_of_the_model_and_comes_back_beside_its_answer(transform: Transform) -> None:
    processing = {"InputFilter": "$[1:]", "JoinSource": "Input", "OutputFilter": "$[0,-1]"}
    output = transform.output({"a.csv": '7,good\n"8, again",bad luck\n'}, DataProcessing=processing)
    assert output == '7,w:good\n"8, again",w:bad luck\n'


def test_json_lines_are_joined_under_sagemaker_output(transform: Transform) -> None:
    records = [{"id": 1, "text": "good"}, {"id": 2, "text": "été"}]
    processing = {"InputFilter": "$.text", "JoinSource": "Input", "OutputFilter": "$['id','SageMakerOutput']"}
    kind = "application/jsonlines"
    output = transform.output(
        {"a.jsonl": "\n".join(json.dumps(record) for record in records)},
        source={"ContentType": kind},
        target={"Accept": kind},
        DataProcessing=processing,
    )
    assert output.splitlines() == ['{"id": 1, "SageMakerOutput": "w:good"}', '{"id": 2, "SageMakerOutput": "w:été"}']


def test_a_record_above_the_payload_limit_fails_the_job_and_writes_nothing(transform: Transform) -> None:
    job = transform.run({"a.csv": "ok\n" + "x" * (2**20 + 1)}, MaxPayloadInMB=1, BatchStrategy="SingleRecord")
    assert job["TransformJobStatus"] == "Failed"
    assert job["FailureReason"] == "ClientError: See job logs for more information"
    assert any("Too much data for max payload size" in line for line in transform.log(job["TransformJobName"]))
    assert transform.outputs(job["TransformJobName"]) == {}


def test_a_bad_record_fails_its_file_only(transform: Transform) -> None:
    job = transform.run({"a.csv": "one\nbad\n", "b.csv": "two\n"}, BatchStrategy="SingleRecord")
    assert job["FailureReason"] == "ClientError: See job logs for more information"
    assert any("Bad HTTP status received from algorithm: 400" in x for x in transform.log(job["TransformJobName"]))
    assert transform.outputs(job["TransformJobName"]) == {"b.csv.out": "w:two\n"}


def test_a_model_with_a_bug_is_asked_again_and_then_the_job_has_failed(transform: Transform) -> None:
    job = transform.run({"a.csv": "bug"}, ModelClientConfig={"InvocationsMaxRetries": 1})
    assert job["FailureReason"] == "AlgorithmError: See job logs for more information"
    assert transform.requests(job["TransformJobName"]) == 2
    assert transform.outputs(job["TransformJobName"]) == {}


def test_a_model_that_exits_fails_the_job(transform: Transform) -> None:
    job = transform.run({"a.csv": "exit", "b.csv": "never"})
    assert job["FailureReason"] == "AlgorithmError: See job logs for more information"
    assert transform.outputs(job["TransformJobName"]) == {}


def test_a_model_that_cannot_be_loaded_fails_the_job_and_the_log_says_why(training: Training) -> None:
    broken = Transform(training, Hosting(training).model("def model_fn(folder): raise OSError('no weights here')"))
    job = broken.run({"a.csv": "one"})
    assert job["FailureReason"] == "AlgorithmError: See job logs for more information"
    assert any("no weights here" in line for line in broken.log(job["TransformJobName"]))


def test_a_model_that_takes_too_long_is_given_up(transform: Transform) -> None:
    client = {"InvocationsTimeoutInSeconds": 1, "InvocationsMaxRetries": 0}
    job = transform.run({"a.csv": "sleep"}, ModelClientConfig=client)
    assert job["FailureReason"] == "AlgorithmError: See job logs for more information"


def test_no_input_is_the_reason_of_the_failure(transform: Transform) -> None:
    job = transform.run({})
    assert job["TransformJobStatus"] == "Failed"
    assert "has no objects" in job["FailureReason"]


def test_a_record_without_what_the_filter_names_fails_its_file(transform: Transform) -> None:
    job = transform.run({"a.csv": "one\n"}, DataProcessing={"InputFilter": "$[5]", "JoinSource": "Input"})
    assert job["FailureReason"] == "ClientError: See job logs for more information"
    assert any("index 5 is not within the 1 elements" in line for line in transform.log(job["TransformJobName"]))


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"ModelName": "nobody"}, "ValidationException: Could not find model"),
        ({"MaxPayloadInMB": 101}, "must not exceed 100 MB"),
        ({"MaxPayloadInMB": 20, "MaxConcurrentTransforms": 6}, "must not exceed 100 MB"),
        ({"source": {"SplitType": "RecordIO"}}, "SplitType RecordIO"),
        ({"source": {"SplitType": "TFRecord"}}, "SplitType TFRecord"),
        ({"DataProcessing": {"InputFilter": "$..a"}}, "is not supported from '..a' on"),
        ({"DataProcessing": {"OutputFilter": "a"}}, "does not begin with $"),
        (
            {"DataProcessing": {"JoinSource": "Input"}, "target": {"Accept": "text/plain"}},
            "needs ContentType and Accept",
        ),
        ({"DataProcessing": {"JoinSource": "Input"}, "target": {"AssembleWith": "None"}}, "needs SplitType and"),
        ({"TransformResources": {"InstanceType": "ml.m5.large", "InstanceCount": 2}}, "ResourceLimitExceeded"),
        ({"DataCaptureConfig": {"DestinationS3Uri": "s3://b/k"}}, "DataCaptureConfig"),
    ],
)
def test_what_cannot_be_done_is_refused_at_once(transform: Transform, changes: dict[str, Any], says: str) -> None:
    assert says in refusal(transform, **changes)


def test_a_manifest_is_refused(transform: Transform) -> None:
    data = {"S3DataSource": {"S3DataType": "ManifestFile", "S3Uri": "s3://b/manifest"}}
    assert "ManifestFile is offered on AWS only" in refusal(transform, source={"DataSource": data})


def test_a_name_is_given_once(transform: Transform) -> None:
    name = transform.run({"a.csv": "one"})["TransformJobName"]
    assert refusal(transform, name=name).startswith("ResourceInUse")


def test_jobs_are_listed_by_name_and_status(transform: Transform) -> None:
    name = transform.run({"a.csv": "one"})["TransformJobName"]
    found = transform.client.list_transform_jobs(NameContains=name, StatusEquals="Completed")["TransformJobSummaries"]
    assert [item["TransformJobName"] for item in found] == [name]
    assert not transform.client.list_transform_jobs(NameContains=name, StatusEquals="Failed")["TransformJobSummaries"]


def test_a_job_has_tags(transform: Transform) -> None:
    job = transform.run({"a.csv": "one"}, Tags=[{"Key": "course", "Value": "x"}])
    tags = transform.client.list_tags(ResourceArn=job["TransformJobArn"])["Tags"]
    assert tags == [{"Key": "course", "Value": "x"}]


def test_an_unknown_job_is_not_found(transform: Transform) -> None:
    with pytest.raises(transform.client.exceptions.ResourceNotFound):
        transform.describe("nobody")


def test_a_job_stops_within_ten_seconds_and_leaves_no_half_output(transform: Transform) -> None:
    name = transform.start({"a.csv": "one\nsleep\n"}, BatchStrategy="SingleRecord")
    wait_until(lambda: transform.requests(name) == 2)
    transform.client.stop_transform_job(TransformJobName=name)
    started = time.monotonic()
    assert transform.ended(name)["TransformJobStatus"] == "Stopped"
    assert time.monotonic() - started < 10
    assert transform.outputs(name) == {}


def test_an_ended_job_cannot_be_stopped(transform: Transform) -> None:
    name = transform.run({"a.csv": "one"})["TransformJobName"]
    with pytest.raises(ClientError, match="is in status Completed"):
        transform.client.stop_transform_job(TransformJobName=name)


@pytest.mark.image
def test_a_killed_local_aws_leaves_a_failed_job_with_its_reason(own_cloud: OwnCloud) -> None:
    training = Training(BUCKET, "arn:aws:iam::123456789012:role/x", clients=own_cloud.client)
    data = training.put("model.tar.gz", archive({"code/inference.py": LINES}))
    container = {"Image": IMAGE, "ModelDataUrl": data}
    training.client.create_model(ModelName="m", ExecutionRoleArn=training.role, PrimaryContainer=container)
    transform = Transform(training, "m")
    name = transform.start({"a.csv": "sleep"})
    wait_until(lambda: transform.requests(name))
    own_cloud.kill()
    own_cloud.start()
    again = Transform(Training(BUCKET, training.role, clients=own_cloud.client), "m")
    job = again.describe(name)
    assert job["TransformJobStatus"] == "Failed"
    assert "was stopped while this job was running" in job["FailureReason"]
    assert again.output({"a.csv": "one"}) == "w:one\n"


def test_the_sdk_s_resource_runs_a_job(transform: Transform) -> None:
    from sagemaker.core.resources import TransformJob
    from sagemaker.core.shapes import (
        TransformDataSource,
        TransformInput,
        TransformOutput,
        TransformResources,
        TransformS3DataSource,
    )

    request = transform.request({"a.csv": "one\ntwo\n"})
    name = request["TransformJobName"]
    uri = request["TransformInput"]["DataSource"]["S3DataSource"]["S3Uri"]
    source = TransformDataSource(s3_data_source=TransformS3DataSource(s3_data_type="S3Prefix", s3_uri=uri))
    job = TransformJob.create(
        transform_job_name=name,
        model_name=transform.model,
        transform_input=TransformInput(data_source=source, content_type="text/csv", split_type="Line"),
        transform_output=TransformOutput(
            s3_output_path=request["TransformOutput"]["S3OutputPath"], accept="text/csv", assemble_with="Line"
        ),
        transform_resources=TransformResources(instance_type="ml.m5.large", instance_count=1),
    )
    job.wait(poll=1, logs=True)
    assert job.transform_job_status == "Completed"
    assert transform.outputs(name) == {"a.csv.out": "w:one\nw:two\n"}
