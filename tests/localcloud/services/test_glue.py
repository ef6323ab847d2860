"""Glue jobs that really run. Spark takes half a minute to do anything, so one successful run does many things."""

from __future__ import annotations

import io
import time
from typing import Any

import pyarrow.parquet
import pytest
from botocore.exceptions import ClientError
from glue_jobs import Glue
from own_cloud import wait_until

SCRIPT = """
    import os, sys
    import boto3
    from awsglue.context import GlueContext
    from awsglue.job import Job
    from awsglue.utils import getResolvedOptions
    from pyspark.context import SparkContext

    args = getResolvedOptions(sys.argv, ["JOB_NAME", "source", "target", "text"])
    glue = GlueContext(SparkContext.getOrCreate())
    spark, job = glue.spark_session, Job(glue)
    job.init(args["JOB_NAME"], args)
    films = spark.read.csv(args["source"], header=True, inferSchema=True)
    print("rows", films.count(), "spark", spark.version)
    print("text", args["text"], "run", args["JOB_RUN_ID"])
    films.write.mode("overwrite").partitionBy("genre").parquet(args["target"])
    s3, bucket, root = boto3.client("s3"), args["source"].split("/")[2], "glue-tests/seen"
    films.coalesce(1).write.mode("overwrite").csv(f"s3a://{bucket}/{root}/parts/", header=True)
    [part] = [item["Key"] for item in s3.list_objects_v2(Bucket=bucket, Prefix=f"{root}/parts/")["Contents"]]
    s3.copy_object(Bucket=bucket, Key=f"{root}/films 100%+1.csv", CopySource={"Bucket": bucket, "Key": part})
    s3.delete_object(Bucket=bucket, Key=part)
    print("copied by boto3", spark.read.csv(f"s3://{bucket}/{root}/*.csv", header=True).count())
    try:
        spark.read.csv(f"s3://{bucket}/{root}/parts/")
    except Exception as error:
        print("deleted by boto3", error.getErrorClass())
    s3.create_bucket(Bucket="made-by-the-script")
    films.write.json("s3n://made-by-the-script/films/")
    print("in a new bucket", spark.read.json("s3://made-by-the-script/films").count())
    for key in ("odd/a.tmp", "odd/a", "odd/a/b", "odd//lost", "odd/" + "n" * 220):
        s3.put_object(Bucket=bucket, Key=f"{root}/{key}", Body=f"{key[:9]}\\n".encode())
    everything = spark.read.option("recursiveFileLookup", "true").text(f"s3://{bucket}/{root}/odd/")
    print("odd", sorted(row[0] for row in everything.collect()))
    import extra_module
    settings = spark.conf.get("spark.mine"), os.environ["CUSTOMER_X"]
    print("extra", extra_module.ANSWER, open("words.txt").read(), *settings)
    print("read back", spark.read.parquet(args["target"]).where("genre = 'comedy'").count())
    for name, path in {
        "unknown bucket": "s3://no-such-bucket-here/films",
        "climbing": args["source"] + "/../../../../../../etc/hosts",
    }.items():
        for what, use in {
            "read": lambda: spark.read.text(path).count(),
            "write": lambda: films.write.parquet(path),
        }.items():
            try:
                use()
                print(name, what, "WENT THROUGH")
            except Exception as error:
                print(name, what, "refused", type(error).__name__)
    print("buckets", len(boto3.client("s3").list_buckets()["Buckets"]))
    print("foreign", [name for name in os.environ if name.startswith(("COURSE_", "PYTEST"))])
    print("to the error stream", file=sys.stderr)
    job.commit()
"""


@pytest.fixture(scope="module")
def done(glue: Glue, endless_run: tuple[str, str]) -> dict[str, Any]:
    """The run of SCRIPT. It asks for the endless run too, so that its minute passes while other tests run."""
    glue.put("films/a.csv", "title,genre,stars\nUp,comedy,9\nAlien,horror,10\n")
    glue.put("films/b.csv", "title,genre,stars\nCats,comedy,2\n")
    glue.put("out/genre=war/old.parquet", b"from an earlier run")
    options = {
        "--extra-py-files": glue.put("lib/extra_module.py", "ANSWER = 42"),
        "--extra-files": glue.put("lib/words.txt", "two words"),
        "--conf": "spark.mine=1 --conf spark.sql.shuffle.partitions=3",
        "--customer-driver-env-vars": "CUSTOMER_X=yes",
        "--enable-metrics": "true",
    }
    job = glue.job(SCRIPT, DefaultArguments={"--source": glue.uri("films"), "--text": "default", **options})
    run = glue.start(job, Arguments={"--target": glue.uri("out"), "--text": "two words, ä"})
    return glue.ended(job, run)


# --- A run that succeeds ---------------------------------------------------------------------------------------


def test_the_run_succeeds(done: dict[str, Any], glue: Glue) -> None:
    assert done["JobRunState"] == "SUCCEEDED", (done.get("ErrorMessage"), glue.log(done["Id"], "error"))
    assert "ErrorMessage" not in done


def test_the_drivers_output_is_in_the_output_group(done: dict[str, Any], glue: Glue) -> None:
    assert "rows 3 spark 3.5.6" in glue.log(done["Id"])
    assert "read back 2" in glue.log(done["Id"])


def test_standard_error_is_in_the_error_group(done: dict[str, Any], glue: Glue) -> None:
    assert "to the error stream" in glue.log(done["Id"], "error")
    assert "to the error stream" not in glue.log(done["Id"])


def test_arguments_reach_the_script(done: dict[str, Any], glue: Glue) -> None:
    assert f"text two words, ä run {done['Id']}" in glue.log(done["Id"])
    assert done["Arguments"]["--text"] == "two words, ä"


def test_partitioned_parquet_is_on_s3(done: dict[str, Any], glue: Glue) -> None:
    listed = glue.s3.list_objects_v2(Bucket=glue.bucket, Prefix="glue-tests/out/")["Contents"]
    keys = [item["Key"].removeprefix("glue-tests/out/") for item in listed]
    assert sorted({key.split("/")[0] for key in keys}) == ["genre=comedy", "genre=horror"]
    assert all(key.endswith(".parquet") for key in keys)
    horror = next(item["Key"] for item in listed if "horror" in item["Key"])
    data = glue.s3.get_object(Bucket=glue.bucket, Key=horror)["Body"].read()
    assert pyarrow.parquet.read_table(io.BytesIO(data)).to_pylist() == [{"title": "Alien", "stars": 10}]


@pytest.mark.parametrize(
    "line",
    [
        "copied by boto3 3",
        "deleted by boto3 PATH_NOT_FOUND",
        "in a new bucket 3",
        "odd ['odd/a', 'odd/a.tmp', 'odd/a/b', 'odd/nnnnn']",
        "extra 42 two words 1 yes",
    ],
)
def test_spark_and_boto3_see_the_same_at_once(done: dict[str, Any], glue: Glue, line: str) -> None:
    assert line in glue.log(done["Id"])


def test_what_is_left_out_or_has_no_effect_is_in_the_error_log(done: dict[str, Any], glue: Glue) -> None:
    lines = [line for line in glue.log(done["Id"], "error") if line.startswith("WARN ")]
    assert any("glue-tests/seen/odd//" in line and "two slashes" in line for line in lines)
    assert any("--enable-metrics has no effect here" in line for line in lines)


def test_an_unknown_bucket_fails_closed(done: dict[str, Any], glue: Glue) -> None:
    lines = [line for line in glue.log(done["Id"]) if line.startswith("unknown bucket")]
    assert len(lines) == 2
    assert all(" refused " in line for line in lines)


def test_a_path_that_climbs_out_of_its_bucket_is_refused(done: dict[str, Any], glue: Glue) -> None:
    lines = [line for line in glue.log(done["Id"]) if line.startswith("climbing")]
    assert lines == ["climbing read refused PathRefused", "climbing write refused PathRefused"]


def test_boto3_inside_the_script_talks_to_the_local_aws(done: dict[str, Any], glue: Glue) -> None:
    assert any(line.startswith("buckets ") for line in glue.log(done["Id"]))
    assert "foreign []" in glue.log(done["Id"])


def test_the_run_is_billed_by_dpu_seconds(done: dict[str, Any]) -> None:
    assert done["ExecutionTime"] >= 1
    assert (done["MaxCapacity"], done["WorkerType"], done["NumberOfWorkers"]) == (2.0, "G.1X", 2)
    assert done["DPUSeconds"] == 2.0 * done["ExecutionTime"]


# --- Runs that do not ------------------------------------------------------------------------------------------


def test_an_exceptions_message_is_the_runs(glue: Glue) -> None:
    run = glue.run("print('before')\nraise ValueError('there is no column stars')")
    assert run["JobRunState"] == "FAILED"
    assert run["ErrorMessage"] == "ValueError: there is no column stars"
    assert glue.log(run["Id"]) == ["before"]
    assert any(line.startswith("Traceback") for line in glue.log(run["Id"], "error"))


def test_an_exit_code_is_the_reason(glue: Glue) -> None:
    assert glue.run("import sys\nsys.exit(3)")["ErrorMessage"] == "SystemExit: 3"


def test_log_groups_of_a_jobs_own_have_its_lines_and_the_shared_ones_none(glue: Glue) -> None:
    script = "import sys\nprint('out')\nprint('err', file=sys.stderr)"
    run = glue.run(script, DefaultArguments={"--custom-logGroup-prefix": "/aws-glue/jobs/mine"})
    assert glue.log(run["Id"], groups="/aws-glue/jobs/mine") == ["out"]
    assert "err" in glue.log(run["Id"], "error", "/aws-glue/jobs/mine")
    assert glue.log(run["Id"]) == glue.log(run["Id"], "error") == []


def test_a_driver_that_is_killed_says_so(glue: Glue) -> None:
    run = glue.run("import os\nos.kill(os.getpid(), 9)")
    assert run["JobRunState"] == "FAILED"
    assert "killed" in run["ErrorMessage"]


def test_a_script_that_is_not_there_is_the_reason(glue: Glue) -> None:
    job = glue.job("pass")
    glue.s3.delete_object(Bucket=glue.bucket, Key=f"glue-tests/scripts/{job}.py")
    run = glue.ended(job, glue.start(job))
    assert run["JobRunState"] == "FAILED"
    assert f"scripts/{job}.py" in run["ErrorMessage"]


def test_a_failed_run_is_tried_again_as_often_as_the_job_says(glue: Glue) -> None:
    job = glue.job("raise OSError('flaky')", MaxRetries=1)
    first = glue.start(job)
    glue.ended(job, first)
    wait_until(lambda: len(glue.client.get_job_runs(JobName=job)["JobRuns"]) == 2, 5)
    runs = glue.client.get_job_runs(JobName=job)["JobRuns"]
    assert [run["Attempt"] for run in runs] == [1, 0]
    assert runs[0]["PreviousRunId"] == first
    assert glue.ended(job, runs[0]["Id"])["JobRunState"] == "FAILED"


def test_a_stopped_run_ends_within_seconds_and_frees_its_place(glue: Glue) -> None:
    script = (
        "import signal, time\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\nprint('on', flush=True)\ntime.sleep(900)"
    )
    job = glue.job(script)
    run = glue.start(job)
    wait_until(lambda: glue.log(run) == ["on"])
    with pytest.raises(glue.client.exceptions.ConcurrentRunsExceededException):
        glue.start(job)
    began = time.monotonic()
    answer = glue.client.batch_stop_job_run(JobName=job, JobRunIds=[run, "jr_none"])
    assert answer["SuccessfulSubmissions"] == [{"JobName": job, "JobRunId": run}]
    assert answer["Errors"][0]["ErrorDetail"]["ErrorCode"] == "EntityNotFoundException"
    assert glue.ended(job, run)["JobRunState"] == "STOPPED"
    assert time.monotonic() - began < 10
    again = glue.start(job)
    glue.client.batch_stop_job_run(JobName=job, JobRunIds=[again])
    assert glue.ended(job, again)["JobRunState"] == "STOPPED"


def test_a_job_that_is_deleted_while_it_starts_still_ends(glue: Glue) -> None:
    job = glue.job("print('either way')")
    run = glue.start(job)
    glue.client.delete_job(JobName=job)
    assert glue.ended(job, run)["JobRunState"] in ("SUCCEEDED", "FAILED")


# --- Definitions -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"DefaultArguments": {"--additional-python-modules": "torch"}}, "--additional-python-modules"),
        ({"DefaultArguments": {"--extra-jars": "s3://b/x.jar"}}, "--extra-jars"),
        ({"DefaultArguments": {"--datalake-formats": "iceberg"}}, "--datalake-formats"),
        ({"NonOverridableArguments": {"--job-language": "scala"}}, "--job-language"),
        ({"Connections": {"Connections": ["c"]}}, "Connections"),
        ({"GlueVersion": "4.0"}, "Glue version 4.0"),
        ({"NumberOfWorkers": 1}, "at least 2"),
        ({"WorkerType": "Z.2X"}, "Z.2X"),
        ({"MaxCapacity": 2.0}, "only"),
        ({"Command": {"Name": "pythonshell", "ScriptLocation": "s3://b/x.py"}}, "pythonshell"),
        ({"Command": {"Name": "glueetl", "ScriptLocation": "/etc/passwd"}}, "ScriptLocation"),
    ],
)
def test_what_cannot_run_here_is_refused_by_name(glue: Glue, changes: dict[str, Any], named: str) -> None:
    with pytest.raises(glue.client.exceptions.InvalidInputException, match=named):
        glue.job("pass", **changes)


def test_arguments_are_checked_when_a_run_starts_too(glue: Glue) -> None:
    job = glue.job("pass")
    for arguments in ({"--additional-python-modules": "torch"}, {"--source": "s3://bucket/../../etc"}):
        with pytest.raises(glue.client.exceptions.InvalidInputException, match=next(iter(arguments))):
            glue.start(job, Arguments=arguments)
    assert glue.client.get_job_runs(JobName=job)["JobRuns"] == []


def test_a_job_is_created_once_updated_listed_and_deleted(glue: Glue) -> None:
    job = glue.job("pass", Description="first")
    with pytest.raises(glue.client.exceptions.AlreadyExistsException):
        glue.job("pass", Name=job)
    command = {"Name": "glueetl", "ScriptLocation": glue.uri(f"scripts/{job}.py")}
    glue.client.update_job(
        JobName=job, JobUpdate={"Role": glue.role, "Command": command, "Description": "second", "Timeout": 5}
    )
    described = glue.client.get_job(JobName=job)["Job"]
    assert (described["Description"], described["Timeout"]) == ("second", 5)
    assert job in glue.client.list_jobs()["JobNames"]
    assert job in [one["Name"] for one in glue.client.get_jobs()["Jobs"]]
    glue.client.delete_job(JobName=job)
    with pytest.raises(glue.client.exceptions.EntityNotFoundException):
        glue.start(job)


def test_many_starts_at_once_respect_the_limit(glue: Glue) -> None:
    from concurrent.futures import ThreadPoolExecutor

    job = glue.job("import time\ntime.sleep(600)")

    def start(_: int) -> str:
        try:
            return glue.start(job)
        except ClientError as error:
            return str(error.response["Error"]["Code"])

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(start, range(8)))
    runs = [answer for answer in answers if answer.startswith("jr_")]
    assert len(runs) == 1
    assert answers.count("ConcurrentRunsExceededException") == 7
    glue.client.batch_stop_job_run(JobName=job, JobRunIds=runs)
    glue.ended(job, runs[0])
