"""Job arguments: `getResolvedOptions`."""

from collections.abc import Sequence

RESERVED = ("JOB_ID", "JOB_RUN_ID", "SECURITY_CONFIGURATION")


class GlueArgumentError(Exception):
    """The job's arguments do not fit what the script asks for."""


def getResolvedOptions(args: Sequence[str], options: Sequence[str]) -> dict[str, str]:
    """Values of the named job arguments.

    args: usually `sys.argv`; its first element, the script, is skipped. Both `--key value` and `--key=value` are
    read; names must be spelled in full; when a name is repeated the last value counts; other arguments are ignored.
    options: names without the two hyphens. All are required.
    Returns the named values, and `JOB_ID` and `JOB_RUN_ID` when the service passed them.
    Raises GlueArgumentError: an argument is missing (all missing ones are listed), has no value, or a name is not
    allowed.
    """
    for name in options:
        if name in RESERVED:
            raise GlueArgumentError(f"{name} is reserved: do not ask for it, it is in the result when it is known")
        if "-" in name:
            raise GlueArgumentError(f"{name!r}: name options without hyphens (only letters, digits, underscores)")
    wanted = set(options) | set(RESERVED)
    found: dict[str, str | None] = {}
    rest = list(args[1:])
    while rest:
        name, equals, value = rest.pop(0).partition("=")
        if not name.startswith("--") or name[2:] not in wanted:
            continue
        if equals:
            found[name[2:]] = value
        elif rest and not rest[0].startswith("--"):
            found[name[2:]] = rest.pop(0)
        else:
            found[name[2:]] = None
    missing = [f"--{name}" for name in dict.fromkeys(options) if name not in found]
    if missing:
        raise GlueArgumentError(f"the following arguments are required: {', '.join(missing)}")
    empty = [f"--{name}" for name in options if found[name] is None]
    if empty:
        raise GlueArgumentError(f"these arguments need a value: {', '.join(empty)}")
    return {name: value for name, value in found.items() if value is not None}
