"""The Glue Data Catalog: `databases`, `tables` and their `versions`, `partitions`, `indexes` and `statistics`.

What the others share: `keys` says how all of it lies in the store, `inputs` what is kept of a request and what is
refused, `pages` cuts listings, and `expression` is the condition by which GetPartitions chooses.
Source: https://docs.aws.amazon.com/glue/latest/dg/aws-glue-api-catalog.html
"""

from localcloud.services.catalog import (  # noqa: F401 - importing a module registers its operations
    databases,
    indexes,
    partitions,
    statistics,
    tables,
    versions,
)
