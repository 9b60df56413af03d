"""An upload, as S3 announces it through EventBridge, and the execution's name that follows from it."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from contracts.documents.data import UploadInput
from contracts.errors import UploadEventError
from contracts.layout import UPLOAD_MANIFEST, UPLOAD_PARTS, UPLOAD_SUFFIXES, UPLOADS

_STEM_LENGTH = 40
_UNFINISHED = ("_", ".")
NO_VERSION = "null"  # S3 User Guide, "Adding objects to versioning-suspended buckets"
_HASH_LENGTH = 32  # 128 bits, and with the stem below the 80 characters that a name may have


@dataclass(frozen=True, kw_only=True)
class Upload:
    """One version of one object. `sequencer` orders uploads that S3 stamps with the same second; of a bucket
    whose versioning is suspended, where every version is "null", it tells them apart with the `etag`."""

    bucket: str
    key: str
    version_id: str
    sequencer: str
    etag: str = ""

    @classmethod
    def from_message(cls, body: str) -> Upload:
        """Read an SQS body that holds EventBridge's event unchanged.

        The key is taken as it is: unlike S3's own notifications, EventBridge events are not URL-encoded
        (Amazon S3 User Guide, "EventBridge event message structure"). Raises UploadEventError.
        """
        try:
            event = json.loads(body)
        except ValueError as error:
            raise UploadEventError(f"the message is not JSON: {body[:200]!r}") from error
        detail = _table(event, "detail")
        thing = _table(detail, "object")
        return cls(
            bucket=_text(_table(detail, "bucket"), "name", "detail.bucket.name"),
            key=_text(thing, "key", "detail.object.key"),
            version_id=_text(thing, "version-id", "detail.object.version-id"),
            sequencer=str(thing.get("sequencer", "")),
            etag=str(thing.get("etag", "")),
        )

    @property
    def is_wanted(self) -> bool:
        """Whether the pipeline reads the key: a dataset by itself, or the manifest beside a folder of parts,
        which start nothing themselves. What programs write before they are done (`_temporary/`, names that
        begin with `_` or `.`) is none."""
        if not self.key.startswith(UPLOADS.prefix):
            return False
        *folders, name = self.key.removeprefix(UPLOADS.prefix).split("/")
        # To S3 `..` is a name like any other, and hides nothing.
        if any(step.startswith(_UNFINISHED) for step in (*folders, name) if step not in (".", "..")):
            return False
        if UPLOAD_PARTS in folders[1:]:
            return False
        is_manifest = bool(folders) and name == UPLOAD_MANIFEST
        return is_manifest or name.lower().endswith(UPLOAD_SUFFIXES)

    @property
    def execution_name(self) -> str:
        """The same for every delivery of one upload: a readable stem and a hash of its identity."""
        path = PurePosixPath(self.key)
        readable = path.parent.name if path.name == UPLOAD_MANIFEST else path.stem
        stem = re.sub(r"[^A-Za-z0-9]+", "-", readable).strip("-")[:_STEM_LENGTH]
        version = [self.version_id]
        if self.version_id == NO_VERSION:
            version += [self.etag, self.sequencer]
        identity = json.dumps([self.bucket, self.key, *version])
        digest = hashlib.sha256(identity.encode()).hexdigest()[:_HASH_LENGTH]
        return f"{stem or 'upload'}-{digest}"

    def as_document(self) -> dict[str, Any]:
        """The execution's input."""
        return UploadInput(
            bucket=self.bucket, key=self.key, versionId=self.version_id, sequencer=self.sequencer
        ).as_document()


def _table(event: object, key: str) -> Mapping[str, object]:
    value = event.get(key) if isinstance(event, Mapping) else None
    if not isinstance(value, Mapping):
        raise UploadEventError(f"the event has no {key}; is it S3's 'Object Created'?")
    return value


def _text(table: Mapping[str, object], key: str, path: str) -> str:
    value = table.get(key)
    if not isinstance(value, str) or not value:
        raise UploadEventError(f"the event has no {path}; is versioning on for the bucket?")
    return value
