"""The sink for S3 files, which can register what it wrote in the Data Catalog."""

from typing import TYPE_CHECKING, Any

from . import catalog, formats
from .dynamicframe import DynamicFrame
from .files import list_files
from .not_offered import NotOffered, refuse_unknown

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

_SINK_OPTIONS = {"path", "partitionKeys", "enableUpdateCatalog", "updateBehavior", "compression"}


class FileSink(NotOffered):
    """Appends DynamicFrames to S3 files below a path."""

    def __init__(self, spark: "SparkSession", options: dict[str, Any]) -> None:
        refuse_unknown("S3 sink options", options, _SINK_OPTIONS)
        if not options.get("path"):
            raise ValueError("The S3 sink needs path='s3://bucket/folder/'")
        self._spark = spark
        self._path = str(options["path"]).rstrip("/") + "/"
        self._keys = list(options.get("partitionKeys") or [])
        self._update_catalog = bool(options.get("enableUpdateCatalog"))
        self._replace_schema = options.get("updateBehavior", "UPDATE_IN_DATABASE") == "UPDATE_IN_DATABASE"
        self._compression = options.get("compression")
        self._format: str | None = None
        self._format_options: dict[str, Any] = {}
        self._table: tuple[str, str] | None = None

    def setFormat(self, format: str, **options: Any) -> None:
        """Chooses "parquet", "glueparquet", "json" or "csv", with that format's options."""
        if format not in formats.WRITE:
            raise NotImplementedError(f"Writing format {format!r} is not offered by the local Glue")
        refuse_unknown(f"format options of {format}", options, formats.WRITE[format])
        self._format, self._format_options = format, options

    def setCatalogInfo(self, catalogDatabase: str, catalogTableName: str, catalogId: str = "") -> None:
        """Names the table that `writeFrame` creates or updates when enableUpdateCatalog is true."""
        self._table = (catalogDatabase, catalogTableName.lower())

    def writeFrame(self, dynamic_frame: DynamicFrame, info: str = "") -> DynamicFrame:
        """Writes the frame and returns it. Registers table and partitions when the sink is set up to."""
        if self._format is None:
            raise ValueError("The sink has no format: call setFormat, for example setFormat('parquet')")
        frame = dynamic_frame.toDF()
        before = list_files(self._spark, self._path) if self._keys and self._update_catalog else {}
        self._write(frame)
        if self._update_catalog and self._table:
            self._register(frame, *self._table, self._format, before)
        return dynamic_frame

    def _write(self, frame: "DataFrame") -> None:
        options = self._format_options
        compression = options.get("compression", self._compression)
        formats.write(frame, self._path, str(self._format), options, self._keys, compression)

    @property
    def _separator(self) -> str:
        return str(self._format_options.get("separator", ","))

    def _register(self, frame: "DataFrame", database: str, table: str, fmt: str, before: dict[str, int]) -> None:
        glue = catalog.glue_client()
        everything = catalog.columns(frame.schema)
        lower = [key.lower() for key in self._keys]
        keys = [column for name in lower for column in everything if column["Name"] == name]
        data = [column for column in everything if column["Name"] not in lower]
        descriptor = catalog.storage(fmt, self._path, data, self._separator)
        parameters = {"classification": fmt}
        if fmt == "csv" and formats.is_true(self._format_options.get("writeHeader", True)):
            parameters["skip.header.line.count"] = "1"
        catalog.register_table(glue, database, table, descriptor, keys, parameters, self._replace_schema)
        if keys:
            written = set(list_files(self._spark, self._path)) - set(before)
            folders = {file.rsplit("/", 1)[0] + "/" for file in written if not file.endswith("/_SUCCESS")}
            catalog.register_partitions(glue, database, table, descriptor, sorted(folders))
