"""Glue's format options as Spark's: each acts, or is refused by name.

Source: https://docs.aws.amazon.com/glue/latest/dg/aws-glue-programming-etl-format.html
"""

from typing import TYPE_CHECKING, Any

from .not_offered import refuse_unknown

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, DataFrameReader, DataFrameWriter

READ = {
    "csv": {
        *("separator", "quoteChar", "escaper", "withHeader", "multiline", "multiLine", "skipFirst"),
        *("optimizePerformance", "strictCheckForQuoting"),
    },
    "json": {"multiline", "multiLine"},
    "parquet": set(),
    "orc": set(),
}
WRITE = {
    "parquet": {"compression", "blockSize", "pageSize", "useGlueParquetWriter"},
    "glueparquet": {"compression", "blockSize", "pageSize"},
    "json": set(),
    "csv": {"separator", "quoteChar", "escaper", "writeHeader"},
}
_MUST_BE_FALSE = ("optimizePerformance", "strictCheckForQuoting")
_NO_QUOTE = ("-1", -1)
_UNUSED = "\x01"  # a separator that no text holds, for lines that are whole already


def is_true(value: Any) -> bool:
    """True or "true", as Glue's examples have both."""
    if isinstance(value, bool):
        return value
    if str(value).strip().lower() in ("true", "false"):
        return str(value).strip().lower() == "true"
    raise ValueError(f"{value!r} is neither true nor false")


def character(name: str, value: Any) -> str:
    """One character.

    Raises ValueError for anything longer, which Spark would take in another sense.
    """
    if not isinstance(value, str) or len(value) != 1:
        raise ValueError(f"format_options: {name} must be one character, not {value!r}")
    return value


def read(reader: "DataFrameReader", paths: list[str], kind: str | None, options: dict[str, Any]) -> "DataFrame":
    """Files of one format. Formats and options that the local Glue lacks raise NotImplementedError."""
    if kind not in READ:
        raise NotImplementedError(f"Reading format {kind!r} is not offered by the local Glue ({', '.join(READ)})")
    refuse_unknown(f"format_options of {kind}", options, READ[kind])
    refuse_unknown(f"format_options of {kind}", {n: 1 for n in _MUST_BE_FALSE if is_true(options.get(n, False))}, set())
    if is_true(options.get("multiline", options.get("multiLine", False))):
        reader = reader.option("multiLine", "true")
    if kind != "csv":
        return reader.format(str(kind)).load(paths)
    header, skip = is_true(options.get("withHeader", False)), is_true(options.get("skipFirst", False))
    if header and skip:
        raise NotImplementedError("format_options of csv: skipFirst with withHeader not offered by the local Glue")
    reader = _quoting(reader, options).option("header", str(header or skip).lower())
    frame = reader.option("sep", character("separator", options.get("separator", ","))).csv(paths)
    return frame if header else frame.toDF(*[f"col{number}" for number in range(len(frame.columns))])


def _quoting(reader: "DataFrameReader", options: dict[str, Any]) -> "DataFrameReader":
    quote, escaper = options.get("quoteChar", '"'), options.get("escaper")
    if quote in _NO_QUOTE:
        reader = reader.option("quote", "")
        return reader.option("escape", character("escaper", escaper)) if escaper else reader
    quote = character("quoteChar", quote)
    # Without an escape character a quote in a quoted field is doubled, as in RFC 4180.
    return reader.option("quote", quote).option("escape", character("escaper", escaper) if escaper else quote)


def write(
    frame: "DataFrame", path: str, kind: str, options: dict[str, Any], keys: list[str], compression: str | None
) -> None:
    """Append a frame's rows as files below a path, a folder for each value of the keys."""
    columns = [name for name in frame.columns if name not in keys]
    if kind == "csv" and options.get("quoteChar", '"') in _NO_QUOTE:
        frame = _lines(frame, columns, options)
    writer = frame.write.mode("append")
    if keys:
        writer = writer.partitionBy(*keys)
    if compression:
        writer = writer.option("compression", compression.lower())
    if kind == "csv":
        writer = _csv(writer, options)
    for name, setting in (("blockSize", "parquet.block.size"), ("pageSize", "parquet.page.size")):
        if name in options:
            writer = writer.option(setting, str(int(options[name])))
    writer.format(kind.removeprefix("glue")).save(path)


def _csv(writer: "DataFrameWriter", options: dict[str, Any]) -> "DataFrameWriter":
    quote, escaper = options.get("quoteChar", '"'), options.get("escaper")
    writer = writer.option("header", str(is_true(options.get("writeHeader", True))).lower())
    writer = writer.option("ignoreLeadingWhiteSpace", "false").option("ignoreTrailingWhiteSpace", "false")
    if quote in _NO_QUOTE:
        return (
            writer.option("sep", _UNUSED).option("quote", "").option("emptyValue", "").option("escapeQuotes", "false")
        )
    quote = character("quoteChar", quote)
    writer = writer.option("sep", character("separator", options.get("separator", ","))).option("quote", quote)
    return writer.option("escape", character("escaper", escaper) if escaper else quote)


def _lines(frame: "DataFrame", columns: list[str], options: dict[str, Any]) -> "DataFrame":
    """One column with the text of each row's values, for files without quotes."""
    from pyspark.sql import functions as F

    separator = character("separator", options.get("separator", ","))
    values = [F.coalesce(F.col(f"`{name}`").cast("string"), F.lit("")) for name in columns]
    line = F.concat_ws(separator, *values)
    broken = F.raise_error(F.lit("quoteChar -1: a value holds a line break, which no line without quotes can"))
    line = F.when(line.rlike("[\r\n\x01]"), broken.cast("string")).otherwise(line)
    others = [F.col(f"`{name}`") for name in frame.columns if name not in columns]
    return frame.select(line.alias(separator.join(columns)), *others)
