"""A training job in script mode: the container contract, seen from inside and outside one job."""

from __future__ import annotations

import itertools
import json
from typing import Any

import pytest
from training_jobs import Training, archive, channel, members

SCRIPT = """
    import argparse, json, os, sys
    from pathlib import Path

    parser = argparse.ArgumentParser()
    parser.add_argument("--max-depth", type=int)
    parser.add_argument("--rate", type=float)
    parser.add_argument("--model-dir-text")
    parser.add_argument("-n", type=int)
    arguments = parser.parse_args()
    opt_ml = Path(os.environ["SM_MODEL_DIR"]).parent
    seen = {
        "arguments": vars(arguments),
        "environment": dict(os.environ),
        "files": sorted(p.relative_to(opt_ml).as_posix() for p in (opt_ml / "input").rglob("*") if p.is_file()),
        "config": {p.stem: json.loads(p.read_text()) for p in (opt_ml / "input/config").glob("*.json")},
        "folder": os.getcwd(),
        "literal": Path("/opt/ml/input/data/train/a.csv").read_text(),
        "sklearn": __import__("sklearn").__version__,
    }
    Path(os.environ["SM_OUTPUT_DATA_DIR"], "seen.json").write_text(json.dumps(seen))
    for epoch in (1, 2, 3):
        print(f"epoch={epoch} loss=0.{9 - epoch} accuracy={0.5 + epoch / 10:.2f};")
    print("not a number: accuracy=none;")
    print("to the error stream", file=sys.stderr)
    Path("/opt/ml/model/model.txt").write_text("the model")
    Path("/opt/ml/model/code").mkdir()
    Path("/opt/ml/model/code/inference.py").write_text("# serves")
    print("umlaut ä, and no newline at the end", end="")
"""


@pytest.fixture(scope="module")
def job(training: Training) -> dict[str, Any]:
    """One completed job that used everything of the contract."""
    training.put("data/train/a.csv", "x,y\n1,2\n")
    training.put("data/train/deep/b.csv", "3,4\n")
    training.put("data/one/single.csv", "5,6\n")
    request = training.request(
        SCRIPT,
        hyperparameters={"max-depth": 7, "rate": 0.5, "n": 3, "model-dir-text": "/opt/ml/model"},
        Environment={"COLOUR": "green", "WHERE": "/opt/ml/input/data/train"},
        algorithm={
            "MetricDefinitions": [
                {"Name": "loss", "Regex": r"loss=([0-9.]+)"},
                {"Name": "accuracy", "Regex": r"accuracy=(.*?);"},
                {"Name": "never", "Regex": r"never=([0-9.]+)"},
            ]
        },
        Tags=[{"Key": "course", "Value": "dsaws"}],
        InputDataConfig=[
            channel("train", training.s3_uri("data/train"), ContentType="text/csv"),
            channel("one", training.s3_uri("data/one/single.csv"), InputMode="FastFile"),
        ],
    )
    training.client.create_training_job(**request)
    return training.ended(request["TrainingJobName"])


@pytest.fixture(scope="module")
def seen(job: dict[str, Any]) -> dict[str, Any]:
    """What the script saw from inside."""
    assert job["TrainingJobStatus"] == "Completed", job.get("FailureReason")
    address = job["ModelArtifacts"]["S3ModelArtifacts"].replace("model.tar.gz", "output.tar.gz")
    content: dict[str, Any] = json.loads(members(address)["seen.json"])
    return content


def test_the_model_folder_becomes_model_tar_gz(job: dict[str, Any], training: Training) -> None:
    address = job["ModelArtifacts"]["S3ModelArtifacts"]
    assert address == training.s3_uri(f"models/{job['TrainingJobName']}/output/model.tar.gz")
    assert members(address) == {"model.txt": b"the model", "code/inference.py": b"# serves"}


def test_hyperparameters_arrive_as_arguments(seen: dict[str, Any]) -> None:
    arguments = seen["arguments"]
    assert (arguments["max_depth"], arguments["rate"], arguments["n"]) == (7, 0.5, 3)


def test_hyperparameters_arrive_as_variables(seen: dict[str, Any]) -> None:
    assert seen["environment"]["SM_HP_MAX_DEPTH"] == "7"
    assert json.loads(seen["environment"]["SM_HPS"])["rate"] == 0.5


def test_the_hyperparameters_file_holds_strings_as_on_aws(seen: dict[str, Any]) -> None:
    assert seen["config"]["hyperparameters"]["max-depth"] == "7"
    assert seen["config"]["hyperparameters"]["sagemaker_program"] == "train.py"


def test_opt_ml_in_a_hyperparameter_leads_to_the_jobs_own_folder(seen: dict[str, Any]) -> None:
    assert seen["arguments"]["model_dir_text"] == seen["environment"]["SM_MODEL_DIR"]


def test_channels_are_folders_of_files(seen: dict[str, Any]) -> None:
    files = [name for name in seen["files"] if name.startswith("input/data/")]
    assert files == ["input/data/one/single.csv", "input/data/train/a.csv", "input/data/train/deep/b.csv"]
    assert seen["environment"]["SM_CHANNEL_TRAIN"].endswith("/opt/ml/input/data/train")
    assert json.loads(seen["environment"]["SM_CHANNELS"]) == ["one", "train"]


def test_code_that_names_opt_ml_literally_works(seen: dict[str, Any]) -> None:
    assert seen["literal"] == "x,y\n1,2\n"


def test_the_input_configuration_describes_each_channel(seen: dict[str, Any]) -> None:
    channels = seen["config"]["inputdataconfig"]
    assert channels["train"]["ContentType"] == "text/csv"
    assert channels["train"]["S3DistributionType"] == "FullyReplicated"
    assert channels["one"]["TrainingInputMode"] == "FastFile"


def test_the_resource_configuration_names_the_one_host(seen: dict[str, Any]) -> None:
    resources = seen["config"]["resourceconfig"]
    assert resources["current_host"] == "algo-1"
    assert resources["hosts"] == ["algo-1"]
    assert resources["current_instance_type"] == "ml.m5.large"


def test_the_requests_environment_reaches_the_script(seen: dict[str, Any]) -> None:
    assert seen["environment"]["COLOUR"] == "green"
    assert seen["environment"]["WHERE"] == seen["environment"]["SM_CHANNEL_TRAIN"]


def test_the_script_learns_who_it_is(seen: dict[str, Any], job: dict[str, Any]) -> None:
    assert seen["environment"]["TRAINING_JOB_NAME"] == job["TrainingJobName"]
    assert seen["environment"]["TRAINING_JOB_ARN"] == job["TrainingJobArn"]
    assert seen["environment"]["SM_USER_ENTRY_POINT"] == "train.py"


def test_the_image_has_its_own_scikit_learn(seen: dict[str, Any]) -> None:
    assert seen["sklearn"] == "1.9.0"


def test_the_learners_own_environment_stays_outside(seen: dict[str, Any]) -> None:
    foreign = {"LOCALCLOUD_HOME", "COURSE_LEARNER", "AWS_PROFILE", "PYTEST_CURRENT_TEST", "VIRTUAL_ENV"}
    assert not foreign & set(seen["environment"])


def test_metrics_are_the_last_values_that_the_log_shows(job: dict[str, Any]) -> None:
    metrics = {metric["MetricName"]: metric["Value"] for metric in job["FinalMetricDataList"]}
    assert metrics == pytest.approx({"loss": 0.6, "accuracy": 0.8})


def test_the_log_holds_every_line_of_both_streams(job: dict[str, Any], training: Training) -> None:
    lines = training.log(job["TrainingJobName"])
    assert "epoch=3 loss=0.6 accuracy=0.80;" in lines
    assert "to the error stream" in lines
    assert lines[-1] == "umlaut ä, and no newline at the end"


def test_the_status_goes_through_the_stations_of_aws(job: dict[str, Any]) -> None:
    stations = [step["Status"] for step in job["SecondaryStatusTransitions"]]
    assert [s for s in stations if s != "Pending"] == [
        "Starting",
        "Downloading",
        "Training",
        "Uploading",
        "Completed",
    ]
    times = [(step["StartTime"], step["EndTime"]) for step in job["SecondaryStatusTransitions"]]
    assert all(end == later[0] for (_, end), later in itertools.pairwise(times))


def test_the_bill_covers_download_training_and_upload(job: dict[str, Any]) -> None:
    seconds = (job["TrainingEndTime"] - job["TrainingStartTime"]).total_seconds()
    assert seconds <= job["BillableTimeInSeconds"] <= seconds + 1.001
    assert job["BillableTimeInSeconds"] == job["TrainingTimeInSeconds"]


def test_the_description_repeats_the_request(job: dict[str, Any], training: Training) -> None:
    assert job["RoleArn"] == training.role
    assert job["StoppingCondition"]["MaxRuntimeInSeconds"] == 120
    assert job["OutputDataConfig"]["S3OutputPath"] == training.s3_uri("models")


def test_tags_are_listed_added_and_removed(job: dict[str, Any], training: Training) -> None:
    arn = job["TrainingJobArn"]
    training.client.add_tags(ResourceArn=arn, Tags=[{"Key": "lesson", "Value": "05"}, {"Key": "course", "Value": "x"}])
    tags = {tag["Key"]: tag["Value"] for tag in training.client.list_tags(ResourceArn=arn)["Tags"]}
    assert tags == {"course": "x", "lesson": "05"}
    training.client.delete_tags(ResourceArn=arn, TagKeys=["course"])
    assert training.client.list_tags(ResourceArn=arn)["Tags"] == [{"Key": "lesson", "Value": "05"}]


def test_nothing_of_a_finished_job_stays_on_the_disk(job: dict[str, Any], local_aws: Any) -> None:
    assert not list((local_aws.home / "runs").glob(f"training-{job['TrainingJobName']}*"))


def test_a_script_may_remove_its_model_folder(training: Training) -> None:
    job = training.run("import shutil, os; shutil.rmtree(os.environ['SM_MODEL_DIR'])")
    assert job["TrainingJobStatus"] == "Completed", job.get("FailureReason")
    assert "ModelArtifacts" not in job or not job["ModelArtifacts"]["S3ModelArtifacts"]


def test_output_may_be_plain_files(training: Training) -> None:
    output = {"S3OutputPath": training.s3_uri("plain"), "CompressionType": "NONE"}
    job = training.run("open('/opt/ml/model/m.txt', 'w').write('m')", OutputDataConfig=output)
    prefix = f"{training.prefix}/plain/{job['TrainingJobName']}/output/model/"
    assert job["ModelArtifacts"]["S3ModelArtifacts"] == f"s3://{training.bucket}/{prefix}"
    assert training.s3.get_object(Bucket=training.bucket, Key=prefix + "m.txt")["Body"].read() == b"m"


def test_requirements_are_installed_for_this_job_only(training: Training) -> None:
    package = {
        "train.py": "import tinypkg; print(tinypkg.WORD)",
        "requirements.txt": "--no-index\n./tinypkg-1.0-py3-none-any.whl\n",
        "tinypkg-1.0-py3-none-any.whl": _wheel("tinypkg", "WORD = 'from the wheel'"),
    }
    job = training.run(package)
    assert job["TrainingJobStatus"] == "Completed", job.get("FailureReason")
    assert "from the wheel" in training.log(job["TrainingJobName"])
    other = training.run("import tinypkg")
    assert other["TrainingJobStatus"] == "Failed"
    assert "ModuleNotFoundError: No module named 'tinypkg'" in training.log(other["TrainingJobName"])


def _wheel(name: str, code: str) -> bytes:
    import io
    import zipfile

    buffer = io.BytesIO()
    info = f"{name}-1.0.dist-info"
    with zipfile.ZipFile(buffer, "w") as wheel:
        wheel.writestr(f"{name}.py", code)
        wheel.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        wheel.writestr(
            f"{info}/WHEEL", "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        wheel.writestr(f"{info}/RECORD", f"{name}.py,,\n{info}/METADATA,,\n{info}/WHEEL,,\n{info}/RECORD,,\n")
    return buffer.getvalue()


def test_checkpoints_come_down_before_and_go_up_while_the_job_runs(training: Training) -> None:
    training.put("checkpoints/epoch-1.txt", "one")
    script = """
        import os, time
        print("found", open("/opt/ml/checkpoints/epoch-1.txt").read())
        open("/opt/ml/checkpoints/epoch-2.txt", "w").write("two")
        for number in range(200):
            open("/opt/ml/checkpoints/part.tmp", "w").close()
            os.replace("/opt/ml/checkpoints/part.tmp", "/opt/ml/checkpoints/last.txt")
        print("written", flush=True)
        time.sleep(60)
    """
    name = training.start(script, CheckpointConfig={"S3Uri": training.s3_uri("checkpoints")})
    training.reaches(name, "written")
    training.client.stop_training_job(TrainingJobName=name)
    job = training.ended(name)
    assert job["TrainingJobStatus"] == "Stopped"
    assert "found one" in training.log(name)
    stored = training.s3.get_object(Bucket=training.bucket, Key=f"{training.prefix}/checkpoints/epoch-2.txt")
    assert stored["Body"].read() == b"two"


def test_the_source_may_come_without_an_archive_of_that_name(training: Training) -> None:
    source = training.put("code/mine.tgz", archive({"train.py": "print('any name')"}))
    changed = {"sagemaker_program": "train.py", "sagemaker_submit_directory": source}
    job = training.run("", HyperParameters=changed)
    assert job["TrainingJobStatus"] == "Completed", job.get("FailureReason")
