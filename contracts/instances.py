"""SageMaker's instance types, as far as a name tells what can't work with them."""

from __future__ import annotations

import re

from contracts.reading import Table

_TYPE = re.compile(r"ml\.(?P<family>[a-z]+(?P<generation>\d+)(?P<attributes>[a-z0-9-]*))\.[a-z0-9-]+")
# Without a letter for it: EC2's instance type tables, column "instance storage".
_FAMILIES_WITH_STORAGE = ("dl", "g5", "g6", "g7", "gr6", "p4", "p5", "p6", "trn")


def read(table: Table, default: str) -> str:
    """The key `instance_type`; raises PipelineConfigError for one that the pipeline's images can't run on."""
    name = table.text("instance_type", default)
    found = _TYPE.fullmatch(name)
    if not found:
        raise table.fail("instance_type", f"{name!r} is not of the form ml.m5.large")
    if "g" in found["attributes"]:
        raise table.fail(
            "instance_type",
            f"{name} has an Arm processor, and the images are built for x86-64: take ml.m5 or ml.c5, say",
        )
    return name


def has_local_storage(name: str) -> bool:
    """Whether its disk is local, encrypted by the hardware, and takes no key of one's own.

    SageMaker API Reference, `ResourceConfig.VolumeKmsKeyId` and `CreateEndpointConfig.KmsKeyId`: a request
    that names a key for such a type is refused.
    """
    found = _TYPE.fullmatch(name)
    return found is not None and (
        "d" in found["attributes"] or found["family"].startswith(_FAMILIES_WITH_STORAGE)
    )
