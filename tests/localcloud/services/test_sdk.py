"""The SageMaker SDK v3, unchanged, against the local AWS, with nothing but the environment that connect() sets.

The SDK waits five seconds between two looks at a job, so one program does everything and the tests look at its parts.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from own_cloud import PROJECT, OwnCloud
from training_jobs import members

pytestmark = pytest.mark.image

PROGRAM = """
import json, sys, time
from pathlib import Path

from helpers.workshop import connect

ws = connect()
from sagemaker.core import image_uris
from sagemaker.core.resources import Endpoint, EndpointConfig, Model, TrainingJob
from sagemaker.core.shapes import ContainerDefinition, ProductionVariant
from sagemaker.core.training.configs import Compute, InputData, MetricDefinition, OutputDataConfig, SourceCode
from sagemaker.train import ModelTrainer

code, seen = sys.argv[1], {}
image = image_uris.retrieve("sklearn", ws.region, version="1.9-0", instance_type="ml.m5.large")


def trainer(script):
    return ModelTrainer(
        training_image=image,
        source_code=SourceCode(source_dir=code, entry_script=script),
        compute=Compute(instance_type="ml.m5.large", instance_count=1),
        output_data_config=OutputDataConfig(s3_output_path=ws.s3("models")),
        hyperparameters={"rate": 0.5, "words": ["a", "b"]},
        role=ws.role,
        base_job_name="sdk",
        sagemaker_session=ws.session,
    ).with_metric_definitions([MetricDefinition(name="accuracy", regex="accuracy=([0-9.]+)")])


good = trainer("train.py")
data = InputData(channel_name="train", data_source=str(Path(code, "data")))
print("BEFORE")
good.train(input_data_config=[data], wait=True, logs=True)
print("AFTER")
name = good._latest_training_job.training_job_name
job = TrainingJob.get(name)
artifacts = job.model_artifacts.s3_model_artifacts
seen["job"] = {
    "status": job.training_job_status,
    "artifacts": artifacts,
    "metrics": {m.metric_name: m.value for m in job.final_metric_data_list},
}
try:
    trainer("broken.py").train(wait=True, logs=False)
except Exception as error:
    seen["failure"] = f"{type(error).__name__}: {error}"

container = ContainerDefinition(image=image, model_data_url=artifacts)
model = Model.create(model_name="sdk-model", primary_container=container, execution_role_arn=ws.role)
variant = ProductionVariant(
    variant_name="all", model_name="sdk-model", initial_instance_count=1, instance_type="ml.m5.large"
)
config = EndpointConfig.create(endpoint_config_name="sdk-config", production_variants=[variant])
endpoint = Endpoint.create(endpoint_name="sdk-endpoint", endpoint_config_name="sdk-config")
endpoint.wait_for_status("InService")
answer = endpoint.invoke(body=json.dumps(["x"]), content_type="application/json", accept="application/json")
seen["answer"] = json.loads(answer.body.read())
seen["listed"] = [one.endpoint_name for one in Endpoint.get_all()]
endpoint.delete()
endpoint.wait_for_delete()
config.delete()
model.delete()
print("SEEN " + json.dumps(seen))
"""

TRAIN = """
import argparse, json, os
from pathlib import Path

parser = argparse.ArgumentParser()
parser.add_argument("--rate", type=float)
parser.add_argument("--words", type=json.loads)
arguments = parser.parse_args()
rows = Path(os.environ["SM_CHANNEL_TRAIN"], "rows.csv").read_text().splitlines()
print(f"a line of the training script: {len(rows)} rows, rate {arguments.rate}, words {arguments.words}")
print("accuracy=0.875")
folder = Path(os.environ["SM_MODEL_DIR"])
(folder / "word.txt").write_text("trained")
(folder / "code").mkdir()
(folder / "code" / "inference.py").write_text(
    "def model_fn(d): return open(d + '/word.txt').read()\\n"
    "def predict_fn(data, model): return [model + str(data[0])]\\n"
)
"""


@pytest.fixture(scope="module")
def output(local_aws: OwnCloud, workshop: Any, tmp_path_factory: pytest.TempPathFactory) -> str:
    """All that the program printed."""
    folder = tmp_path_factory.mktemp("sdk")
    (folder / "code" / "data").mkdir(parents=True)
    (folder / "code" / "data" / "rows.csv").write_text("1\n2\n3\n")
    (folder / "code" / "train.py").write_text(TRAIN)
    (folder / "code" / "broken.py").write_text("raise ValueError('no reviews here')")
    program = folder / "program.py"
    program.write_text(PROGRAM)
    environment = {
        **local_aws.environment,
        "COURSE_CLOUD": "local",
        "PYTHONPATH": str(PROJECT),
        "PYTHONUNBUFFERED": "1",
        "COLUMNS": "200",
    }
    done = subprocess.run(
        [sys.executable, str(program), str(folder / "code")],
        env=environment,
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=200,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-5000:]
    return done.stdout


@pytest.fixture(scope="module")
def seen(output: str) -> dict[str, Any]:
    result: dict[str, Any] = json.loads(output.rpartition("SEEN ")[2].splitlines()[0])
    return result


def test_train_shows_the_scripts_lines_while_it_waits(output: str) -> None:
    shown = output.partition("BEFORE")[2].partition("AFTER")[0]
    assert "a line of the training script: 3 rows, rate 0.5, words ['a', 'b']" in shown
    assert "Completed" in shown


def test_train_leaves_a_model_and_metrics(seen: dict[str, Any]) -> None:
    assert seen["job"]["status"] == "Completed"
    assert seen["job"]["metrics"] == {"accuracy": 0.875}
    assert members(seen["job"]["artifacts"])["word.txt"] == b"trained"


def test_a_script_that_raises_fails_the_call_with_its_command_and_exit_code(seen: dict[str, Any]) -> None:
    """As on AWS: what it raised is in the log."""
    assert "'broken.py'" in seen["failure"].replace("\\", "")
    assert "returned non-zero exit status 1., exit code: 1" in seen["failure"]


def test_an_endpoint_of_the_trained_model_answers(seen: dict[str, Any]) -> None:
    assert seen["answer"] == ["trainedx"]
    assert seen["listed"] == ["sdk-endpoint"]


def test_the_sdks_own_files_name_no_folder_of_this_machine(output: str, local_aws: OwnCloud) -> None:
    shown = output.partition("BEFORE")[2].partition("AFTER")[0]
    assert str(Path(local_aws.home, "runs")) not in shown
