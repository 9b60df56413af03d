"""`[[sources]]`: files that are fetched on a schedule. From the raw bucket on each is an ordinary upload."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from contracts.layout import UPLOAD_SUFFIXES, UPLOADS
from contracts.reading import Table

SCHEMES = ("https", "s3")
LOOPBACK = ("127.0.0.1", "localhost")
UNBUILT = {
    "http": "what comes unencrypted may be anybody's: ask its owner for https",
    "gs": "Google Cloud Storage is not fetched by this version: give a signed https address of the object",
    "sftp": "SFTP is not fetched by this version: let AWS Transfer Family or a job of yours put the file "
    f"below {UPLOADS.prefix} of the raw bucket",
    "postgresql": "queries are not run by this version: let a job of yours export the rows below "
    f"{UPLOADS.prefix} of the raw bucket",
    "mysql": "queries are not run by this version: let a job of yours export the rows below "
    f"{UPLOADS.prefix} of the raw bucket",
}
_NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
_UPLOAD = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_SECRET = re.compile(r"arn:aws[a-z-]*:secretsmanager:[a-z0-9-]+:\d{12}:secret:[A-Za-z0-9/_+=.@-]+")
_KEY = re.compile(r"arn:aws[a-z-]*:kms:[a-z0-9-]+:\d{12}:key/[0-9a-f-]+")


@dataclass(frozen=True, kw_only=True)
class Source:
    """Every `every_hours` the file at `uri`, an https address or an object of S3 (`s3://BUCKET/KEY`, of any
    account that lets the function's role read it), is fetched and put below `incoming/` as `upload`; what has
    not changed since is left out.

    `secret_arn` names a secret of Secrets Manager for an https address: a JSON object of request headers.
    `kms_key_arn` is the key of an object of S3 that is encrypted with its owner's own.
    """

    name: str
    uri: str
    upload: str
    stages: tuple[str, ...] = ()
    every_hours: int = 24
    secret_arn: str = ""
    kms_key_arn: str = ""

    @property
    def scheme(self) -> str:
        return urlsplit(self.uri).scheme

    @property
    def bucket_and_key(self) -> tuple[str, str]:
        """Of an object of S3."""
        bucket, _, key = self.uri.removeprefix("s3://").partition("/")
        return bucket, key

    @classmethod
    def read(cls, table: Table, stages: tuple[str, ...]) -> Source:
        """Raises PipelineConfigError."""
        uri = table.text("uri")
        found = cls(
            name=table.text("name"),
            uri=uri,
            upload=table.text("upload", urlsplit(uri).path.rpartition("/")[2] or "upload"),
            stages=table.texts("stages", stages),
            every_hours=table.integer("every_hours", 1, 8760, 24),
            secret_arn=table.text("secret_arn") if table.has("secret_arn") else "",
            kms_key_arn=table.text("kms_key_arn") if table.has("kms_key_arn") else "",
        )
        table.finish()
        found._check(table, stages)
        return found

    def _check(self, table: Table, stages: tuple[str, ...]) -> None:
        if not _NAME.fullmatch(self.name) or len(self.name) > 24:
            raise table.fail(
                "name", f"{self.name!r} must be lower-case words joined by hyphens, 24 characters at most"
            )
        if unknown := [stage for stage in self.stages if stage not in stages]:
            raise table.fail("stages", f"{unknown[0]!r} is not one of {', '.join(stages)}")
        self._check_uri(table)
        if not _UPLOAD.fullmatch(self.upload) or not self.upload.lower().endswith(UPLOAD_SUFFIXES):
            raise table.fail(
                "upload",
                f"{self.upload!r} is no name of an upload: letters, digits, dots, hyphens, underscores, "
                f"and one of {', '.join(UPLOAD_SUFFIXES)} at its end",
            )
        for key, value, form, scheme in (
            ("secret_arn", self.secret_arn, _SECRET, "https"),
            ("kms_key_arn", self.kms_key_arn, _KEY, "s3"),
        ):
            if value and not form.fullmatch(value):
                raise table.fail(key, f"{value!r} is not the ARN of a {key.partition('_')[0]}")
            if value and self.scheme == ("s3" if scheme == "https" else "https"):
                raise table.fail(key, f"is for sources of {scheme}, and this one is of {self.scheme}")

    def _check_uri(self, table: Table) -> None:
        """No message shows what may be a password."""
        address = urlsplit(self.uri)
        if address.username or address.password:
            raise table.fail("uri", "holds a user's name or password: put it into a secret, by secret_arn")
        is_test = address.scheme == "http" and address.hostname in LOOPBACK
        if address.scheme in UNBUILT and not is_test:
            raise table.fail("uri", f"{self.uri!r}: {UNBUILT[address.scheme]}")
        if address.scheme not in SCHEMES and not is_test:
            raise table.fail("uri", f"{self.uri!r} is of none of {', '.join(SCHEMES)}")
        if address.scheme == "s3":
            bucket, key = self.bucket_and_key
            if not _BUCKET.fullmatch(bucket) or not key or key.endswith("/") or "*" in key:
                raise table.fail("uri", f"{self.uri!r} names no object: s3://BUCKET/KEY")
        elif not address.hostname or address.fragment:
            raise table.fail("uri", f"{self.uri!r} is no address of a file")


def read_all(table: Table, stages: tuple[str, ...]) -> tuple[Source, ...]:
    """Every source; raises PipelineConfigError."""
    found = table.tables("sources", lambda one: Source.read(one, stages), required=False)
    for what in ("name", "upload"):
        values = [getattr(one, what) for one in found]
        if doubled := [value for value in values if values.count(value) > 1]:
            raise table.fail("sources", f"{what} {doubled[0]!r} stands twice")
    return found


def at(sources: tuple[Source, ...], stage: str) -> tuple[Source, ...]:
    return tuple(one for one in sources if stage in one.stages)
