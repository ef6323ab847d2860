"""A short session with PyAthena, run in the clients' own Python: cursors, parameters, DDL, values as they are."""

import datetime
import decimal
import sys

import pandas as pd
import pyathena
from pyathena.error import OperationalError
from pyathena.pandas.cursor import PandasCursor

bucket, database = sys.argv[1:]
connection = pyathena.connect(s3_staging_dir=f"s3://{bucket}/results/", region_name="us-east-1")
connection.cursor().execute(f"CREATE DATABASE IF NOT EXISTS {database}")
connection = pyathena.connect(s3_staging_dir=f"s3://{bucket}/results/", region_name="us-east-1", schema_name=database)
cursor = connection.cursor()

cursor.execute(f"""
    CREATE EXTERNAL TABLE IF NOT EXISTS visits (town string, people int)
    ROW FORMAT DELIMITED FIELDS TERMINATED BY ';' LOCATION 's3://{bucket}/visits/'
""")
assert cursor.execute("SHOW TABLES").fetchall() == [("visits",)]
rows = cursor.execute("SELECT town, people FROM visits ORDER BY people").fetchall()
assert rows == [("Ghent", 3), ("Århus", 12)], rows

one = cursor.execute("""
    SELECT DATE '2024-02-29', TIMESTAMP '2024-02-29 12:30:00', DECIMAL '1.50', 1.5e0, true, CAST(NULL AS integer),
           ARRAY[1, 2], 7 / 2
""").fetchone()
assert one[:6] == (
    datetime.date(2024, 2, 29),
    datetime.datetime(2024, 2, 29, 12, 30),
    decimal.Decimal("1.50"),
    1.5,
    True,
    None,
), one
assert one[7] == 3, one

texts = "SELECT * FROM (VALUES (1, ''), (2, 'N/A'), (3, 'NULL'), (4, NULL), (5, 'a\"b,\nc')) AS t(i, x) ORDER BY i"
expected = ["", "N/A", "NULL", None, 'a"b,\nc']
assert [row[1] for row in cursor.execute(texts).fetchall()] == expected
frame = connection.cursor(PandasCursor).execute(texts).as_pandas()
assert frame["x"].tolist()[1:3] == ["N/A", "NULL"], frame

assert cursor.execute("SELECT people FROM visits WHERE town = %(town)s", {"town": "Ghent"}).fetchall() == [(3,)]
qmark = connection.cursor().execute("SELECT people FROM visits WHERE people > ?", ["5"], paramstyle="qmark")
assert qmark.fetchall() == [(12,)]
many = cursor.execute("SELECT n FROM UNNEST(sequence(1, 2500)) AS t(n) ORDER BY n").fetchall()
assert [row[0] for row in many] == list(range(1, 2501)), len(many)
assert pd.read_sql("SELECT sum(people) AS people FROM visits", connection).to_dict("list") == {"people": [15]}

try:
    cursor.execute("SELECT nonsense FROM visits")
    reason = ""
except OperationalError as error:
    reason = str(error)
assert "COLUMN_NOT_FOUND" in reason, reason
assert cursor.execute("SELECT 1").fetchall() == [(1,)]  # and the next query works
cursor.execute("DROP TABLE visits")
assert cursor.execute("SHOW TABLES").fetchall() == []
print("pyathena: done")
