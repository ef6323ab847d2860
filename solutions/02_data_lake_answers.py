"""Lab 02: other right states, and plausible wrong ones with words of the hint that each must get.

The tests build each, and prove both. A state is a function of names of the lab's notebook; what it yields is the
learner's answer, and what comes after takes the state back. The worked answers themselves are in 02_data_lake.ipynb.
"""

import copy

import boto3

from helpers.aws import athena, jobs
from helpers.aws.client import client
from helpers.data import lake

TUESDAY = "labs/02/raw/day=2026-11-03/"


def land(ws, path, key):
    boto3.client("s3").upload_file(str(path), ws.bucket, f"{ws.prefix}/{key}")
    return f"{ws.prefix}/{key}"


def with_only_monday(ws, exports):
    """The zone as the lab hands it out."""
    lake.keep_only(ws, "labs/02/raw/", [])
    land(ws, exports[0], "labs/02/raw/day=2026-11-02/reviews.csv")


def with_both_days(ws, exports):
    with_only_monday(ws, exports)
    land(ws, exports[1], TUESDAY + "reviews.csv")


# -- Exercise 1: landed ----------------------------------------------------------------------------


def lands_under_a_name_of_its_own(ws, exports):
    with_only_monday(ws, exports)
    yield "s3://" + ws.bucket + "/" + land(ws, exports[1], TUESDAY + "export-2.csv")
    with_both_days(ws, exports)


def replaces_monday(ws, exports):
    with_only_monday(ws, exports)
    yield land(ws, exports[1], "labs/02/raw/day=2026-11-02/reviews.csv")
    with_both_days(ws, exports)


def lands_in_mondays_folder(ws, exports):
    with_only_monday(ws, exports)
    yield land(ws, exports[1], "labs/02/raw/day=2026-11-02/reviews-2.csv")
    with_both_days(ws, exports)


def lands_outside_of_the_zone(ws, exports):
    with_only_monday(ws, exports)
    yield land(ws, exports[1], "labs/02/day=2026-11-03/reviews.csv")
    lake.keep_only(ws, "labs/02/day=2026-11-03/", [])
    with_both_days(ws, exports)


def names_the_folder_by_the_date_alone(ws, exports):
    with_only_monday(ws, exports)
    yield land(ws, exports[1], "labs/02/raw/2026-11-03/reviews.csv")
    with_both_days(ws, exports)


def takes_the_wrong_day(ws, exports):
    with_only_monday(ws, exports)
    yield land(ws, exports[1], "labs/02/raw/day=2026-11-04/reviews.csv")
    with_both_days(ws, exports)


def adds_tuesday_to_mondays_file(ws, exports):
    with_only_monday(ws, exports)
    body, key = b"".join(path.read_bytes() for path in exports), "labs/02/raw/day=2026-11-02/reviews.csv"
    boto3.client("s3").put_object(Bucket=ws.bucket, Key=f"{ws.prefix}/{key}", Body=body)
    yield f"{ws.prefix}/{key}"
    with_both_days(ws, exports)


def cleans_on_the_way(ws, exports):
    with_only_monday(ws, exports)
    body, key = exports[1].read_bytes().replace(b"n/a", b"").replace(b"<br />", b" "), TUESDAY + "reviews.csv"
    boto3.client("s3").put_object(Bucket=ws.bucket, Key=f"{ws.prefix}/{key}", Body=body)
    yield f"{ws.prefix}/{key}"
    with_both_days(ws, exports)


def gives_the_path(exports):
    yield exports[1]


# -- Exercise 2: table -----------------------------------------------------------------------------


def changed(ws, change, policy="LOG", partitions_too=True):
    """The crawler's table, as it was found, with a change: `change` gets its description."""
    glue, where = client("glue"), {"DatabaseName": ws.database, "TableName": "lab02_raw"}
    policies = {"UpdateBehavior": policy, "DeleteBehavior": "LOG"}
    glue.update_crawler(Name=ws.name("lab02"), SchemaChangePolicy=policies)
    found = as_found(ws)
    change(found["table"])
    glue.update_table(DatabaseName=ws.database, TableInput=found["table"])
    if "PartitionKeys" not in found["table"]:
        return "lab02_raw"
    if not glue.get_partitions(**where)["Partitions"]:
        glue.batch_create_partition(PartitionInputList=found["partitions"], **where)
    columns = {"Columns": found["table"]["StorageDescriptor"]["Columns"]} if partitions_too else {}
    for part in found["partitions"]:
        given = part | {"StorageDescriptor": part["StorageDescriptor"] | columns}
        glue.update_partition(PartitionValueList=part["Values"], PartitionInput=given, **where)
    return "lab02_raw"


def as_found(ws):
    """What the crawler has written about the table and its partitions, all of the zone; it is asked once."""
    glue, where = client("glue"), {"DatabaseName": ws.database, "TableName": "lab02_raw"}
    if not FOUND:
        glue.delete_table(DatabaseName=ws.database, Name="lab02_raw")
        glue.start_crawler(Name=ws.name("lab02"))
        jobs.wait_for_crawler(ws.name("lab02"))
        table = glue.get_table(DatabaseName=ws.database, Name="lab02_raw")["Table"]
        kept = ("Name", "StorageDescriptor", "PartitionKeys", "TableType", "Parameters")
        FOUND["table"] = {key: table[key] for key in kept}
        parts = glue.get_partitions(**where)["Partitions"]
        FOUND["partitions"] = [{key: part[key] for key in ("Values", "StorageDescriptor")} for part in parts]
    return copy.deepcopy(FOUND)


FOUND = {}


def typed(stars="int", **others):
    def change(table):
        for column in table["StorageDescriptor"]["Columns"]:
            column["Type"] = {"stars": stars, **others}.get(column["Name"], column["Type"])

    return change


def takes_double(ws):
    yield changed(ws, typed("double"))


def finds_the_partitions_anew_in_sql(ws):
    changed(ws, typed(), partitions_too=False)
    for day in ("2026-11-02", "2026-11-03"):
        athena.run(ws, f"ALTER TABLE lab02_raw DROP IF EXISTS PARTITION (day = '{day}')")
    assert athena.run(ws, "MSCK REPAIR TABLE lab02_raw")["Status"]["State"] == "SUCCEEDED"
    yield "lab02_raw"


def forgets_the_partitions(ws):
    yield changed(ws, typed(), partitions_too=False)


def deletes_the_partitions(ws):
    table = changed(ws, typed(), partitions_too=False)
    glue, where = client("glue"), {"DatabaseName": ws.database, "TableName": table}
    for part in glue.get_partitions(**where)["Partitions"]:
        glue.delete_partition(PartitionValues=part["Values"], **where)
    yield table


def leaves_it_as_it_is(ws):
    yield changed(ws, lambda table: None)


def leaves_the_crawler_as_it_is(ws):
    yield changed(ws, typed(), policy="UPDATE_IN_DATABASE")


def gives_the_changed_column_alone(ws):
    def change(table):
        table["StorageDescriptor"]["Columns"] = [{"Name": "stars", "Type": "int"}]

    yield changed(ws, change)


def loses_the_partition_key(ws):
    def change(table):
        typed()(table)
        del table["PartitionKeys"]

    yield changed(ws, change, partitions_too=False)


def loses_the_header(ws):
    def change(table):
        typed()(table)
        table["Parameters"] = {}
        table["StorageDescriptor"]["Parameters"] = {}

    yield changed(ws, change)


def makes_all_columns_numbers(ws):
    yield changed(ws, typed("int", film="int"))


def points_at_another_place(ws):
    def change(table):
        typed()(table)
        table["StorageDescriptor"]["Location"] = ws.s3("raw/reviews/")

    yield changed(ws, change)


def gives_another_name(ws):
    yield "raw"


# -- Exercise 3: answer ----------------------------------------------------------------------------

READY = set()  # whose table is repaired
COUNT = "SELECT stars, count(*) AS reviews FROM lab02_raw GROUP BY stars"


def asked(ws, sql):
    if ws not in READY:
        changed(ws, typed())
        READY.add(ws)
    return athena.run(ws, sql)["QueryExecutionId"]


def rows(query, skip=1):
    found = client("athena").get_query_results(QueryExecutionId=query)["ResultSet"]["Rows"][skip:]
    return [tuple(cell.get("VarCharValue") for cell in row["Data"]) for row in found]


def answered(ws, sql=COUNT, skip=1):
    query = asked(ws, sql)
    return query, rows(query, skip)


def leaves_the_numbers_as_text_in_lists(ws):
    query = asked(ws, COUNT + " ORDER BY 2")
    yield [query, [list(row) for row in rows(query)]]


def keeps_the_names(ws):
    yield answered(ws, skip=0)


def asks_for_one_day(ws):
    yield answered(ws, COUNT.replace("GROUP", "WHERE day = '2026-11-02' GROUP"))


def leaves_null_out(ws):
    yield answered(ws, COUNT.replace("GROUP", "WHERE stars IS NOT NULL GROUP"))


def counts_films(ws):
    yield answered(ws, COUNT.replace("count(*)", "1000 + count(DISTINCT film)"))


def asks_for_a_third_column(ws):
    yield answered(ws, COUNT.replace("AS reviews", "AS reviews, count(DISTINCT film) AS films"))


def asks_what_fails(ws):
    query = asked(ws, COUNT.replace("stars,", "star,"))
    yield query, []


def gives_the_rows_alone(ws):
    yield answered(ws)[1]


def takes_null_for_nothing(ws):
    query = asked(ws, COUNT)
    yield query, [(stars or "", int(number)) for stars, number in rows(query)]


# -- Exercise 4: cheaper ---------------------------------------------------------------------------


def copied(ws, name, properties, select="SELECT * FROM lab02_raw"):
    asked(ws, "SELECT 1")
    lake.keep_only(ws, f"labs/02/{name}/", [])
    athena.run(ws, f"DROP TABLE IF EXISTS lab02_{name}")
    where = f"external_location = '{ws.s3(f'labs/02/{name}/')}'"
    made = athena.run(ws, f"CREATE TABLE lab02_{name} WITH ({properties}, {where}) AS {select}")
    assert made["Status"]["State"] == "SUCCEEDED", made["Status"]
    return made["QueryExecutionId"]


def of(ws, name, sql=COUNT):
    return asked(ws, sql.replace("lab02_raw", f"lab02_{name}"))


def presses_the_text(ws):
    copied(ws, "pressed", "format = 'TEXTFILE', field_delimiter = '|', write_compression = 'GZIP'")
    yield of(ws, "pressed")


def copies_two_columns_as_text(ws):
    copied(ws, "short", "format = 'TEXTFILE', write_compression = 'NONE'", "SELECT film, stars FROM lab02_raw")
    yield of(ws, "short", COUNT.replace("*", "film"))


def asks_the_same_again(ws):
    yield asked(ws, COUNT + " ORDER BY 1")


def asks_for_half(ws):
    yield asked(ws, COUNT.replace("GROUP", "WHERE day = '2026-11-02' GROUP"))


def gives_the_statement_that_copies(ws):
    yield copied(ws, "again", "format = 'PARQUET'")


def copies_as_plain_text(ws):
    copied(ws, "plain", "format = 'TEXTFILE', field_delimiter = '|', write_compression = 'NONE'")
    yield of(ws, "plain")


def repeats_the_answer(ws, answer):
    typed = ", ".join(f"({f'{stars}' if stars else 'NULL'}, {number})" for stars, number in answer[1])
    yield asked(ws, f"SELECT * FROM (VALUES {typed}) AS t(stars, reviews)")


RIGHT = {
    "q1": [lands_under_a_name_of_its_own],
    "q2": [takes_double, finds_the_partitions_anew_in_sql],
    "q3": [leaves_the_numbers_as_text_in_lists],
    "q4": [presses_the_text, copies_two_columns_as_text],
}
WRONG = {
    "q1": {
        replaces_monday: "Monday's export is gone",
        lands_in_mondays_folder: "Monday's partition",
        lands_outside_of_the_zone: "which is what the crawler will read",
        names_the_folder_by_the_date_alone: "does not say its day",
        takes_the_wrong_day: "Tuesday is 2026-11-03",
        adds_tuesday_to_mondays_file: "only added to",
        cleans_on_the_way: "byte by byte",
        gives_the_path: "Give the key",
    },
    "q2": {
        leaves_it_as_it_is: "`stars` is string",
        leaves_the_crawler_as_it_is: "writes its own types over yours",
        gives_the_changed_column_alone: "lost a column",
        forgets_the_partitions: "HIVE_PARTITION_SCHEMA_MISMATCH",
        deletes_the_partitions: "no partitions any more",
        loses_the_partition_key: "no partition key",
        loses_the_header: "counts as a row",
        makes_all_columns_numbers: "`film` and `review` are text",
        points_at_another_place: "the exports are at",
        gives_another_name: "AWS finds nothing by your answer",
    },
    "q3": {
        keeps_the_names: "names of the columns",
        asks_for_one_day: "not both days",
        leaves_null_out: "without stars are missing",
        counts_films: "not those of the files",
        asks_for_a_third_column: "Two columns",
        asks_what_fails: "That query is FAILED",
        gives_the_rows_alone: "`answer` is two things",
        takes_null_for_nothing: "take it as None",
    },
    "q4": {
        asks_the_same_again: "the same files again",
        asks_for_half: "not both days",
        gives_the_statement_that_copies: "makes the smaller table",
        copies_as_plain_text: "each byte is read",
        repeats_the_answer: "reads no byte",
    },
}
