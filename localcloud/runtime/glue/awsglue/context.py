"""`GlueContext`: reads and writes of S3 files and of Data Catalog tables through Spark."""

from collections.abc import Mapping
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from . import catalog, files, formats
from .dynamicframe import DynamicFrame
from .files import list_files
from .not_offered import NotOffered, refuse_unknown
from .sink import FileSink

if TYPE_CHECKING:
    from pyspark import SparkContext
    from pyspark.sql import DataFrame


class GlueContext(NotOffered):
    """Entry point of a Glue script, made from a SparkContext."""

    def __init__(self, sparkContext: "SparkContext") -> None:
        from pyspark.sql import SparkSession

        self.spark_session = SparkSession(sparkContext)
        self.create_dynamic_frame = _Verbs(
            "create_dynamic_frame",
            from_catalog=self.create_dynamic_frame_from_catalog,
            from_options=self.create_dynamic_frame_from_options,
        )
        self.write_dynamic_frame = _Verbs("write_dynamic_frame", from_options=self.write_dynamic_frame_from_options)

    def get_logger(self) -> Any:
        """Logger with debug, info, warn and error, which writes to the driver's log."""
        jvm = self.spark_session.sparkContext._jvm
        return jvm.org.apache.logging.log4j.LogManager.getLogger("GlueLogger")

    def purge_s3_path(
        self, s3_path: str, options: Mapping[str, Any] | None = None, transformation_ctx: str = ""
    ) -> None:
        """Deletes the files below `s3_path` that are older than `retentionPeriod` hours (default 168, a week)."""
        given = dict(options or {})
        refuse_unknown("purge_s3_path options", given, {"retentionPeriod"})
        hours = float(given.get("retentionPeriod", 168))
        spark = self.spark_session
        jvm = spark.sparkContext._jvm
        now = jvm.java.lang.System.currentTimeMillis()
        for path, modified in list_files(spark, s3_path).items():
            if now - modified >= hours * 3_600_000:
                hadoop_path = jvm.org.apache.hadoop.fs.Path(path)
                hadoop_path.getFileSystem(spark._jsc.hadoopConfiguration()).delete(hadoop_path, False)

    def getSink(
        self, connection_type: str, format: str | None = None, transformation_ctx: str = "", **options: Any
    ) -> FileSink:
        """A sink for S3 files. Options: path, partitionKeys, enableUpdateCatalog, updateBehavior, compression."""
        _only_s3("getSink", connection_type)
        sink = FileSink(self.spark_session, options)
        if format:
            sink.setFormat(format)
        return sink

    def create_dynamic_frame_from_options(
        self,
        connection_type: str,
        connection_options: Mapping[str, Any] | None = None,
        format: str | None = None,
        format_options: Mapping[str, Any] | None = None,
        transformation_ctx: str = "",
    ) -> DynamicFrame:
        """Reads S3 files in json, csv, parquet or orc.

        connection_options: paths (or path), recurse, exclusions (a JSON list of globs); groupFiles, groupSize and
        useS3ListImplementation change nothing here.
        """
        _only_s3("create_dynamic_frame.from_options", connection_type)
        given = dict(connection_options or {})
        refuse_unknown("create_dynamic_frame.from_options connection_options", given, files.KNOWN)
        paths, recurse = files.paths_of(given), formats.is_true(given.get("recurse", False))
        reader = self.spark_session.read
        if recurse:
            reader = reader.option("recursiveFileLookup", "true")
        if given.get("exclusions"):
            wanted = files.without(self.spark_session, paths, given["exclusions"], recurse)
            if len(paths) == 1 and not recurse and wanted != paths:
                reader = reader.option("basePath", paths[0])  # folders like year=2024 are columns still
            paths = wanted
        return DynamicFrame(formats.read(reader, paths, format, dict(format_options or {})), self, "from_options")

    def create_dynamic_frame_from_catalog(
        self,
        database: str,
        table_name: str,
        redshift_tmp_dir: str = "",
        transformation_ctx: str = "",
        push_down_predicate: str = "",
        additional_options: Mapping[str, Any] | None = None,
        catalog_id: str | None = None,
    ) -> DynamicFrame:
        """Reads a table of the Data Catalog; of a partitioned table, the registered partitions only.

        push_down_predicate: a Spark SQL condition on the partition columns; another column in it is an error.
        redshift_tmp_dir, transformation_ctx: for Redshift and for job bookmarks, which there are not here.
        Raises botocore's EntityNotFoundException if there is no such table.
        """
        refuse_unknown("from_catalog additional_options", dict(additional_options or {}), set())
        refuse_unknown("from_catalog", {"catalog_id": 1} if catalog_id else {}, set())
        glue = catalog.glue_client()
        table = glue.get_table(DatabaseName=database, Name=table_name)["Table"]
        frame = self._read_table(glue, database, table)
        if push_down_predicate:
            keys = catalog.ddl(table.get("PartitionKeys", []))
            self.spark_session.createDataFrame([], keys).where(push_down_predicate)  # raises for another column
            frame = frame.where(push_down_predicate)
        return DynamicFrame(frame, self, table_name)

    def _read_table(self, glue: Any, database: str, table: dict[str, Any]) -> "DataFrame":
        from pyspark.errors import AnalysisException

        storage, keys = table["StorageDescriptor"], table.get("PartitionKeys", [])
        location = storage["Location"].rstrip("/") + "/"
        paths = catalog.partition_locations(glue, database, table["Name"]) if keys else [location]
        elsewhere = [path for path in paths if not path.startswith(location)]
        if elsewhere:
            raise NotImplementedError(f"Partitions outside the table's folder are not offered locally: {elsewhere[0]}")
        kind, options = catalog.reading(database, table)
        try:
            frame = self._read_files(paths, location, table, kind, options)
        except AnalysisException as error:
            if error.getErrorClass() != "PATH_NOT_FOUND":
                raise
            there = [path for path in paths if files.list_files(self.spark_session, path)]
            frame = self._read_files(there, location, table, kind, options)
        return frame.toDF(*[column["Name"] for column in storage["Columns"] + keys])

    def _read_files(
        self, paths: list[str], location: str, table: dict[str, Any], kind: str, options: dict[str, Any]
    ) -> "DataFrame":
        columns, keys = table["StorageDescriptor"]["Columns"], table.get("PartitionKeys", [])
        if not paths:
            return self.spark_session.createDataFrame([], catalog.ddl(columns + keys))
        if kind == "json":  # the catalog has lower-case names, and its JSON SerDe does not mind the files' case
            spelled = {name.lower(): name for name in self.spark_session.read.json(paths).columns}
            columns = [{**column, "Name": spelled.get(column["Name"], column["Name"])} for column in columns]
        reader = self.spark_session.read.option("basePath", location).schema(catalog.ddl(columns + keys))
        return formats.read(reader, paths, kind, options)

    def write_dynamic_frame_from_options(
        self,
        frame: DynamicFrame,
        connection_type: str,
        connection_options: Mapping[str, Any] | None = None,
        format: str | None = None,
        format_options: Mapping[str, Any] | None = None,
        transformation_ctx: str = "",
    ) -> DynamicFrame:
        """Writes (appends) S3 files: connection_options {"path": ..., "partitionKeys": [...]}."""
        _only_s3("write_dynamic_frame.from_options", connection_type)
        if format is None:
            raise ValueError("write_dynamic_frame.from_options: name a format, for example format='parquet'")
        sink = FileSink(self.spark_session, dict(connection_options or {}))
        sink.setFormat(format, **dict(format_options or {}))
        return sink.writeFrame(frame)


class _Verbs(SimpleNamespace):
    """`create_dynamic_frame` and `write_dynamic_frame`: a few verbs; any other says that it is not offered."""

    def __init__(self, name: str, **verbs: Any) -> None:
        super().__init__(**verbs)
        self._name = name

    def __getattr__(self, verb: str) -> Any:
        if verb.startswith("_"):
            raise AttributeError(verb)
        raise NotImplementedError(f"GlueContext.{self._name}.{verb} is not offered by the local Glue")


def _only_s3(where: str, connection_type: str) -> None:
    if connection_type != "s3":
        raise NotImplementedError(
            f"{where}: connection_type {connection_type!r} is not offered by the local Glue, only 's3'"
        )
