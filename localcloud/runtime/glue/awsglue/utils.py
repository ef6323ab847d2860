"""Job arguments: `getResolvedOptions`."""

from collections.abc import Sequence

# What the service passes: never asked for, always in the result, None where it is not known.
RESERVED = (
    *("job_bookmark_option", "job_bookmark_from", "job_bookmark_to", "JOB_ID", "JOB_RUN_ID"),
    *("SECURITY_CONFIGURATION", "encryption_type", "enable_data_lineage", "RedshiftTempDir", "TempDir"),
)
_OPTIONAL = ("TempDir", "RedshiftTempDir")  # may be asked for, but need not be there
_WITH_HYPHENS = {name: name.replace("_", "-") for name in RESERVED if name.startswith(("job_", "encr", "enable_"))}


class GlueArgumentError(Exception):
    """The job's arguments do not fit what the script asks for."""


def getResolvedOptions(args: Sequence[str], options: Sequence[str]) -> dict[str, str | None]:
    """Values of the named job arguments, and those that Glue itself passes.

    args: usually `sys.argv`; its first element, the script, is skipped. Both `--key value` and `--key=value` are
    read; names must be spelled in full; when a name is repeated the last value counts; other arguments are ignored.
    options: names without the two hyphens. All but TempDir are required.
    Returns the named values, and TempDir, JOB_RUN_ID, job_bookmark_option and the others of RESERVED.
    Raises GlueArgumentError: an argument is missing (all missing ones are listed), has no value, or a name is not
    allowed.
    """
    for name in options:
        if name in RESERVED and name not in _OPTIONAL:
            raise GlueArgumentError(f"{name} is reserved: do not ask for it, it is in the result")
        if "-" in name:
            raise GlueArgumentError(f"{name!r}: name options without hyphens (only letters, digits, underscores)")
    spelled = {_WITH_HYPHENS.get(name, name): name for name in RESERVED} | {name: name for name in options}
    found: dict[str, str | None] = {}
    rest = list(args[1:])
    while rest:
        word, equals, value = rest.pop(0).partition("=")
        if not word.startswith("--") or word[2:] not in spelled:
            continue
        name = spelled[word[2:]]
        if equals:
            found[name] = value
        elif rest and not rest[0].startswith("--"):
            found[name] = rest.pop(0)
        else:
            found[name] = None
    required = [name for name in dict.fromkeys(options) if name not in _OPTIONAL]
    missing = [f"--{name}" for name in required if name not in found]
    if missing:
        raise GlueArgumentError(f"the following arguments are required: {', '.join(missing)}")
    empty = [f"--{name}" for name in found if found[name] is None and name in options]
    if empty:
        raise GlueArgumentError(f"these arguments need a value: {', '.join(empty)}")
    known: dict[str, str | None] = dict.fromkeys(RESERVED)
    known["job_bookmark_option"] = "job-bookmark-disable"
    known["RedshiftTempDir"] = found.get("TempDir")
    return {**known, **found}
