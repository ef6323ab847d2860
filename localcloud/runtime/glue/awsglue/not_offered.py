"""One way to say that something of the real library is not offered here."""

from typing import Any


class NotOffered:
    """Base of the stand-in's classes: an attribute that they lack raises NotImplementedError with its name."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):  # copy, pickle and IPython probe these and expect AttributeError
            raise AttributeError(name)
        raise NotImplementedError(f"{type(self).__name__}.{name} is not offered by the local Glue")


def refuse_unknown(what: str, given: dict[str, Any], known: set[str]) -> None:
    """Raises NotImplementedError naming the options in `given` that are not in `known`."""
    unknown = sorted(set(given) - known)
    if unknown:
        raise NotImplementedError(f"{what}: {', '.join(unknown)} not offered by the local Glue")
