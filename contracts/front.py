"""`[front]`: an HTTPS way to the endpoint for callers who do not sign requests for SageMaker.

A file without the table opens nothing. Limits: API Gateway Developer Guide, "Amazon API Gateway quotas" (a
payload of 10 MB, 29 seconds), and Lambda's 6 MB of a payload, of which a request's own body is a part.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from contracts.reading import Table

AUTHORISATIONS = ("iam", "jwt")
LOOPBACK = ("127.0.0.1", "localhost")
MAX_BODY_BYTES = 4 * 1024 * 1024
MAX_KEYS = 100
_KEY_NAME = re.compile(r"[a-z][a-z0-9-]{0,29}")
_SCOPE = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]+")  # RFC 6749, 3.3
_ACL = re.compile(r"arn:aws[a-z-]*:wafv2:[a-z0-9-]+:\d{12}:regional/webacl/[\w-]+/[0-9a-f-]+")


@dataclass(frozen=True, kw_only=True)
class Front:
    """`stages` have one, none without the table. Callers sign with IAM, or bring a token of `issuer` that is
    meant for one of `audiences` and holds `predict_scope` or `labels_scope`.

    A request holds at most `max_rows` rows in `max_body_bytes`. All callers together get
    `requests_per_second`, and `burst` at once. Where there are `api_keys`, by name, each request brings one
    and each of them gets `key_requests_per_second` and `key_burst`. `web_acl_arn` is a regional WAF ACL, if
    any.
    """

    stages: tuple[str, ...] = ()
    auth: str = "iam"
    issuer: str = ""
    audiences: tuple[str, ...] = ()
    predict_scope: str = "predict"
    labels_scope: str = "labels"
    max_rows: int = 1000
    max_body_bytes: int = 1_000_000
    requests_per_second: int = 50
    burst: int = 100
    api_keys: tuple[str, ...] = ()
    key_requests_per_second: int = 10
    key_burst: int = 20
    web_acl_arn: str = ""

    def opens(self, stage: str) -> bool:
        return stage in self.stages

    @classmethod
    def read(cls, table: Table, stages: tuple[str, ...]) -> Front:
        """Of a table that is there; raises PipelineConfigError."""
        auth = table.choice("auth", AUTHORISATIONS, "iam")
        has_tokens = auth == "jwt"
        found = cls(
            stages=table.texts("stages", stages),
            auth=auth,
            issuer=table.text("issuer") if has_tokens else "",
            audiences=table.texts("audiences") if has_tokens else (),
            predict_scope=table.text("predict_scope", "predict") if has_tokens else "predict",
            labels_scope=table.text("labels_scope", "labels") if has_tokens else "labels",
            max_rows=table.integer("max_rows", 1, 100_000, 1000),
            max_body_bytes=table.integer("max_body_bytes", 1000, MAX_BODY_BYTES, 1_000_000),
            requests_per_second=table.integer("requests_per_second", 1, 10_000, 50),
            burst=table.integer("burst", 1, 5_000, 100),
            api_keys=table.texts("api_keys", ()),
            key_requests_per_second=table.integer("key_requests_per_second", 1, 10_000, 10),
            key_burst=table.integer("key_burst", 1, 5_000, 20),
            web_acl_arn=table.text("web_acl_arn") if table.has("web_acl_arn") else "",
        )
        table.finish()
        found._check(table, stages)
        return found

    def _check(self, table: Table, stages: tuple[str, ...]) -> None:
        if unknown := [stage for stage in self.stages if stage not in stages]:
            raise table.fail("stages", f"{unknown[0]!r} is not one of {', '.join(stages)}")
        if self.auth == "jwt":
            self._check_tokens(table)
        for name in self.api_keys:
            if not _KEY_NAME.fullmatch(name):
                raise table.fail("api_keys", f"{name!r} must be lower-case letters, digits and hyphens")
        if len(set(self.api_keys)) != len(self.api_keys) or len(self.api_keys) > MAX_KEYS:
            raise table.fail("api_keys", f"takes at most {MAX_KEYS} different names")
        if self.web_acl_arn and not _ACL.fullmatch(self.web_acl_arn):
            raise table.fail("web_acl_arn", f"{self.web_acl_arn!r} is not the ARN of a regional web ACL")

    def _check_tokens(self, table: Table) -> None:
        address = urlsplit(self.issuer)
        is_safe = address.scheme == "https" or (address.scheme == "http" and address.hostname in LOOPBACK)
        if not is_safe or not address.hostname or address.query or address.fragment or address.username:
            raise table.fail(
                "issuer",
                f"{self.issuer!r} must be the issuer's https address, as the tokens' iss says it "
                "(http is for one on loopback alone)",
            )
        if not self.audiences:
            raise table.fail("audiences", "is empty: a token for anybody else would open the front")
        for key in ("predict_scope", "labels_scope"):
            if not _SCOPE.fullmatch(getattr(self, key)):
                raise table.fail(key, f"{getattr(self, key)!r} is no scope: visible ASCII without blanks")
        if self.predict_scope == self.labels_scope:
            raise table.fail(
                "labels_scope",
                "is that of predictions too; who posts labels steers retraining, so it is another one",
            )


CLOSED = Front()
