"""Reading cdk.out and packing its assets."""

import io
import json
import os
import zipfile
from pathlib import Path
from typing import Any

import pytest

from localcloud.deploy.assembly import Assembly, AssemblyError
from localcloud.deploy.publish import zipped


def write(directory: Path, artifacts: dict[str, Any], **assets: dict[str, Any]) -> Assembly:
    (directory / "manifest.json").write_text(json.dumps({"version": "55", "artifacts": artifacts}))
    for name, document in assets.items():
        (directory / f"{name}.assets.json").write_text(json.dumps(document))
    return Assembly(directory, "111122223333", "us-east-1")


def stack(**more) -> dict[str, Any]:
    properties = {
        "templateFile": "one.template.json",
        "stackTemplateAssetObjectUrl": "s3://assets-${AWS::AccountId}-${AWS::Region}/one.json",
        **more,
    }
    return {"type": "aws:cloudformation:stack", "properties": properties}


def test_a_stack_has_its_assets_with_account_and_region_filled_in(tmp_path: Path):
    place = {"here": {"bucketName": "b-${AWS::AccountId}", "objectKey": "k.zip"}}
    push = {"here": {"repositoryName": "r-${AWS::Region}", "imageTag": "t"}}
    assembly = write(
        tmp_path,
        {
            "one.assets": {"type": "cdk:asset-manifest", "properties": {"file": "one.assets.json"}},
            "one": {**stack(stackName="named"), "dependencies": ["one.assets"]},
        },
        one={
            "files": {"f": {"source": {"path": "asset.f", "packaging": "zip"}, "destinations": place}},
            "dockerImages": {
                "i": {
                    "source": {
                        "directory": "asset.i",
                        "dockerFile": "x/Dockerfile",
                        "dockerBuildArgs": {"A": "1"},
                    },
                    "destinations": push,
                }
            },
        },
    )
    (found,) = assembly.stacks()
    assert found.name == "named"
    assert found.template_url == "https://s3.us-east-1.amazonaws.com/assets-111122223333-us-east-1/one.json"
    assert (found.files[0].bucket, found.files[0].key, found.files[0].packaging) == (
        "b-111122223333",
        "k.zip",
        "zip",
    )
    image = found.images[0]
    assert (image.repository, image.tag, image.dockerfile) == ("r-us-east-1", "t", "x/Dockerfile")
    assert image.build_args == {"A": "1"}


def test_a_stack_comes_after_the_one_it_depends_on(tmp_path: Path):
    assembly = write(tmp_path, {"late": {**stack(), "dependencies": ["early"]}, "early": stack()})
    assert [found.name for found in assembly.stacks()] == ["early", "late"]


def test_a_directory_without_manifest_is_no_assembly(tmp_path: Path):
    with pytest.raises(AssemblyError, match=r"manifest\.json"):
        Assembly(tmp_path, "111122223333", "us-east-1")


def test_a_zip_is_the_same_for_the_same_content(tmp_path: Path):
    for name in ("one", "two"):
        (tmp_path / name / "sub").mkdir(parents=True)
        (tmp_path / name / "b.py").write_text("b")
        (tmp_path / name / "sub" / "run").write_text("run")
        (tmp_path / name / "sub" / "run").chmod(0o755)
    os.utime(tmp_path / "two" / "b.py", (1, 1))
    first = zipped(tmp_path / "one")
    assert first == zipped(tmp_path / "two")
    with zipfile.ZipFile(io.BytesIO(first)) as archive:
        assert archive.namelist() == ["b.py", "sub/run"]
        assert archive.getinfo("sub/run").external_attr >> 16 & 0o111
