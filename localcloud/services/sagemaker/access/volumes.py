"""A customer's key on the disk of a job or an instance: SageMaker uses it by a grant that must be allowed.

Developer guide, "Amazon SageMaker API Permissions": CreateTrainingJob needs kms:CreateGrant when its
ResourceConfig has a VolumeKmsKeyId and the role has no such permission itself; CreateEndpoint and
UpdateEndpoint need it when the endpoint config has a KmsKeyId. The grant is for an AWS service's resource.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from localcloud.iam import decisions
from localcloud.iam.sessions import Credentials
from localcloud.services.sagemaker.access.caller import Caller
from localcloud.services.sagemaker.errors import AccessDeniedError, ValidationError
from localcloud.services.sagemaker.platform import Platform

_ACTION = "kms:CreateGrant"


class Volumes:
    """Asks for the grants on disks' keys."""

    def __init__(self, platform: Platform, find_key: Callable[[str], str | None]) -> None:
        """`find_key` gives a key's ARN by any of its names; None when there is none."""
        self._platform = platform
        self._find_key = find_key

    def check(self, key_id: str | None, caller: Caller, role: Mapping[str, str] | None = None) -> None:
        """Raise AccessDeniedError unless the caller, or a job's own role, may have the grant made.

        `role` is the environment of the role's session. Raises ValidationError for a key that is not there.
        """
        if not key_id or "alias/aws/" in key_id:
            return
        key_arn = self._find_key(key_id)
        if key_arn is None:
            raise ValidationError(f"The KMS key {key_id} does not exist, or cannot be used.")
        where = {"kms:CallerAccount": self._platform.account, "kms:GrantIsForAWSResource": "true"}
        if role is not None and self._role_may(role, key_arn, where):
            return
        via = f"sagemaker.{self._platform.region}.amazonaws.com"
        try:
            caller.authorize(_ACTION, key_arn, {**where, "kms:ViaService": via})
        except AccessDeniedError as error:
            raise AccessDeniedError(
                f"{error.message} (the grant by which SageMaker encrypts the volume with this key)"
            ) from None

    def _role_may(self, role: Mapping[str, str], key_arn: str, context: Mapping[str, str]) -> bool:
        keys = Credentials(
            role["AWS_ACCESS_KEY_ID"], role["AWS_SECRET_ACCESS_KEY"], role.get("AWS_SESSION_TOKEN")
        )
        place = {"account": self._platform.account, "region": self._platform.region}
        try:
            decisions.check(keys, _ACTION, key_arn, context=context, **place)
        except decisions.NotAuthorizedError:
            return False
        return True


def find_key(key_id: str) -> str | None:
    """The ARN of a key of this account, by its id, ARN or alias."""
    from localcloud.iam.key_use import key_arn_of

    return key_arn_of(key_id)
