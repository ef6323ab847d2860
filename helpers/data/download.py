"""Download a file once, checked, resumed where an earlier attempt broke off."""

from __future__ import annotations

import errno
import os
import time
from pathlib import Path

import requests
import urllib3
from tqdm import tqdm

DISK_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def download(folder: str | Path, url: str, md5: str | None = None) -> Path:
    """Download a file into the folder, unless it is there already, and check it.

    A broken download is resumed, by this call and by a later one; Ctrl-C ends it and leaves nothing. Without `md5` the
    file is not checked, and a part that an earlier call left is not used. Returns the path. Raises ConnectionError when
    the server cannot be reached or refuses, ValueError when the file is not the expected one, OSError when the disk is
    full.
    """
    folder, name = Path(folder), url.rsplit("/", 1)[1]
    folder.mkdir(parents=True, exist_ok=True)
    part = folder / f"{name}.part"
    if md5 is None:
        part.unlink(missing_ok=True)

    def fetch(url: str, target: str, _: object) -> None:
        _resume(url, part)
        os.replace(part, target)

    import pooch  # it brings clients of FTP and SSH, which takes a while

    pooch.get_logger().setLevel("WARNING")  # the progress bar says enough
    try:
        found = pooch.retrieve(url, md5 and f"md5:{md5}", fname=name, path=folder, downloader=fetch)
    except KeyboardInterrupt:
        part.unlink(missing_ok=True)
        raise
    except ValueError:
        raise ValueError(
            f"{name} from {url} is damaged or another file (its MD5 is not {md5}); it was removed, so try again."
        ) from None
    except OSError as error:
        if error.errno in DISK_FULL:
            part.unlink(missing_ok=True)
            raise OSError(error.errno, f"The disk is full: free some space for {name}, then try again") from None
        raise
    return Path(found)


def _resume(url: str, part: Path) -> None:
    """Fetch the URL to a file, going on where it ends; give up when three attempts in a row bring nothing."""
    failures = 0
    while True:
        have = part.stat().st_size if part.exists() else 0
        try:
            if _append(url, part, have):
                return
        except (requests.ConnectionError, requests.Timeout, urllib3.exceptions.HTTPError):
            gained = part.exists() and part.stat().st_size > have
            failures = 0 if gained else failures + 1
        if failures == 3:
            raise ConnectionError(f"{url} cannot be reached") from None
        time.sleep(failures / 2)


def _append(url: str, part: Path, have: int) -> bool:
    """Ask for the bytes after the first `have` and append them. False if what is there does not fit: it is removed."""
    # The bytes as stored are wanted: some servers label a .gz file as compressed in transit, which would unpack it.
    headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={have}-"} if have else {})
    with requests.get(url, headers=headers, stream=True, timeout=(10, 60)) as answer:
        content_range = answer.headers.get("Content-Range", "")
        if answer.status_code == 416:  # nothing after that: it is complete, or it is longer than the file
            if content_range == f"bytes */{have}":
                return True
            part.unlink()
            return False
        if not answer.ok:
            raise ConnectionError(f"{url} answers {answer.status_code} {answer.reason}")
        if answer.status_code != 206 or not content_range.startswith(f"bytes {have}-"):
            have = 0  # this server sends the whole file
        size = have + int(answer.headers.get("Content-Length", 0))
        with (
            part.open("ab" if have else "wb") as file,
            tqdm(desc=part.stem, total=size or None, initial=have, unit="B", unit_scale=True) as bar,
        ):
            for block in answer.raw.stream(1 << 16, decode_content=False):
                file.write(block)
                bar.update(len(block))
    return True
