"""What is stored is there after `kill -9` and after a clean stop, and nothing keeps running."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import psutil
import pytest
from botocore.exceptions import ClientError
from glue_jobs import Glue
from own_cloud import OwnCloud, wait_until
from training_jobs import IMAGE, LOG_GROUP, Training, archive

BUCKET, ROLE = "sagemaker-us-east-1-123456789012", "arn:aws:iam::123456789012:role/DataScienceOnAWSExecutionRole"
INFERENCE = """
    def model_fn(model_dir):
        return open(model_dir + "/word.txt").read()

    def predict_fn(data, model):
        return [model]
"""
LONG = """
    import subprocess, sys, time
    subprocess.Popen([sys.executable, "-c", "import time; time.sleep(300)"], start_new_session=True)
    open("/opt/ml/model/half.txt", "w").write("half")
    print("in the middle", flush=True)
    time.sleep(300)
"""


class Filled:
    """An installation that holds one thing of every kind, and a training job and a Glue run in the middle."""

    def __init__(self, cloud: OwnCloud) -> None:
        self.cloud = cloud
        self.training = Training(BUCKET, ROLE, clients=cloud.client)
        self.port = cloud.info["port"]
        self.done = self.training.run("print('all of it')", name="done-before")["TrainingJobName"]
        self._fill()
        self.running = self.training.start(LONG, name="interrupted")
        self.training.reaches(self.running, "in the middle")
        self.glue = Glue(BUCKET, ROLE, clients=cloud.client)
        self.glue_job = self.glue.job(LONG.replace("/opt/ml/model/", ""))
        self.glue_run = self.glue.start(self.glue_job)
        wait_until(lambda: self.glue.log(self.glue_run) == ["in the middle"])

    def _fill(self) -> None:
        client = self.cloud.client
        s3, glue, logs = client("s3"), client("glue"), client("logs")
        s3.create_bucket(Bucket="empty-bucket")
        s3.put_object(Bucket=BUCKET, Key="reviews/a.csv", Body=b"x\n1\n", Metadata={"lesson": "02"})
        s3.put_object(Bucket=BUCKET, Key="reviews/a.csv", Body=b"x\n1\n2\n", Metadata={"lesson": "03"})
        glue.create_database(DatabaseInput={"Name": "reviews_db"})
        storage = {"Columns": [{"Name": "x", "Type": "int"}], "Location": f"s3://{BUCKET}/reviews/"}
        table = {
            "Name": "reviews",
            "StorageDescriptor": storage,
            "PartitionKeys": [{"Name": "split", "Type": "string"}],
        }
        glue.create_table(DatabaseName="reviews_db", TableInput=table)
        partitions = [{"Values": [split], "StorageDescriptor": storage} for split in ("train", "test")]
        glue.batch_create_partition(DatabaseName="reviews_db", TableName="reviews", PartitionInputList=partitions)
        script = {"Name": "glueetl", "ScriptLocation": f"s3://{BUCKET}/jobs/etl.py"}
        glue.create_job(Name="etl", Role=ROLE, Command=script)
        glue.create_crawler(
            Name="raw",
            Role=ROLE,
            DatabaseName="reviews_db",
            Targets={"S3Targets": [{"Path": f"s3://{BUCKET}/reviews"}]},
        )
        trusted = {"Effect": "Allow", "Principal": {"Service": "glue.amazonaws.com"}, "Action": "sts:AssumeRole"}
        trust = json.dumps({"Version": "2012-10-17", "Statement": [trusted]})
        client("iam").create_role(RoleName="learner", AssumeRolePolicyDocument=trust)
        logs.create_log_group(logGroupName="/tests")
        logs.create_log_stream(logGroupName="/tests", logStreamName="s")
        event = {"timestamp": int(time.time() * 1000), "message": "kept"}
        logs.put_log_events(logGroupName="/tests", logStreamName="s", logEvents=[event])
        self.execution = client("athena").start_query_execution(
            QueryString="SELECT 1 AS one", ResultConfiguration={"OutputLocation": f"s3://{BUCKET}/athena/"}
        )["QueryExecutionId"]
        wait_until(lambda: self.athena_state() == "SUCCEEDED")
        self._serve()

    def _serve(self) -> None:
        sagemaker = self.cloud.client("sagemaker")
        data = self.training.put("model.tar.gz", archive({"word.txt": "alive", "code/inference.py": INFERENCE}))
        container = {"Image": IMAGE, "ModelDataUrl": data}
        sagemaker.create_model(ModelName="word", ExecutionRoleArn=ROLE, PrimaryContainer=container)
        variant = {
            "VariantName": "all",
            "ModelName": "word",
            "InstanceType": "ml.m5.large",
            "InitialInstanceCount": 1,
        }
        sagemaker.create_endpoint_config(EndpointConfigName="word", ProductionVariants=[variant])
        sagemaker.create_endpoint(EndpointName="word", EndpointConfigName="word")
        self.wait_for_endpoint()

    def wait_for_endpoint(self) -> None:
        describe = self.cloud.client("sagemaker").describe_endpoint
        wait_until(lambda: describe(EndpointName="word")["EndpointStatus"] == "InService")

    def athena_state(self) -> str:
        answer = self.cloud.client("athena").get_query_execution(QueryExecutionId=self.execution)
        return str(answer["QueryExecution"]["Status"]["State"])


def owned(cloud: OwnCloud) -> list[psutil.Process]:
    """Live processes that jobs of this installation have started: their folder is in the environment."""
    found = []
    for process in psutil.process_iter():
        try:
            if str(cloud.home / "runs") in process.environ().get("TMPDIR", ""):
                found.append(process)
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            continue
    return found


@pytest.fixture(scope="module", params=["kill", "stop"])
def again(request: pytest.FixtureRequest, glue: Glue) -> Iterator[Filled]:
    """A filled installation that was killed, or stopped, in the middle of its jobs, and started again."""
    cloud = OwnCloud()
    try:
        cloud.start()
        filled = Filled(cloud)
        assert owned(cloud)
        end: Callable[[], None] = getattr(cloud, request.param)
        end()
        wait_until(lambda: not owned(cloud), 5)
        cloud.start()
        yield filled
    finally:
        cloud.remove()


def test_the_port_is_the_same_again(again: Filled) -> None:
    assert again.cloud.info["port"] == again.port


def test_objects_and_their_metadata_are_there(again: Filled) -> None:
    found = again.cloud.client("s3").get_object(Bucket=BUCKET, Key="reviews/a.csv")
    assert (found["Body"].read(), found["Metadata"]) == (b"x\n1\n2\n", {"lesson": "03"})


def test_an_empty_bucket_is_there(again: Filled) -> None:
    names = [bucket["Name"] for bucket in again.cloud.client("s3").list_buckets()["Buckets"]]
    assert "empty-bucket" in names


def test_tables_and_partitions_are_there(again: Filled) -> None:
    glue = again.cloud.client("glue")
    table = glue.get_table(DatabaseName="reviews_db", Name="reviews")["Table"]
    assert table["PartitionKeys"][0]["Name"] == "split"
    partitions = glue.get_partitions(DatabaseName="reviews_db", TableName="reviews")["Partitions"]
    assert sorted(partition["Values"][0] for partition in partitions) == ["test", "train"]


def test_glue_jobs_and_crawlers_are_there(again: Filled) -> None:
    glue = again.cloud.client("glue")
    assert glue.get_job(JobName="etl")["Job"]["Command"]["ScriptLocation"].endswith("etl.py")
    assert glue.get_crawler(Name="raw")["Crawler"]["State"] == "READY"


def test_roles_are_there(again: Filled) -> None:
    roles = [role["RoleName"] for role in again.cloud.client("iam").list_roles()["Roles"]]
    assert sorted(roles) == ["DataScienceOnAWSExecutionRole", "DataScienceOnAWSReaderRole", "learner"]


def test_log_events_are_there_once(again: Filled) -> None:
    logs = again.cloud.client("logs")
    events = logs.get_log_events(logGroupName="/tests", logStreamName="s", startFromHead=True)["events"]
    assert [event["message"] for event in events] == ["kept"]
    assert again.training.log(again.done) == ["all of it"]


def test_athenas_executions_are_there(again: Filled) -> None:
    assert again.athena_state() == "SUCCEEDED"


def test_finished_jobs_are_there(again: Filled) -> None:
    assert again.training.describe(again.done)["TrainingJobStatus"] == "Completed"


def test_the_running_job_has_failed_and_says_why(again: Filled) -> None:
    job = again.training.describe(again.running)
    assert job["TrainingJobStatus"] == "Failed"
    assert "local AWS was stopped while this job was running" in job["FailureReason"]
    assert job["SecondaryStatusTransitions"][-1]["Status"] == "Failed"
    assert again.training.log(again.running) == ["in the middle"]


def test_the_running_glue_run_has_failed_and_says_why(again: Filled) -> None:
    run = again.cloud.client("glue").get_job_run(JobName=again.glue_job, RunId=again.glue_run)["JobRun"]
    assert run["JobRunState"] == "FAILED"
    assert "local AWS was stopped while this run was in progress" in run["ErrorMessage"]
    assert "CompletedOn" in run


def test_the_running_job_left_no_object(again: Filled) -> None:
    prefix = f"{again.training.prefix}/models/{again.running}/"
    assert "Contents" not in again.cloud.client("s3").list_objects_v2(Bucket=BUCKET, Prefix=prefix)


def test_the_next_job_works(again: Filled) -> None:
    assert again.training.run("print('again')")["TrainingJobStatus"] == "Completed"
    assert again.training.logs.describe_log_groups(logGroupNamePrefix=LOG_GROUP)["logGroups"]


def test_endpoints_come_back_to_life(again: Filled) -> None:
    again.wait_for_endpoint()
    answer = again.cloud.client("sagemaker-runtime").invoke_endpoint(
        EndpointName="word", ContentType="application/json", Body=b"[1]"
    )
    assert json.loads(answer["Body"].read()) == ["alive"]


def test_a_second_kill_loses_nothing_either(again: Filled) -> None:
    again.cloud.kill()
    again.cloud.start()
    test_objects_and_their_metadata_are_there(again)
    test_tables_and_partitions_are_there(again)
    test_log_events_are_there_once(again)
    test_athenas_executions_are_there(again)


def test_a_kill_during_writes_leaves_whole_objects_only(own_cloud: OwnCloud) -> None:
    """Every object that was acknowledged is there whole; one that was not is there whole, as it was, or not at all."""
    s3 = own_cloud.client("s3", retries={"total_max_attempts": 1})
    s3.create_bucket(Bucket="writes")
    contents = {f"{n}": bytes([n]) * 300_000 for n in range(200)}
    stored: set[str] = set()

    def write(key: str) -> None:
        try:
            s3.put_object(Bucket="writes", Key=key, Body=contents[key])
            stored.add(key)
        except Exception:
            return

    with ThreadPoolExecutor(8) as pool:
        written = [pool.submit(write, key) for key in contents]
        wait_until(lambda: len(stored) > 20, every=0.005)
        own_cloud.kill()
        for one in written:
            one.result()
    own_cloud.start()
    s3 = own_cloud.client("s3")
    found = {item["Key"] for item in s3.list_objects_v2(Bucket="writes").get("Contents", [])}
    assert stored <= found
    for key in found:
        answer = s3.get_object(Bucket="writes", Key=key)
        assert answer["Body"].read() == contents[key]


def test_a_deleted_object_stays_deleted(own_cloud: OwnCloud) -> None:
    s3 = own_cloud.client("s3")
    s3.create_bucket(Bucket="deletes")
    s3.put_object(Bucket="deletes", Key="a", Body=b"1")
    s3.delete_object(Bucket="deletes", Key="a")
    own_cloud.kill()
    own_cloud.start()
    with pytest.raises(ClientError, match="NoSuchKey"):
        own_cloud.client("s3").get_object(Bucket="deletes", Key="a")
