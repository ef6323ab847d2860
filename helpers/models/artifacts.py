"""Look at a model file from outside before it is opened: what is in it, and what would run.

Nothing of the file is unpacked, imported or executed here. Pickles are read with `pickletools`, which lists their
instructions without following them (https://docs.python.org/3/library/pickle.html warns: never unpickle what you do not
trust). A clean report says that no code hides where none is expected; it does not say that the model is any good.
"""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import pickletools
import tarfile
import zipfile
import zlib
from collections import Counter
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
COMPUTED = "something computed"  # a name that hides what it is; no pickle needs that
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
    limit = f"more than {max_mebibytes} MiB or {MAX_MEMBERS} files when unpacked"
    try:
        if _is_larger(Path(archive), room + MAX_MEMBERS * 2 * tarfile.BLOCKSIZE):
            return [Member(Path(archive).name, Path(archive).stat().st_size, REFUSED, limit)]
        with tarfile.open(archive, "r:gz") as tar:
            for number, item in enumerate(tar):
                room -= item.size  # of a sparse file, too, this is what it takes when unpacked
                if room < 0 or number >= MAX_MEMBERS:
                    return [*members, Member(item.name, item.size, REFUSED, limit)]
                if not item.isdir() or _leads_out(item.name):
                    members.append(_member(tar, item))
    except (tarfile.TarError, EOFError, OSError, zlib.error) as error:
        raise UnsafeModel(f"{Path(archive).name} is not a readable .tar.gz archive: {error}") from None
    names = Counter(member.name for member in members)
    return [Member(m.name, m.bytes, REFUSED, "this name is there twice") if names[m.name] > 1 else m for m in members]


def _is_larger(archive: Path, limit: int) -> bool:
    """Whether more than `limit` bytes are in a .gz file. Asked first: tarfile reads a header of any length at once."""
    with gzip.open(archive) as content:
        size = 0
        while size <= limit and (chunk := content.read(MEBIBYTE)):
            size += len(chunk)
    return size > limit


def pickle_globals(content: bytes) -> tuple[list[str], bool]:
    """What a pickle would import, as "module.name", and whether all of it could be read.

    Arrays in joblib's files lie between the instructions as they are, and end the reading.
    """
    found: list[str] = []
    texts: list[str] = []  # the strings on top of the stack: STACK_GLOBAL takes the last two
    memo: dict[int, str] = {}
    try:
        for operation, argument, _ in pickletools.genops(content):
            if operation.name in ("GLOBAL", "INST"):
                found.append(str(argument).replace(" ", "."))
            elif operation.name == "STACK_GLOBAL":
                found.append(".".join(texts[-2:]) if len(texts) > 1 and all(texts[-2:]) else COMPUTED)
                texts.clear()
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
            elif operation.name not in ("PROTO", "FRAME"):
                texts.clear()  # something else is on top now
    except (ValueError, IndexError, UnicodeDecodeError):
        return list(dict.fromkeys(found)), False
    return list(dict.fromkeys(found)), True


def _leads_out(name: str) -> bool:
    path = PurePosixPath(name)
    return path.is_absolute() or ".." in path.parts


def _member(tar: tarfile.TarFile, item: tarfile.TarInfo) -> Member:
    def member(kind: str, note: str) -> Member:
        return Member(str(PurePosixPath(item.name)), item.size, kind, note)

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
    if path.suffix in (".pyc", ".pyo"):  # Python may run one in the place of the .py file that you have read
        return REFUSED, "compiled Python, which nobody can read"
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
    if path.suffix == ".py":
        return CODE, "runs when the model is served: read it"
    if path.name in _SAVED_MODEL or path.match("variables/variables.data-*"):
        return SAFE, "TensorFlow: numbers only"
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
                found = [_pickle(archive.read(name)) for name in pickles]
                return next((one for one in found if one[0] == REFUSED), found[0])
            if path.suffix == ".keras" and "config.json" in archive.namelist():
                hides_code = b"Lambda" in archive.read("config.json") or b"__lambda__" in archive.read("config.json")
                return (REFUSED, "Keras with a Lambda layer, which is code") if hides_code else (SAFE, "Keras")
    except (zipfile.BadZipFile, OSError, zlib.error, RuntimeError) as error:
        return REFUSED, f"a broken zip archive: {error}"
    return UNKNOWN, "a zip archive"


def _pickle(content: bytes) -> tuple[str, str]:
    names, complete = pickle_globals(content)
    if not names and not complete and content[:1] != b"\x80":
        return PICKLE, "It is named as one, and what it imports cannot be listed"  # joblib knows more compressions
    harmful = [name for name in names if _is_harmful(name)]
    if harmful:
        return REFUSED, f"a pickle that would call {', '.join(harmful)}"
    listed = ", ".join(names[:4]) + (f" and {len(names) - 4} more" if len(names) > 4 else "")
    return PICKLE, f"It imports {listed or 'nothing'}" + ("" if complete else ", and more that cannot be listed")


def _is_harmful(name: str) -> bool:
    module, _, last = name.rpartition(".")
    root = name.split(".")[0]
    return name == COMPUTED or root in _HARMFUL or (module in ("builtins", "__builtin__") and last in _HARMFUL_BUILTINS)


def _uncompressed(content: bytes) -> bytes:
    """The content, or what is compressed in it in one of joblib's ways, 64 MiB at most."""
    try:
        if content.startswith((b"\x1f\x8b", b"\x78\x01", b"\x78\x5e", b"\x78\x9c", b"\x78\xda")):
            return zlib.decompressobj(wbits=47).decompress(content, 64 * MEBIBYTE)
        if content.startswith(b"BZh"):
            return bz2.BZ2Decompressor().decompress(content, 64 * MEBIBYTE)
        if content.startswith((b"\xfd7zXZ", b"\x5d\0\0")):
            return lzma.LZMADecompressor().decompress(content, 64 * MEBIBYTE)
    except (zlib.error, lzma.LZMAError, OSError):
        pass
    return content


def _one_line(content: bytes) -> str:
    lines = content.decode(errors="replace").splitlines()
    return ", ".join(line.strip() for line in lines if line.strip() and not line.startswith("#"))[:200]
