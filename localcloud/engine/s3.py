"""The engine's S3, corrected (ministack 1.5.33, pinned exactly)."""

from __future__ import annotations


def form_fields(content_type: str, body: bytes) -> list[tuple[str, bytes]]:
    """The fields of a form as the engine reads them, in their order."""
    from ministack.services import s3

    return [(name, value) for name, _, _, value in s3._parse_multipart_form(content_type, body)]
