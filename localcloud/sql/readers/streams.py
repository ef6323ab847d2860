"""Rows that Python makes, as a relation that DuckDB reads as often as a query asks for it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pyarrow as pa


class Stream:
    """An Arrow stream that begins anew at each scan. `error` keeps what a scan raised: DuckDB passes on its text only.

    Args:
        schema: of the batches.
        batches: makes them; called once a scan.
    """

    def __init__(self, schema: pa.Schema, batches: Callable[[], Iterator[pa.RecordBatch]]) -> None:
        self.schema = schema
        self._batches = batches
        self.error: Exception | None = None

    def _guarded(self) -> Iterator[pa.RecordBatch]:
        try:
            yield from self._batches()
        except Exception as error:
            self.error = error
            raise

    def __arrow_c_schema__(self) -> object:
        return self.schema.__arrow_c_schema__()

    def __arrow_c_stream__(self, requested_schema: Any = None) -> object:
        reader = pa.RecordBatchReader.from_batches(self.schema, self._guarded())
        return reader.__arrow_c_stream__(requested_schema)
