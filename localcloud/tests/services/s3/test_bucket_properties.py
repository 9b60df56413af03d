"""A template's bucket properties become the bodies that the S3 API takes."""

import pytest

from localcloud.services.s3.bucket_properties import encryption_xml, lifecycle_xml


def test_encryption_names_key_algorithm_and_bucket_key():
    body = encryption_xml(
        {
            "ServerSideEncryptionConfiguration": [
                {
                    "BucketKeyEnabled": "true",
                    "ServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": "arn:key"},
                }
            ]
        }
    ).decode()
    assert "<SSEAlgorithm>aws:kms</SSEAlgorithm>" in body
    assert "<KMSMasterKeyID>arn:key</KMSMasterKeyID>" in body
    assert "<BucketKeyEnabled>true</BucketKeyEnabled>" in body


def test_a_life_cycle_keeps_ids_days_and_prefixes():
    rule: dict[str, object] = {
        "Id": "old",
        "Status": "Enabled",
        "Prefix": "capture/",
        "ExpirationInDays": "14",
    }
    rule["NoncurrentVersionExpiration"] = {"NoncurrentDays": 7}
    body = lifecycle_xml({"Rules": [rule]}).decode()
    for part in ("<ID>old</ID>", "<Prefix>capture/</Prefix>", "<Days>14</Days>", "<NoncurrentDays>7<"):
        assert part in body


def test_a_life_cycle_property_that_would_be_dropped_is_refused():
    with pytest.raises(ValueError, match="does not support TagFilters"):
        lifecycle_xml({"Rules": [{"Status": "Enabled", "TagFilters": []}]})
