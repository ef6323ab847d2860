"""Where the engine keeps the bytes of an object: for readers that would else copy what already lies on this disk."""

from __future__ import annotations

from pathlib import Path


def file_of(bucket_folder: Path, key: str) -> Path:
    """The file of an object, to be read only. A key that no path can hold lies under an encoded name."""
    from ministack.services.s3 import _key_disk_path

    return Path(str(_key_disk_path(str(bucket_folder), key)))
