"""Other people's clients talk to the local AWS: awswrangler, PyAthena, s3fs and the AWS CLI, a short session each.

They run in the image environment `clients-1`, which has nothing of this project: all that leads them here is what
`python -m localcloud env` prints.
"""

from __future__ import annotations

import json
import os
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest
from own_cloud import OwnCloud, images_folder

from localcloud.jobs import images

HERE = Path(__file__).parent
NEED_AN_IMAGE = {"clients"}
BUCKET = "other-peoples-clients"


@pytest.fixture(scope="module")
def clients() -> Path:
    """The folder of the clients' programs."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LOCALCLOUD_IMAGES", str(images_folder()))
        return images.ensure("clients-1").parent


@pytest.fixture(scope="module")
def environment(local_aws: OwnCloud) -> dict[str, str]:
    """The variables that `python -m localcloud env` exports, and hardly more; the bucket is there."""
    script = local_aws.run("env").stdout + "\nenv -0"
    plain = {"PATH": os.environ["PATH"], "HOME": str(local_aws.home), "LANG": "C.UTF-8"}
    found = subprocess.run(["sh", "-c", script], env=plain, capture_output=True, text=True, check=True).stdout
    s3 = local_aws.client("s3")
    s3.create_bucket(Bucket=BUCKET)
    s3.put_object(Bucket=BUCKET, Key="visits/a.txt", Body="Ghent;3\nÅrhus;12\n".encode())
    return dict(line.split("=", 1) for line in found.split("\0") if "=" in line)


@pytest.mark.parametrize("client", ["awswrangler", "pyathena", "s3fs"])
def test_a_session(client: str, clients: Path, environment: dict[str, str], tmp_path: Path) -> None:
    command = [str(clients / "python3"), str(HERE / f"session_{client}.py"), BUCKET, f"of_{client}"]
    done = subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr[-6000:]
    assert f"{client}: done" in done.stdout


def test_the_aws_cli(local_aws: OwnCloud, clients: Path, environment: dict[str, str], tmp_path: Path) -> None:
    def aws(*arguments: str) -> str:
        command = [str(clients / "python3"), str(clients / "aws"), *arguments]
        done = subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, f"aws {' '.join(arguments)}: {done.stderr}"
        return done.stdout

    def answer(*arguments: str) -> Any:
        return json.loads(aws(*arguments, "--output", "json") or "{}")

    folder = tmp_path / "to sync"
    (folder / "2024").mkdir(parents=True)
    (folder / "2024" / "films.csv").write_text("id,title,stars\n1,Heat,8\n2,Ran,9\n")
    (folder / "2024" / "note ü.txt").write_text("not for the table")
    place = f"s3://{BUCKET}/cli"
    aws("s3", "sync", str(folder), place, "--exclude", "*.txt")
    (folder / "2024" / "more.csv").write_text("id,title,stars\n3,Kes,7\n")
    assert aws("s3", "sync", str(folder), place, "--exclude", "*.txt").count("upload:") == 1
    assert [line.split()[-1] for line in aws("s3", "ls", place + "/2024/").splitlines()] == ["films.csv", "more.csv"]
    back = tmp_path / "back"
    aws("s3", "sync", place, str(back))
    assert (back / "2024" / "films.csv").read_bytes() == (folder / "2024" / "films.csv").read_bytes()

    aws("glue", "create-database", "--database-input", '{"Name": "of_cli"}')
    targets = json.dumps({"S3Targets": [{"Path": place + "/2024/"}]})
    role = "arn:aws:iam::123456789012:role/DataScienceOnAWSExecutionRole"
    aws("glue", "create-crawler", "--name", "cli", "--role", role, "--database-name", "of_cli", "--targets", targets)
    aws("glue", "start-crawler", "--name", "cli")
    crawler: dict[str, Any] = {"State": "RUNNING"}
    while crawler["State"] != "READY":
        time.sleep(0.3)
        crawler = answer("glue", "get-crawler", "--name", "cli")["Crawler"]
    assert crawler["LastCrawl"]["Status"] == "SUCCEEDED", crawler["LastCrawl"]
    tables = answer("glue", "get-tables", "--database-name", "of_cli")["TableList"]
    assert [(table["Name"], len(table["StorageDescriptor"]["Columns"])) for table in tables] == [("2024", 3)]

    sql = 'SELECT title FROM "2024" WHERE stars > 7 ORDER BY id'
    where = ["--query-execution-context", "Database=of_cli"]
    out = ["--result-configuration", f"OutputLocation=s3://{BUCKET}/results/"]
    query = answer("athena", "start-query-execution", "--query-string", sql, *where, *out)["QueryExecutionId"]
    status: dict[str, Any] = {"State": "QUEUED"}
    while status["State"] in ("QUEUED", "RUNNING"):
        time.sleep(0.3)
        status = answer("athena", "get-query-execution", "--query-execution-id", query)["QueryExecution"]["Status"]
    assert status["State"] == "SUCCEEDED", status
    rows = answer("athena", "get-query-results", "--query-execution-id", query)["ResultSet"]["Rows"]
    assert [row["Data"][0]["VarCharValue"] for row in rows] == ["title", "Heat", "Ran"]
    aws("s3", "rm", place, "--recursive")
    left = local_aws.client("s3").list_objects_v2(Bucket=BUCKET, Prefix="cli/")
    assert left["KeyCount"] == 0
