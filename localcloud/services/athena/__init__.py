"""Amazon Athena: a query is read, compiled with what the catalog says, and run in a process of its own.

The API: `executions` starts, shows, lists and stops queries, `results` gives what they answered page by page,
`workgroups`, `named_queries`, `prepared`, `metadata` and `tagging` are what their names say; `requests` holds what
these share.

What a query does: `running` takes it (`context`) through its states, `line` lets as many run at once as there are
cores, and `dispatch` hands each kind to who executes it: `queries` (SELECT, EXPLAIN), `writes` (CREATE TABLE AS,
INSERT, UNLOAD; `write_options` says how), `views`, and of the DDL `tables`, `alterations`, `partitions` and `listings`.
They see the catalog through `lookup` and `relations`, tables that stand for the catalog itself through
`information_schema`, and the objects of a table through `objects` and, where partitions are computed, `projection`.
Source: https://docs.aws.amazon.com/athena/latest/ug/what-is.html
"""

from localcloud.services.athena import (  # noqa: F401 - importing a module registers its operations
    executions,
    metadata,
    named_queries,
    prepared,
    results,
    tagging,
    workgroups,
)
from localcloud.services.athena.running import recover

__all__ = ["recover"]
