"""ministack's S3, DynamoDB, ECR and EC2: what lies somewhere."""

from __future__ import annotations

from localcloud.ministack_adapter.seam import Replaces, Seam, Uses


class S3(Seam):
    path = "ministack.services.s3"

    fire_s3_event = Replaces(
        "_fire_s3_event",
        takes="bucket_name key event_name size etag "
        "deletion_type restore_event_data version_id sequencer object_extra record_extra",
    )
    fire_s3_event_async = Replaces(
        "_fire_s3_event_async",
        takes="bucket_name key event_name size etag deletion_type version_id object_extra record_extra",
    )
    resolve_sse_write_headers = Replaces("_resolve_sse_write_headers", takes="headers bucket_name")
    bucket_default_sse_headers = Uses("_bucket_default_sse_headers", takes="bucket_name")
    bucket_encryption = Uses("_bucket_encryption", holds="AccountScopedDict")
    bucket_notifications = Uses("_bucket_notifications", holds="AccountScopedDict")
    buckets = Uses("_buckets", holds="AccountScopedDict")
    delete_bucket_encryption = Uses("_delete_bucket_encryption", takes="name")
    delete_bucket_lifecycle = Uses("_delete_bucket_lifecycle", takes="name")
    next_event_sequencer = Uses("_next_event_sequencer", takes="event_name")
    object_versions = Uses("_object_versions", holds="AccountScopedDict")
    put_bucket_encryption = Uses("_put_bucket_encryption", takes="name body")
    put_bucket_lifecycle = Uses("_put_bucket_lifecycle", takes="name body")
    stored_sse_headers = Uses("_stored_sse_headers", takes="obj")


class Dynamodb(Seam):
    path = "ministack.services.dynamodb"

    tables = Uses("_tables", holds="AccountRegionScopedDict")


class Ecr(Seam):
    path = "ministack.services.ecr"

    describe_images = Replaces("_describe_images", takes="data")
    find_image = Uses("_find_image", takes="repo_name image_id")
    repositories = Uses("_repositories", holds="AccountRegionScopedDict")


class Ec2(Seam):
    path = "ministack.services.ec2"

    create_flow_logs = Uses("_create_flow_logs", takes="params")
    flow_logs = Uses("_flow_logs", holds="AccountRegionScopedDict")
    security_groups = Uses("_security_groups", holds="AccountRegionScopedDict")
    subnets = Uses("_subnets", holds="AccountRegionScopedDict")


s3 = S3()
dynamodb = Dynamodb()
ecr = Ecr()
ec2 = Ec2()
