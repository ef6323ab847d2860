"""Lists of objects, versions, uploads and buckets: delimiters, markers, tokens and counts as S3 documents them.

The engine compares a marker with the folders that it made of keys, where S3 compares it with the keys; it takes any
token; and a count of nothing never ends.
"""

from __future__ import annotations

import base64
import binascii
import re
import zlib
from collections.abc import Iterator
from typing import Any
from xml.etree.ElementTree import Element, SubElement

Answer = tuple[int, dict[str, str], bytes]
Row = tuple[str, bool]  # a key, or a common prefix (True)


def correct(s3: Any) -> None:
    list_v1, list_v2, list_buckets, list_parts = (
        s3._list_objects_v1,
        s3._list_objects_v2,
        s3._list_buckets,
        s3._list_parts,
    )

    def wrong_token() -> Any:
        return s3._error("InvalidArgument", "The continuation token provided is incorrect", 400)

    def list_objects_v2(bucket: str, query: dict[str, Any]) -> Any:
        if "continuation-token" not in query:
            return _with_tokens(list_v2(bucket, query), "NextContinuationToken")
        token = s3._qp(query, "continuation-token")
        place = _opened(token)
        if place is None:
            return wrong_token()
        status, headers, body = list_v2(bucket, {**query, "continuation-token": [_encoded(place)]})
        body = body.replace(
            b"<ContinuationToken>" + _encoded(place).encode(), b"<ContinuationToken>" + token.encode(), 1
        )
        return _with_tokens((status, headers, body), "NextContinuationToken")

    def list_all_buckets(query: dict[str, Any] | None = None, signed_region: str | None = None) -> Any:
        query = dict(query or {})
        if "continuation-token" in query:
            place = _opened(s3._qp(query, "continuation-token"))
            if place is None:
                return wrong_token()
            query["continuation-token"] = [place]
        return _with_tokens(list_buckets(query, signed_region), "ContinuationToken", plain=True)

    def list_parts_of(bucket: str, key: str, query: dict[str, Any]) -> Any:
        if s3._qp(query, "max-parts", "1000") != "0":
            return list_parts(bucket, key, query)
        marker = s3._qp(query, "part-number-marker", "0")
        status, headers, body = list_parts(bucket, key, {**query, "max-parts": ["1"], "part-number-marker": ["10000"]})
        body = body.replace(b"<MaxParts>1<", b"<MaxParts>0<")
        return status, headers, body.replace(b"Marker>10000<", f"Marker>{int(marker)}<".encode())

    s3._collect_list_entries = collect
    s3._list_objects_v1, s3._list_objects_v2 = list_v1, list_objects_v2
    s3._list_buckets, s3._list_parts = list_all_buckets, list_parts_of
    s3._list_object_versions = lambda bucket, query: list_versions(s3, bucket, query)
    s3._list_multipart_uploads = lambda bucket, query: list_uploads(s3, bucket, query)


def collect(
    objects: dict[str, Any], prefix: str, delimiter: str, most: int, after: str
) -> tuple[list[str], list[str], bool, str]:
    """One page: keys, common prefixes, whether there is more, and the last of both.

    Args:
        after: a key; or a common prefix that an earlier page ended with, whose keys are all passed over.
    """
    rows = rows_of(sorted(key for key in objects if key.startswith(prefix)), prefix, delimiter, after)
    page: list[Row] = []
    for row in rows:
        if len(page) == most:
            return _page(page, more=most > 0)
        page.append(row)
    return _page(page, more=False)


def _page(rows: list[Row], *, more: bool) -> tuple[list[str], list[str], bool, str]:
    keys = [name for name, folder in rows if not folder]
    return keys, [name for name, folder in rows if folder], more, rows[-1][0] if rows else ""


def rows_of(keys: list[str], prefix: str, delimiter: str, after: str) -> Iterator[Row]:
    """The rows of a list in their order: each common prefix once, where its first key would be."""
    last = None
    for key in keys:
        if key <= after:
            continue
        cut = key.find(delimiter, len(prefix)) if delimiter else -1
        folder = key[: cut + len(delimiter)] if cut >= 0 else ""
        if not folder:
            yield key, False
        elif folder not in (last, after):
            last = folder
            yield folder, True


def _encoded(place: str) -> str:
    return base64.b64encode(place.encode()).decode()


def token_of(place: str) -> str:
    """An opaque token, which tells when it is none of ours."""
    data = place.encode()
    return base64.urlsafe_b64encode(zlib.crc32(data).to_bytes(4, "big") + data).decode()


def _opened(token: str) -> str | None:
    try:
        data = base64.b64decode(token, altchars=b"-_", validate=True)
        place = data[4:].decode()
    except (binascii.Error, ValueError):
        return None
    return place if data[4:] and data[:4] == zlib.crc32(data[4:]).to_bytes(4, "big") else None


def _with_tokens(answer: Answer, name: str, *, plain: bool = False) -> Answer:
    status, headers, body = answer

    def ours(found: re.Match[bytes]) -> bytes:
        place = found[1].decode() if plain else base64.b64decode(found[1]).decode()
        return f"<{name}>{token_of(place)}</{name}>".encode()

    return status, headers, re.sub(rb"<%b>([^<]+)</%b>" % (name.encode(), name.encode()), ours, body)


def list_versions(s3: Any, bucket: str, query: dict[str, Any]) -> Any:
    """ListObjectVersions: every version of every key, newest first; a version id goes on within a key."""
    record = s3._ensure_bucket(bucket)
    if record is None:
        return s3._no_such_bucket(bucket)
    prefix, delimiter, marker, version, most = _asked(s3, query, "version-id-marker", "max-keys")
    if version and not marker:
        return s3._error("InvalidArgument", "A version-id marker cannot be specified without a key marker.", 400)
    history = {key: versions for (name, key), versions in s3._object_versions.items() if name == bucket and versions}
    keys = sorted(key for key in {*record["objects"], *history} if key.startswith(prefix))
    rows: list[tuple[str, dict[str, Any] | None]] = []
    if version and marker in history:
        names = [entry["version_id"] for entry in reversed(history[marker])]
        if version not in names:
            return s3._error("InvalidArgument", "Invalid version id specified", 400)
        rows += [(marker, entry) for entry in list(reversed(history[marker]))[names.index(version) + 1 :]]
    for name, folder in rows_of(keys, prefix, delimiter, marker):
        if folder:
            rows.append((name, None))
        elif name in history:
            rows += [(name, entry) for entry in reversed(history[name])]
        else:
            rows.append((name, {**record["objects"][name], "version_id": "null", "is_latest": True}))
    root, write = _root(s3, query, "ListVersionsResult", "Name", bucket)
    write(root, "VersionIdMarker", version)
    write(root, "MaxKeys", str(most))
    write(root, "IsTruncated", "true" if 0 < most < len(rows) else "false")
    if 0 < most < len(rows):
        name, entry = rows[most - 1]
        write(root, "NextKeyMarker", name)
        if entry:
            write(root, "NextVersionIdMarker", entry["version_id"])
    for name, entry in rows[:most]:
        _write_version(s3, root, write, name, entry)
    return 200, {"Content-Type": "application/xml"}, s3._xml_body(root)


def _write_version(s3: Any, root: Any, write: Any, name: str, entry: dict[str, Any] | None) -> None:
    if entry is None:
        write(SubElement(root, "CommonPrefixes"), "Prefix", name)
        return
    deleted = entry.get("is_delete_marker")
    found = SubElement(root, "DeleteMarker" if deleted else "Version")
    write(found, "Key", name)
    write(found, "VersionId", entry["version_id"])
    write(found, "IsLatest", "true" if entry["is_latest"] else "false")
    write(found, "LastModified", entry["last_modified"])
    if not deleted:
        write(found, "ETag", entry["etag"])
        write(found, "Size", str(entry["size"]))
        write(found, "StorageClass", entry.get("storage_class") or "STANDARD")
    _write_person(s3, found, "Owner")


def list_uploads(s3: Any, bucket: str, query: dict[str, Any]) -> Any:
    """ListMultipartUploads: by key and by time of beginning; both markers go on behind an upload."""
    if s3._ensure_bucket(bucket) is None:
        return s3._no_such_bucket(bucket)
    prefix, delimiter, marker, upload, most = _asked(s3, query, "upload-id-marker", "max-uploads")
    by_key: dict[str, list[tuple[str, dict[str, Any]]]] = {}
    for number, entry in s3._multipart_uploads.items():
        if entry["bucket"] == bucket and entry["key"].startswith(prefix):
            by_key.setdefault(entry["key"], []).append((number, entry))
    for uploads in by_key.values():
        uploads.sort(key=lambda item: (item[1]["created"], item[0]))
    rows: list[tuple[str, tuple[str, dict[str, Any]] | None]] = []
    begun = by_key.get(marker, []) if upload else []
    if upload and marker:  # an upload that is gone meanwhile: those of its key may come twice, none is left out
        numbers = [number for number, _ in begun]
        rows += [(marker, item) for item in begun[numbers.index(upload) + 1 if upload in numbers else 0 :]]
    for name, folder in rows_of(sorted(by_key), prefix, delimiter, marker):
        rows += [(name, None)] if folder else [(name, item) for item in by_key[name]]
    root, write = _root(s3, query, "ListMultipartUploadsResult", "Bucket", bucket)
    write(root, "UploadIdMarker", upload)
    write(root, "MaxUploads", str(most))
    write(root, "IsTruncated", "true" if 0 < most < len(rows) else "false")
    if 0 < most < len(rows):
        name, item = rows[most - 1]
        write(root, "NextKeyMarker", name)
        write(root, "NextUploadIdMarker", item[0] if item else "")
    for name, item in rows[:most]:
        if item is None:
            write(SubElement(root, "CommonPrefixes"), "Prefix", name)
            continue
        found = SubElement(root, "Upload")
        write(found, "Key", name)
        write(found, "UploadId", item[0])
        for who in ("Initiator", "Owner"):
            _write_person(s3, found, who)
        write(found, "StorageClass", item[1].get("storage_class") or "STANDARD")
        write(found, "Initiated", item[1]["created"])
    return 200, {"Content-Type": "application/xml"}, s3._xml_body(root)


def _asked(s3: Any, query: dict[str, Any], second: str, count: str) -> tuple[str, str, str, str, int]:
    texts = [s3._qp(query, name) for name in ("prefix", "delimiter", "key-marker", second)]
    return texts[0], texts[1], texts[2], texts[3], int(s3._qp(query, count, "1000"))


_ENCODED = ("Key", "Prefix", "Delimiter", "KeyMarker", "NextKeyMarker")


def _root(s3: Any, query: dict[str, Any], name: str, called: str, bucket: str) -> tuple[Element, Any]:
    """The document with what it repeats of the request, and the function that writes a value, encoded if asked."""
    encode = s3._qp(query, "encoding-type") == "url"

    def write(parent: Element, element: str, value: str) -> None:
        SubElement(parent, element).text = s3._url_encode(value) if encode and element in _ENCODED else value

    root = Element(name, xmlns=s3.S3_NS)
    write(root, called, bucket)
    write(root, "Prefix", s3._qp(query, "prefix"))
    write(root, "KeyMarker", s3._qp(query, "key-marker"))
    if delimiter := s3._qp(query, "delimiter"):
        write(root, "Delimiter", delimiter)
    if encode:
        write(root, "EncodingType", "url")
    return root, write


def _write_person(s3: Any, parent: Element, name: str) -> None:
    person = SubElement(parent, name)
    SubElement(person, "ID").text = s3._canonical_owner_id()
