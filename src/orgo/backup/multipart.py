"""A file becomes an object of an S3 store: a large one by parts, and one that was cut off goes on with the parts that lack."""

import base64
import hashlib
from pathlib import Path
from typing import Any

from orgo.lib.crash import crashpoint

PART = 8 << 20
_MOST_PARTS = 9_000  # a store takes 10,000
_SUM = "ChecksumSHA256"


def upload(calls: Any, file: Path, where: dict[str, str], more: dict[str, Any]) -> None:
    """Send `file` to the key that `where` names, by boto3's client; `more` goes with it (checksum, lock). Raises its errors."""
    size = file.stat().st_size
    if size <= PART:
        with file.open("rb") as source:
            calls.put_object(**where, **more, Body=source)
        return
    length = max(PART, -(-size // _MOST_PARTS))
    begun = _begun(calls, where) or calls.create_multipart_upload(**where, **more)["UploadId"]
    named = {**where, "UploadId": begun}
    there, parts = _there(calls, named), []
    with file.open("rb") as source:
        for number in range(1, -(-size // length) + 1):
            data = source.read(length)
            part, digest = there.get(number), base64.b64encode(hashlib.sha256(data).digest()).decode()
            if part is None or not _is(part, data, digest):
                part = calls.upload_part(**named, PartNumber=number, Body=data, ChecksumSHA256=digest)
            crashpoint("H13.sending")
            parts.append({"PartNumber": number, "ETag": part["ETag"], _SUM: digest})
    calls.complete_multipart_upload(**named, MultipartUpload={"Parts": parts})


def _begun(calls: Any, where: dict[str, str]) -> str:
    """The newest upload of this key that did not end, or ""."""
    found = calls.list_multipart_uploads(Bucket=where["Bucket"], Prefix=where["Key"]).get("Uploads", ())
    mine = sorted((one for one in found if one["Key"] == where["Key"]), key=lambda one: str(one["Initiated"]))
    return str(mine[-1]["UploadId"]) if mine else ""


def _there(calls: Any, named: dict[str, str]) -> dict[int, dict[str, Any]]:
    pages = calls.get_paginator("list_parts").paginate(**named)
    return {part["PartNumber"]: part for page in pages for part in page.get("Parts", ())}


def _is(part: dict[str, Any], data: bytes, digest: str) -> bool:
    """Whether the part that is there has these bytes: by its checksum, else by its ETag."""
    if part.get(_SUM):
        return bool(part[_SUM] == digest)
    return str(part["ETag"]).strip('"') == hashlib.md5(data, usedforsecurity=False).hexdigest()
