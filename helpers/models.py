"""Look at a model file from outside before it is opened: what is in it, and what would run.

Nothing of the file is unpacked, imported or executed here. Pickles are read with `pickletools`, which lists their
instructions without following them (https://docs.python.org/3/library/pickle.html warns: never unpickle what you do not
trust). A clean report says that no code hides where none is expected; it does not say that the model is any good.
"""

from __future__ import annotations

import io
import json
import pickletools
import tarfile
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import pandas as pd

MEBIBYTE = 2**20
MAX_MEMBERS = 10_000
SAFE, CODE, PICKLE, UNKNOWN, REFUSED = "safe", "code", "pickle", "unknown", "refused"

_TEXT = {".json", ".txt", ".md", ".csv", ".yaml", ".yml", ".toml"}
_SAVED_MODEL = {"saved_model.pb", "fingerprint.pb", "variables.index"}
_PICKLE_SUFFIXES = {".pkl", ".pickle", ".joblib", ".pt", ".pth", ".bin", ".ckpt"}
# Operations of a TensorFlow graph that reach out of it.
_REACHING_OUT = (
    b"WriteFile",
    b"ReadFile",
    b"DeleteFile",
    b"MatchingFiles",
    b"PyFunc",
    b"EagerPyFunc",
    b"DebugIdentity",
)
# Modules that no model needs, and with which a pickle does whatever it likes.
_HARMFUL = {
    *("os", "posix", "nt", "sys", "subprocess", "pty", "socket", "shutil", "runpy", "importlib", "ctypes", "code"),
    *("webbrowser", "urllib", "http", "requests", "multiprocessing", "threading", "asyncio", "pip", "pdb", "timeit"),
}
_HARMFUL_BUILTINS = {"eval", "exec", "compile", "open", "__import__", "getattr", "setattr", "input", "breakpoint"}


class UnsafeModel(ValueError):
    """The file must not be opened; the message says why, one reason a line."""


@dataclass(frozen=True)
class Member:
    """One file in an archive: its size in bytes, its kind, and what there is to know about it."""

    name: str
    bytes: int
    kind: str
    note: str


def check(archive: Path | str, *, allow_pickle: bool = False, max_mebibytes: int = 1024) -> pd.DataFrame:
    """The members of a model.tar.gz that may be opened: name, bytes, kind, note.

    Args:
        allow_pickle: pickles are accepted, for files that you or your own job wrote; not those that show their harm.
        max_mebibytes: how large the content may be when unpacked.
    Raises:
        UnsafeModel: it must not be opened.
    """
    members = inspect(archive, max_mebibytes=max_mebibytes)
    reasons = [f"{member.name}: {member.note}" for member in members if member.kind == REFUSED]
    if not allow_pickle:
        reasons += [
            f"{member.name}: a pickle, and loading one runs what is in it. {member.note}. If it is your own, say "
            "allow_pickle=True; from others, ask for safetensors, a SavedModel or skops."
            for member in members
            if member.kind == PICKLE
        ]
    if reasons:
        raise UnsafeModel("\n".join(reasons))
    return pd.DataFrame(members, columns=["name", "bytes", "kind", "note"])


def unpack(archive: Path | str, folder: Path, *, allow_pickle: bool = False) -> Path:
    """Check a model.tar.gz, then unpack it into a folder, and return the folder. Raises UnsafeModel as `check`."""
    check(archive, allow_pickle=allow_pickle)
    with tarfile.open(archive, "r:gz") as tar:
        for item in tar:
            file = tar.extractfile(item)
            if file:
                target = folder / item.name
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(file.read())
    return folder


def inspect(archive: Path | str, *, max_mebibytes: int = 1024) -> list[Member]:
    """All members of a model.tar.gz with their kinds, the refused ones too; reading stops at what is too large.

    Raises:
        UnsafeModel: it is no readable .tar.gz archive.
    """
    members: list[Member] = []
    room = max_mebibytes * MEBIBYTE
    try:
        with tarfile.open(archive, "r:gz") as tar:
            for item in tar:
                if item.isdir() and not _leads_out(item.name):
                    continue
                room -= item.size
                if room < 0 or len(members) >= MAX_MEMBERS:
                    limit = f"more than {max_mebibytes} MiB or {MAX_MEMBERS} files when unpacked"
                    return [*members, Member(item.name, item.size, REFUSED, limit)]
                members.append(_member(tar, item))
    except (tarfile.TarError, EOFError, OSError, zlib.error) as error:
        raise UnsafeModel(f"{Path(archive).name} is not a readable .tar.gz archive: {error}") from None
    twice = {member.name for member in members if sum(other.name == member.name for other in members) > 1}
    return [Member(m.name, m.bytes, REFUSED, "this name is there twice") if m.name in twice else m for m in members]


def pickle_globals(content: bytes) -> tuple[list[str], bool]:
    """What a pickle would import, as "module.name", and whether all of it could be read.

    Arrays in joblib's files lie between the instructions as they are, and end the reading.
    """
    found: list[str] = []
    texts: list[str] = []  # the strings so far: STACK_GLOBAL takes the last two
    memo: dict[int, str] = {}
    try:
        for operation, argument, _ in pickletools.genops(content):
            if operation.name in ("GLOBAL", "INST"):
                found.append(str(argument).replace(" ", "."))
            elif operation.name == "STACK_GLOBAL":
                found.append(".".join(texts[-2:]) if len(texts) > 1 else "something computed")
            elif operation.name.startswith("EXT"):
                found.append(f"extension {argument}")
            elif "UNICODE" in operation.name or "STRING" in operation.name:
                texts.append(str(argument))
            elif operation.name == "MEMOIZE":
                memo[len(memo)] = texts[-1] if texts else ""
            elif operation.name in ("PUT", "BINPUT", "LONG_BINPUT") and argument is not None:
                memo[int(argument)] = texts[-1] if texts else ""
            elif operation.name in ("GET", "BINGET", "LONG_BINGET") and argument is not None:
                texts.append(memo.get(int(argument), ""))
    except (ValueError, IndexError, UnicodeDecodeError):
        return list(dict.fromkeys(found)), False
    return list(dict.fromkeys(found)), True


def _leads_out(name: str) -> bool:
    path = PurePosixPath(name)
    return path.is_absolute() or ".." in path.parts


def _member(tar: tarfile.TarFile, item: tarfile.TarInfo) -> Member:
    def member(kind: str, note: str) -> Member:
        return Member(item.name.removeprefix("./"), item.size, kind, note)

    if _leads_out(item.name):
        return member(REFUSED, "its name leads out of the folder that it is unpacked into")
    if not item.isreg():
        what = "a link" if item.issym() or item.islnk() else "a device or a pipe"
        return member(REFUSED, f"{what}, not a file")
    file = tar.extractfile(item)
    return member(*_kind(PurePosixPath(item.name), file.read() if file else b""))


def _kind(path: PurePosixPath, content: bytes) -> tuple[str, str]:
    """The kind of a file and a note, from its content first and its name second: a name can lie."""
    if content.startswith((b"\x7fELF", b"MZ", b"\xcf\xfa\xed\xfe", b"\xca\xfe\xba\xbe")) or path.suffix == ".so":
        return REFUSED, "a program for a processor: no model needs one"
    if path.suffix == ".safetensors":
        return _safetensors(content)
    if content.startswith(b"PK\x03\x04"):
        return _zip(path, content)
    unpacked = _uncompressed(content)
    if path.suffix in _PICKLE_SUFFIXES or unpacked.startswith((b"\x80\2", b"\x80\3", b"\x80\4", b"\x80\5")):
        return _pickle(unpacked)
    if content.startswith(b"\x93NUMPY"):
        holds_objects = b"'O'" in content[:256] or b"'|O'" in content[:256]
        return (PICKLE, "a NumPy file of Python objects") if holds_objects else (SAFE, "NumPy: numbers only")
    if path.suffix != ".py" and all(pickle_globals(unpacked)):  # the oldest pickles look like text
        return _pickle(unpacked)
    if path.name == "saved_model.pb":
        return _graph(content)
    if path.name in _SAVED_MODEL or path.parent.name == "variables":
        return SAFE, "TensorFlow: numbers only"
    if path.suffix == ".py":
        return CODE, "runs when the model is served: read it"
    if path.name == "requirements.txt":
        return CODE, "installed when served: " + _one_line(content)
    if path.suffix in _TEXT:
        return SAFE, "text"
    return UNKNOWN, "nothing here knows this format"


def _safetensors(content: bytes) -> tuple[str, str]:
    """https://huggingface.co/docs/safetensors: the length of a JSON header, the header, numbers."""
    length = int.from_bytes(content[:8], "little")
    try:
        header = json.loads(content[8 : 8 + length]) if 8 + length <= len(content) else {}
        tensors = {name: entry for name, entry in header.items() if name != "__metadata__"}
        end = max(int(entry["data_offsets"][1]) for entry in tensors.values())
    except (ValueError, AttributeError, TypeError, KeyError, IndexError):
        return REFUSED, "named .safetensors, and is not"
    if end != len(content) - 8 - length:
        return REFUSED, "named .safetensors, and its header does not fit its length"
    return SAFE, f"safetensors: {len(tensors)} tables of numbers"


def _graph(content: bytes) -> tuple[str, str]:
    reaching = [name.decode() for name in _REACHING_OUT if name in content]
    if reaching:
        return REFUSED, f"a TensorFlow graph that reaches files or Python: {', '.join(reaching)}"
    return SAFE, "TensorFlow: a graph that stays within itself"


def _zip(path: PurePosixPath, content: bytes) -> tuple[str, str]:
    """Keras and PyTorch files are zip archives."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            if sum(item.file_size for item in archive.infolist()) > 2048 * MEBIBYTE:
                return REFUSED, "more than 2048 MiB when unpacked"
            pickles = [name for name in archive.namelist() if name.endswith((".pkl", ".pickle"))]
            if pickles:
                return _pickle(b"".join(archive.read(name) for name in pickles[:1]))
            if path.suffix == ".keras" and "config.json" in archive.namelist():
                hides_code = b"Lambda" in archive.read("config.json") or b"__lambda__" in archive.read("config.json")
                return (REFUSED, "Keras with a Lambda layer, which is code") if hides_code else (SAFE, "Keras")
    except (zipfile.BadZipFile, OSError, zlib.error, RuntimeError) as error:
        return REFUSED, f"a broken zip archive: {error}"
    return UNKNOWN, "a zip archive"


def _pickle(content: bytes) -> tuple[str, str]:
    names, complete = pickle_globals(content)
    if not names and not complete and content[:1] != b"\x80":
        return UNKNOWN, "named as a pickle, and is not one that can be read"
    harmful = [name for name in names if _is_harmful(name)]
    if harmful:
        return REFUSED, f"a pickle that would call {', '.join(harmful)}"
    listed = ", ".join(names[:4]) + (f" and {len(names) - 4} more" if len(names) > 4 else "")
    return PICKLE, f"It imports {listed or 'nothing'}" + ("" if complete else ", and more that cannot be listed")


def _is_harmful(name: str) -> bool:
    module, _, last = name.rpartition(".")
    root = name.split(".")[0]
    return root in _HARMFUL or (module in ("builtins", "__builtin__") and last in _HARMFUL_BUILTINS)


def _uncompressed(content: bytes) -> bytes:
    """The content, or what zlib or gzip hide in it (joblib compresses so), 64 MiB at most."""
    if content.startswith((b"\x1f\x8b", b"\x78\x01", b"\x78\x5e", b"\x78\x9c", b"\x78\xda")):
        try:
            return zlib.decompressobj(wbits=47).decompress(content, 64 * MEBIBYTE)
        except zlib.error:
            return content
    return content


def _one_line(content: bytes) -> str:
    lines = content.decode(errors="replace").splitlines()
    return ", ".join(line.strip() for line in lines if line.strip() and not line.startswith("#"))[:200]
