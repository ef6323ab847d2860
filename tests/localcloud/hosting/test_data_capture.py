"""Data capture: what was asked and answered, on S3, in AWS's layout and record."""

from __future__ import annotations

import base64
import json
import re
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.exceptions import ClientError
from endpoints import Hosting
from own_cloud import OwnCloud, wait_until
from training_jobs import Training

BUCKET = "sagemaker-us-east-1-123456789012"
TYPES = {"CsvContentTypes": ["text/csv"], "JsonContentTypes": ["application/json"]}


def wish(prefix: str, percentage: int = 100, modes: tuple[str, ...] = ("Input", "Output"), **more: Any) -> Any:
    """A DataCaptureConfig; content types are headed as CSV and JSON unless told otherwise."""
    return {
        "EnableCapture": True,
        "InitialSamplingPercentage": percentage,
        "DestinationS3Uri": f"s3://{BUCKET}/{prefix}",
        "CaptureOptions": [{"CaptureMode": mode} for mode in modes],
        "CaptureContentTypeHeader": TYPES,
        **more,
    }


def objects(s3: Any, prefix: str) -> dict[str, list[dict[str, Any]]]:
    """The records below a prefix: key -> one per line."""
    listed = s3.list_objects_v2(Bucket=BUCKET, Prefix=prefix).get("Contents", [])
    keys = [item["Key"] for item in listed]
    bodies = {key: s3.get_object(Bucket=BUCKET, Key=key)["Body"].read().decode() for key in keys}
    return {key: [json.loads(line) for line in body.splitlines()] for key, body in bodies.items()}


def records(s3: Any, prefix: str, number: int) -> list[dict[str, Any]]:
    """Wait for so many records and return them."""
    wait_until(lambda: sum(len(lines) for lines in objects(s3, prefix).values()) >= number, 15)
    return [record for lines in objects(s3, prefix).values() for record in lines]


@pytest.fixture(scope="module")
def shared(training: Training) -> Iterator[Hosting]:
    hosting = Hosting(training)
    yield hosting
    hosting.clean_up()


@pytest.fixture(scope="module")
def model(shared: Hosting) -> str:
    return shared.model()


@pytest.fixture(scope="module")
def captured(shared: Hosting, model: str) -> str:
    """An endpoint that captures everything below `capture/all`."""
    return shared.serve(shared.config(model, DataCaptureConfig=wish("capture/all")))


def test_a_record_holds_request_answer_and_event(shared: Hosting, captured: str) -> None:
    shared.runtime.invoke_endpoint(
        EndpointName=captured, ContentType="text/csv", Accept="application/json", Body=b"a\nb", InferenceId="mine"
    )
    (record,) = records(shared.training.s3, f"capture/all/{captured}/", 1)
    event = record.pop("eventMetadata")
    assert record == {
        "captureData": {
            "endpointInput": {"observedContentType": "text/csv", "mode": "INPUT", "data": "a\nb", "encoding": "CSV"},
            "endpointOutput": {
                "observedContentType": "application/json",
                "mode": "OUTPUT",
                "data": '["w:a", "w:b"]',
                "encoding": "JSON",
            },
        },
        "eventVersion": "0",
    }
    assert event["inferenceId"] == "mine"
    assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", event["eventId"])
    answered = datetime.strptime(event["inferenceTime"], "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    assert abs((datetime.now(UTC) - answered).total_seconds()) < 60


def test_the_key_names_endpoint_variant_and_hour(shared: Hosting, captured: str) -> None:
    shared.invoke(captured, ["x"])
    records(shared.training.s3, f"capture/all/{captured}/", 1)
    for key, lines in objects(shared.training.s3, f"capture/all/{captured}/").items():
        day = lines[0]["eventMetadata"]["inferenceTime"][:13].replace("-", "/").replace("T", "/")
        assert re.fullmatch(rf"capture/all/{captured}/v0/{day}/\d\d-\d\d-\d{{3}}-[0-9a-f-]{{36}}\.jsonl", key)


def test_a_content_type_that_is_not_headed_is_kept_as_base64(shared: Hosting, model: str) -> None:
    types = {"JsonContentTypes": ["application/json"]}
    config = shared.config(model, DataCaptureConfig=wish("capture/types", CaptureContentTypeHeader=types))
    endpoint = shared.serve(config)
    shared.runtime.invoke_endpoint(EndpointName=endpoint, ContentType="text/csv", Accept="text/csv", Body=b"a")
    shared.delete(endpoint)  # which writes what is left
    (record,) = records(shared.training.s3, f"capture/types/{endpoint}/", 1)
    parts = record["captureData"]
    assert [part["encoding"] for part in parts.values()] == ["BASE64", "BASE64"]
    assert base64.b64decode(parts["endpointOutput"]["data"]) == b"w:a"


def test_only_what_was_asked_for_is_captured(shared: Hosting, model: str) -> None:
    config = shared.config(model, DataCaptureConfig=wish("capture/output", modes=("Output",)))
    endpoint = shared.serve(config)
    shared.invoke(endpoint, ["x"])
    shared.delete(endpoint)
    (record,) = records(shared.training.s3, f"capture/output/{endpoint}/", 1)
    assert list(record["captureData"]) == ["endpointOutput"]


def test_a_request_that_failed_is_not_captured(shared: Hosting, captured: str) -> None:
    with pytest.raises(shared.runtime.exceptions.ModelError):
        shared.invoke(captured, ["bug"])
    shared.invoke(captured, ["after the bug"])
    wait_until(lambda: "after the bug" in json.dumps(objects(shared.training.s3, f"capture/all/{captured}/")), 15)
    assert 'bug\\"]' not in json.dumps(objects(shared.training.s3, f"capture/all/{captured}/")).replace("the bug", "")


def test_a_sample_is_a_sample_and_many_records_share_a_file(shared: Hosting, model: str) -> None:
    endpoint = shared.serve(shared.config(model, DataCaptureConfig=wish("capture/sample", 30)))
    for number in range(200):
        shared.invoke(endpoint, [number])
    shared.delete(endpoint)
    found = objects(shared.training.s3, f"capture/sample/{endpoint}/")
    kept = sum(len(lines) for lines in found.values())
    assert 25 <= kept <= 98  # 60 expected, standard deviation 6.5: outside once in a hundred million runs
    assert len(found) < 10


def test_capture_can_be_off_and_none_per_cent(shared: Hosting, model: str) -> None:
    off = shared.serve(shared.config(model, DataCaptureConfig=wish("capture/off", EnableCapture=False)))
    none = shared.serve(shared.config(model, DataCaptureConfig=wish("capture/off", 0)))
    for endpoint in (off, none):
        shared.invoke(endpoint, ["x"])
        shared.delete(endpoint)  # which writes what is left
    assert objects(shared.training.s3, "capture/off/") == {}


def test_the_description_says_what_is_captured(shared: Hosting, captured: str) -> None:
    description = shared.describe(captured)["DataCaptureConfig"]
    assert description["CaptureStatus"] == "Started"
    assert description["CurrentSamplingPercentage"] == 100
    assert description["DestinationS3Uri"] == f"s3://{BUCKET}/capture/all"


def test_an_update_changes_the_capture_and_loses_nothing(shared: Hosting, model: str) -> None:
    endpoint = shared.serve(shared.config(model, DataCaptureConfig=wish("capture/update")))
    shared.invoke(endpoint, ["before"])
    shared.client.update_endpoint(EndpointName=endpoint, EndpointConfigName=shared.config(model))
    assert "DataCaptureConfig" not in shared.settled(endpoint)
    shared.invoke(endpoint, ["after"])
    (record,) = records(shared.training.s3, f"capture/update/{endpoint}/", 1)
    assert record["captureData"]["endpointInput"]["data"] == '["before"]'


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"DestinationS3Uri": "s3://no-such-bucket-here/k"}, "cannot be written"),
        ({"KmsKeyId": "alias/mine"}, "not offered"),
        ({"InitialSamplingPercentage": 101}, "less than or equal to 100"),
    ],
)
def test_a_capture_that_cannot_work_is_refused(
    shared: Hosting, model: str, changes: dict[str, Any], message: str
) -> None:
    with pytest.raises(ClientError, match=message):
        shared.config(model, DataCaptureConfig=wish("capture/refused", **changes))


@pytest.mark.image
def test_a_clean_stop_loses_no_record_and_is_quick(own_cloud: OwnCloud) -> None:
    role = own_cloud.client("iam").list_roles()["Roles"][0]["Arn"]
    hosting = Hosting(Training(BUCKET, role, clients=own_cloud.client), clients=own_cloud.client)
    model = hosting.model()
    endpoint = hosting.serve(hosting.config(model, DataCaptureConfig=wish("stop")))
    for _ in range(2):  # the capture is that of the first configuration, also after a second update, and a restart
        hosting.client.update_endpoint(
            EndpointName=endpoint, EndpointConfigName=hosting.config(model), RetainAllVariantProperties=True
        )
        hosting.settled(endpoint)
    for number in range(20):
        hosting.invoke(endpoint, [number])
    began = time.monotonic()
    own_cloud.stop()
    assert time.monotonic() - began < 10
    own_cloud.start()
    s3 = own_cloud.client("s3")
    kept = [record for lines in objects(s3, f"stop/{endpoint}/").values() for record in lines]
    asked = sorted(json.loads(record["captureData"]["endpointInput"]["data"])[0] for record in kept)
    assert asked == list(range(20))
    again = Hosting(Training(BUCKET, role, clients=own_cloud.client), clients=own_cloud.client)
    wait_until(lambda: again.describe(endpoint)["EndpointStatus"] == "InService")
    again.invoke(endpoint, ["after"])
    assert len(records(s3, f"stop/{endpoint}/", 21)) == 21
