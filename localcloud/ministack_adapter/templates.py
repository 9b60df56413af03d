"""ministack's CloudFormation."""

from __future__ import annotations

from localcloud.ministack_adapter.seam import Replaces, Seam, Uses


class CloudformationEngine(Seam):
    path = "ministack.services.cloudformation.engine"

    validate_template_statics = Replaces("_validate_template_statics", takes="template")


class Provisioners(Seam):
    path = "ministack.services.cloudformation.provisioners"

    S3_BUCKET_CONFIGURATIONS = Replaces("_S3_BUCKET_CONFIGURATIONS", holds="tuple")
    RESOURCE_HANDLERS = Uses("_RESOURCE_HANDLERS", holds="dict")
    STACK_TAG_PROPERTY = Uses("_STACK_TAG_PROPERTY", holds="dict")
    delete_predecessor = Uses("_delete_predecessor", takes="delete_fn args kwargs")
    physical_name = Uses("_physical_name", takes="stack_name logical_id lowercase max_len seeded")
    sfn_definition = Uses("_sfn_definition", takes="props")


cloudformation_engine = CloudformationEngine()
provisioners = Provisioners()
