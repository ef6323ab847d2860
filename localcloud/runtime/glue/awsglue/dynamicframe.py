"""`DynamicFrame`: here a thin wrapper of a Spark DataFrame, which already has one type per column."""

from typing import TYPE_CHECKING, Any

from .not_offered import NotOffered

if TYPE_CHECKING:
    from pyspark.sql import DataFrame


class DynamicFrame(NotOffered):
    """A table of records. Choice types do not occur: a DataFrame has one type per column.

    The context is kept because a script may ask for it; nothing here uses it, so its type is not needed.
    """

    def __init__(self, frame: "DataFrame", glue_ctx: object, name: str = "") -> None:
        self._frame = frame
        self.glue_ctx = glue_ctx
        self.name = name

    @classmethod
    def fromDF(cls, dataframe: "DataFrame", glue_ctx: object, name: str = "") -> "DynamicFrame":
        """Wraps a Spark DataFrame."""
        return cls(dataframe, glue_ctx, name)

    def toDF(self, options: Any = None) -> "DataFrame":
        """The Spark DataFrame. Raises NotImplementedError for resolve options."""
        if options:
            raise NotImplementedError("DynamicFrame.toDF(options) is not offered by the local Glue")
        return self._frame

    def count(self) -> int:
        """Number of rows."""
        return int(self._frame.count())

    def printSchema(self) -> None:
        """Prints names and types of the columns."""
        self._frame.printSchema()

    def show(self, num_rows: int = 20) -> None:
        """Prints the first rows."""
        self._frame.show(num_rows)
