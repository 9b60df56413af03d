import io
import zipfile

from localcloud.services.lambda_functions import package

FILES = {
    "shared/__init__.py": b"",
    "shared/logger.py": b"class Logger: ...",
    "handler.py": b"import shared.logger",
}


def zipped(files):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def unpacked(root):
    task = root / "var" / "task"
    return {str(path.relative_to(task)): path.read_bytes() for path in task.rglob("*") if path.is_file()}


def test_functions_that_share_their_code_and_start_at_once_find_all_of_it(tmp_path, monkeypatch):
    root = tmp_path / "functions" / "code"
    extract = zipfile.ZipFile.extractall
    seen: list[str] = []

    def interrupted(archive, target):
        if not seen:
            seen.append(target)
            archive.extract("handler.py", target)
            package._extract(zipped(FILES), root)  # another function, between the first file and the others
            assert unpacked(root) == FILES
        extract(archive, target)

    monkeypatch.setattr(zipfile.ZipFile, "extractall", interrupted)
    package._extract(zipped(FILES), root)
    assert unpacked(root) == FILES
    assert [path.name for path in root.parent.iterdir()] == ["code"]
