"""The engine's S3, corrected where it differs from AWS (ministack 1.5.33, pinned exactly)."""

from __future__ import annotations

from typing import Any

from localcloud.engine.s3 import checksums, copies, listing, multipart, reads, uploads


def correct(s3: Any) -> None:
    """Put the corrections into the engine's S3 module, once."""
    for part in (checksums, listing, reads, copies, multipart, uploads):
        part.correct(s3)


def form_fields(content_type: str, body: bytes) -> list[tuple[str, bytes]]:
    """The fields of a form as the engine reads them, in their order."""
    from ministack.services import s3

    return [(name, value) for name, _, _, value in s3._parse_multipart_form(content_type, body)]
