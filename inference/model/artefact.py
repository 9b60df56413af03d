"""The artefact on disk: manifest.json, model.json and arrays.npz. Nothing in it is pickled."""

from __future__ import annotations

import hashlib
import json
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from inference.errors import ArtefactError
from inference.model import FloatArray, Model, npy
from inference.model.validation import answer_width, validate

FORMAT_VERSION = 1
MANIFEST = "manifest.json"
MODEL = "model.json"
ARRAYS = "arrays.npz"
# Rows held back at export with their answers; /ping fails unless the loaded model repeats them.
CHECK_ROWS = "check_rows"
CHECK_ANSWERS = "check_answers"
_LARGEST_DOCUMENT_BYTES = 64 << 20
_LARGEST_ARRAYS_BYTES = 8 << 30
_MOST_ARRAYS = 1000


@dataclass(frozen=True)
class Artefact:
    """A model with its manifest, and the rows (n, columns) whose answers (n, outputs) it must repeat."""

    manifest: Mapping[str, Any]
    model: Model
    check_rows: FloatArray
    check_answers: FloatArray

    def with_manifest(self, manifest: Mapping[str, Any]) -> Artefact:
        return replace(self, manifest=manifest)


def model_hash(model: Model) -> str:
    """SHA-256 (hex) of what decides an answer: the model's document and its arrays, whatever their order."""
    digest = hashlib.sha256(_canonical(model.as_document()).encode())
    for name in sorted(model.arrays):
        array = np.ascontiguousarray(model.arrays[name])
        digest.update(f"{name} {array.dtype.str} {array.shape}".encode())
        digest.update(array.tobytes())
    return digest.hexdigest()


def write(directory: Path, artefact: Artefact) -> None:
    """Write the three files; the manifest comes last, so a directory with one is complete."""
    directory.mkdir(parents=True, exist_ok=True)
    arrays: dict[str, npt.NDArray[Any]] = dict(artefact.model.arrays)
    arrays[CHECK_ROWS] = artefact.check_rows
    arrays[CHECK_ANSWERS] = artefact.check_answers
    np.savez(directory / ARRAYS, allow_pickle=False, **arrays)
    (directory / MODEL).write_text(_canonical(artefact.model.as_document()) + "\n", encoding="utf-8")
    manifest = {"format_version": FORMAT_VERSION, **artefact.manifest}
    (directory / MANIFEST).write_text(json.dumps(manifest, indent=2) + "\n", encoding="utf-8")


def read(directory: Path) -> Artefact:
    """Raises ArtefactError naming the file and what is wrong with it."""
    manifest = _read_json(directory / MANIFEST)
    version = manifest.get("format_version")
    if version != FORMAT_VERSION:
        raise ArtefactError(
            f"{directory / MANIFEST}: format_version is {version!r}, and this image reads {FORMAT_VERSION}"
        )
    arrays = _read_arrays(directory / ARRAYS)
    document = _read_json(directory / MODEL)
    try:
        check_rows, check_answers = arrays.pop(CHECK_ROWS), arrays.pop(CHECK_ANSWERS)
        model = Model.from_document(document, arrays)
        validate(model)
    except (KeyError, TypeError, AttributeError) as error:
        raise ArtefactError(f"{directory}: {MODEL} or {ARRAYS} lacks {str(error)[:200]}") from error
    except (ValueError, ArtefactError) as error:
        raise ArtefactError(f"{directory}: {str(error)[:500]}") from error
    _check_recorded(directory, model, check_rows, check_answers)
    if (found := model_hash(model)) != manifest.get("model_hash"):
        raise ArtefactError(
            f"{directory}: the model's hash is {found}, and the manifest says {manifest.get('model_hash')}"
        )
    return Artefact(manifest, model, check_rows, check_answers)


def _check_recorded(directory: Path, model: Model, rows: npt.NDArray[Any], answers: npt.NDArray[Any]) -> None:
    """The rows of the self check have to be rows of this model."""
    wanted = (len(rows), answer_width(model.head))
    if (
        *(rows.dtype.kind, rows.ndim, answers.dtype.kind, answers.ndim),
        *(rows.shape[-1:], answers.shape),
    ) != ("f", 2, "f", 2, (model.row_width,), wanted):
        raise ArtefactError(
            f"{directory / ARRAYS}: the self check's rows {rows.shape} and answers {answers.shape} do not "
            f"fit {model.row_width} entries and {wanted[1]} values an answer"
        )


def _read_json(path: Path) -> dict[str, Any]:
    try:
        size = path.stat().st_size
        if size > _LARGEST_DOCUMENT_BYTES:
            raise ArtefactError(f"{path}: has {size} bytes; at most {_LARGEST_DOCUMENT_BYTES} are read")
        document = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise ArtefactError(f"{path}: not found; is the model directory mounted?") from error
    except OSError as error:
        raise ArtefactError(f"{path}: cannot be read: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise ArtefactError(f"{path}: is not valid JSON: {str(error)[:200]}") from error
    if not isinstance(document, dict):
        raise ArtefactError(f"{path}: holds {type(document).__name__}, expected an object")
    return document


def _read_arrays(path: Path) -> dict[str, npt.NDArray[Any]]:
    """The arrays of an npz archive by name; each is looked at before memory is taken for it."""
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
            size = sum(member.file_size for member in members)
            if len(members) > _MOST_ARRAYS or size > _LARGEST_ARRAYS_BYTES:
                raise ArtefactError(
                    f"{path}: holds {len(members)} arrays of {size} bytes; at most {_MOST_ARRAYS} and "
                    f"{_LARGEST_ARRAYS_BYTES} are read"
                )
            return {member.filename.removesuffix(".npy"): _read_array(archive, member) for member in members}
    except FileNotFoundError as error:
        raise ArtefactError(f"{path}: not found; is the model directory mounted?") from error
    except (OSError, ValueError, EOFError, RuntimeError, zipfile.BadZipFile, zlib.error) as error:
        raise ArtefactError(f"{path}: cannot be read as arrays: {str(error)[:300]}") from error


def _read_array(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> npt.NDArray[Any]:
    with archive.open(member) as stream:
        data = stream.read(member.file_size + 1)
    try:
        return npy.read_array(data)
    except npy.NpyError as error:
        raise npy.NpyError(f"{member.filename[:100]!r}: {error}") from error


def _canonical(document: Mapping[str, Any]) -> str:
    return json.dumps(document, sort_keys=True, separators=(",", ":"))
