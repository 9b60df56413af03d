"""ministack's CloudFormation."""

from __future__ import annotations

from localcloud.ministack_adapter.seam import Replaces, Seam, Uses


class CloudformationEngine(Seam):
    path = "ministack.services.cloudformation.engine"

    validate_template_statics = Replaces("_validate_template_statics", takes="template")


class Drift(Seam):
    path = "ministack.services.cloudformation.drift"

    readers = Uses("_DRIFT_READERS", holds="dict")


class Provisioners(Seam):
    path = "ministack.services.cloudformation.provisioners"

    S3_BUCKET_CONFIGURATIONS = Replaces("_S3_BUCKET_CONFIGURATIONS", holds="tuple")
    RESOURCE_HANDLERS = Uses("_RESOURCE_HANDLERS", holds="dict")
    STACK_TAG_PROPERTY = Uses("_STACK_TAG_PROPERTY", holds="dict")
    delete_predecessor = Uses("_delete_predecessor", takes="delete_fn args kwargs")
    physical_name = Uses("_physical_name", takes="stack_name logical_id lowercase max_len seeded")
    sfn_definition = Uses("_sfn_definition", takes="props")


class Cloudcontrol(Seam):
    path = "ministack.services.cloudcontrol"

    handle_request = Replaces("handle_request", takes="method path headers body query_params")
    apply_json_patch = Uses("_apply_json_patch", takes="doc operations")
    progress_event = Uses(
        "_progress_event",
        takes="operation status type_name identifier request_token resource_model status_message error_code",
    )
    record_request = Uses("_record_request", takes="event")


cloudcontrol = Cloudcontrol()
cloudformation_engine = CloudformationEngine()
drift = Drift()
provisioners = Provisioners()
