"""What a template says of a bucket's encryption and life cycle takes effect.

ministack's AWS::S3::Bucket stores CORS, public access block and website; encryption and life cycle are
dropped. Both are written here as the S3 API itself would take them, through boto3's own serializer.
https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-s3-bucket.html
"""

from __future__ import annotations

from typing import Any

from localcloud.host.cloud import Cloud
from localcloud.ministack_adapter import provisioners

_SHAPES = {
    "BucketEncryption": ("PutBucketEncryption", "ServerSideEncryptionConfiguration"),
    "LifecycleConfiguration": ("PutBucketLifecycleConfiguration", "LifecycleConfiguration"),
}
# CloudFormation's names for what the API calls otherwise.
_DEFAULT_ENCRYPTION = ("ServerSideEncryptionByDefault", "ApplyServerSideEncryptionByDefault")


def install(cloud: Cloud) -> None:
    """Add both properties to those that ministack applies to a bucket."""
    from localcloud.ministack_adapter import s3

    provisioners.S3_BUCKET_CONFIGURATIONS += (
        ("BucketEncryption", encryption_xml, s3.put_bucket_encryption, s3.delete_bucket_encryption),
        ("LifecycleConfiguration", lifecycle_xml, s3.put_bucket_lifecycle, s3.delete_bucket_lifecycle),
    )

    handler = provisioners.RESOURCE_HANDLERS["AWS::S3::Bucket"]
    handler["delete"] = _refusing_full(handler["delete"], s3)


def _refusing_full(delete: Any, s3: Any) -> Any:
    """A bucket that still holds an object or a version is not deleted: the deletion fails, as on AWS."""

    def delete_bucket(name: str, properties: Any) -> None:
        versions = any(bucket == name and kept for (bucket, _), kept in s3.object_versions.items())
        if versions or (s3.buckets.get(name) or {}).get("objects"):
            raise ValueError(
                f"The bucket {name} is not empty. You must delete all versions in the bucket."
                " (Service: S3, Status Code: 409, Error Code: BucketNotEmpty)"
            )
        delete(name, properties)

    return delete_bucket


def encryption_xml(properties: dict[str, Any]) -> bytes:
    """The body of PutBucketEncryption for a template's BucketEncryption."""
    template, api = _DEFAULT_ENCRYPTION
    rules = [
        {api if key == template else key: value for key, value in rule.items()}
        for rule in properties["ServerSideEncryptionConfiguration"]
    ]
    return _serialized("BucketEncryption", {"Rules": rules})


def lifecycle_xml(properties: dict[str, Any]) -> bytes:
    """The body of PutBucketLifecycleConfiguration for a template's LifecycleConfiguration."""
    return _serialized("LifecycleConfiguration", {"Rules": [_rule(rule) for rule in properties["Rules"]]})


def _rule(rule: dict[str, Any]) -> dict[str, Any]:
    made: dict[str, Any] = {
        key: rule[key] for key in ("Status", "AbortIncompleteMultipartUpload") if key in rule
    }
    if "Id" in rule:
        made["ID"] = rule["Id"]
    made["Filter"] = {"Prefix": rule.get("Prefix", "")}
    if "ExpirationInDays" in rule or "ExpiredObjectDeleteMarker" in rule:
        made["Expiration"] = {
            api: rule[template]
            for template, api in (
                ("ExpirationInDays", "Days"),
                ("ExpiredObjectDeleteMarker", "ExpiredObjectDeleteMarker"),
            )
            if template in rule
        }
    if "NoncurrentVersionExpiration" in rule:
        made["NoncurrentVersionExpiration"] = rule["NoncurrentVersionExpiration"]
    if "Transitions" in rule:
        made["Transitions"] = [
            {"Days": entry["TransitionInDays"], "StorageClass": entry["StorageClass"]}
            for entry in rule["Transitions"]
        ]
    _refuse_unknown(rule)
    return made


_KNOWN = {
    "Status", "AbortIncompleteMultipartUpload", "Id", "Prefix", "ExpirationInDays",
    "ExpiredObjectDeleteMarker", "NoncurrentVersionExpiration", "Transitions",
}  # fmt: skip


def _refuse_unknown(rule: dict[str, Any]) -> None:
    unknown = sorted(set(rule) - _KNOWN)
    if unknown:
        raise ValueError(f"LifecycleConfiguration: the embedded cloud does not support {', '.join(unknown)}")


def _serialized(property_name: str, document: dict[str, Any]) -> bytes:
    import botocore.session
    from botocore.serialize import create_serializer

    name, member = _SHAPES[property_name]
    operation: Any = botocore.session.get_session().get_service_model("s3").operation_model(name)
    typed = _typed(document, operation.input_shape.members[member])
    request = create_serializer("rest-xml").serialize_to_request(
        {"Bucket": "bucket", member: typed}, operation
    )
    body: bytes = request["body"]
    return body


def _typed(value: Any, shape: Any) -> Any:
    """A template's values may be texts where the API wants numbers and booleans."""
    if shape.type_name == "structure":
        return {key: _typed(entry, shape.members[key]) for key, entry in value.items()}
    if shape.type_name == "list":
        return [_typed(entry, shape.member) for entry in value]
    if shape.type_name == "integer":
        return int(value)
    if shape.type_name == "boolean":
        return str(value).lower() == "true"
    return value
