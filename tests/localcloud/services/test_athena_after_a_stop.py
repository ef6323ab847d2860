"""A server that ends while queries run: their processes are gone, each has failed, and the next server answers."""

from __future__ import annotations

import os

import psutil
import pytest
from athena_queries import made
from own_cloud import OwnCloud, wait_until

FOR_MINUTES = "SELECT sum(sqrt(a * b % c)) FROM UNNEST({0}) x(a), UNNEST({0}) y(b), UNNEST({0}) z(c)".format(
    "sequence(1, 9000)"
)
WRITES = f"CREATE TABLE product AS {FOR_MINUTES.replace(' FROM', ' AS total FROM')}"


@pytest.mark.parametrize("how", ["stop", "kill"])
def test_queries_of_a_server_that_ends_have_failed_and_leave_no_process(own_cloud: OwnCloud, how: str) -> None:
    lake = made(own_cloud, "tides")
    before, places = lake.keys(""), os.cpu_count() or 1
    queries = [lake.start(WRITES), *(lake.start(FOR_MINUTES) for _ in range(places))]

    def states() -> list[str]:
        return [lake.execution(query)["Status"]["State"] for query in queries]

    wait_until(lambda: states().count("RUNNING") == places and "QUEUED" in states())
    children = psutil.Process(own_cloud.info["pid"]).children(recursive=True)
    wait_until(lambda: sum(child.cpu_times().user > 0.5 for child in children) >= places)
    getattr(own_cloud, how)()
    wait_until(lambda: not any(child.is_running() for child in children), 10)

    own_cloud.start()
    again = made(own_cloud, "ebb")
    for query in queries:
        status = again.execution(query)["Status"]
        assert status["State"] == "FAILED"
        assert status["StateChangeReason"] == "The local AWS was stopped while this query was running. Start it again."
        assert status["CompletionDateTime"] >= status["SubmissionDateTime"]
    assert again.rows("SELECT 6 * 7") == [["42"]]
    assert again.glue.get_tables(DatabaseName=lake.database)["TableList"] == []
    listed = again.s3.list_objects_v2(Bucket=lake.bucket)["Contents"]
    assert [item["Key"] for item in listed] == before
