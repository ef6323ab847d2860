"""Names of AWS Glue's transforms. None is offered: use Spark's own functions on `frame.toDF()`."""

from typing import Any, NoReturn


class _Transform:
    """Importable, as generated Glue scripts import all transforms, but not usable."""

    def __init__(self, name: str) -> None:
        self.name = name

    def apply(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise NotImplementedError(f"The transform {self.name} is not offered by the local Glue: use Spark on toDF()")

    __call__ = apply


ApplyMapping = _Transform("ApplyMapping")
DropFields = _Transform("DropFields")
DropNullFields = _Transform("DropNullFields")
Filter = _Transform("Filter")
FlatMap = _Transform("FlatMap")
Join = _Transform("Join")
Map = _Transform("Map")
MapToCollection = _Transform("MapToCollection")
Relationalize = _Transform("Relationalize")
RenameField = _Transform("RenameField")
ResolveChoice = _Transform("ResolveChoice")
SelectFields = _Transform("SelectFields")
SelectFromCollection = _Transform("SelectFromCollection")
Spigot = _Transform("Spigot")
SplitFields = _Transform("SplitFields")
SplitRows = _Transform("SplitRows")
Unbox = _Transform("Unbox")
UnnestFrame = _Transform("UnnestFrame")
