"""What a container can see, write, import and listen on."""

import json
import os
import socket
import sys
from pathlib import Path

import pytest

from localcloud.containers import container, rootfs
from localcloud.containers.closure import closure
from localcloud.containers.container import ContainerSpec, start
from localcloud.images.store import Image
from localcloud.tests.containers.test_container import build

pytestmark = pytest.mark.skipif(
    not container.namespaces_allowed(), reason="this kernel forbids user namespaces"
)
SEE = """
import json, os, shutil
def listed(path):
    try:
        return sorted(os.listdir(path))
    except OSError as problem:
        return type(problem).__name__
def written(path):
    try:
        open(path, "w").close()
        return True
    except OSError:
        return False
print(json.dumps({
    "root": listed("/"), "home": listed("/home"), "seen": [os.path.exists(p) for p in PATHS],
    "written": [p for p in ("/opt/program/x", "/etc/x", "/usr/bin/x", "/x", "/tmp/x", "/root/x")
                if written(p)],
    "compilers": [name for name in ("cc", "gcc", "g++", "clang") if shutil.which(name)],
    "shm": os.path.exists("/dev/shm"), "mounts": os.system("mount -o remount,rw / 2>/dev/null") == 0,
}))
"""


def said(tmp_path: Path, program: str, image: Image | None = None, **options) -> list[str]:
    image = image or build(tmp_path, program)
    lines: list[str] = []
    running = start(
        ContainerSpec(image, "test", **options), lines.append, work_dir=tmp_path / "state" / "work"
    )
    assert running.wait(60) == 0, lines
    return lines


def seen(tmp_path, **options):
    (tmp_path / "state").mkdir()
    secret = tmp_path / "state" / "secret"
    secret.write_text("admin's key")
    hidden = [str(secret), str(Path.cwd()), os.path.expanduser("~/.aws"), os.path.expanduser("~/.config")]
    program = SEE.replace("PATHS", repr(hidden))
    return json.loads(said(tmp_path, program, **options)[0])


def test_neither_homes_nor_the_project_nor_the_clouds_state_are_seen(tmp_path):
    found = seen(tmp_path)
    assert found["seen"] == [False] * 4
    assert found["home"] == []
    assert not {"work", "mnt", "srv", "media"} & set(found["root"])
    assert not found["mounts"]


def test_a_function_writes_to_tmp_alone(tmp_path):
    found = seen(tmp_path, read_only=True)
    assert found["written"] == ["/tmp/x"]
    assert not found["shm"]


def test_other_containers_write_to_a_copy_of_their_image(tmp_path):
    image = build(tmp_path, SEE.replace("PATHS", "[]"))
    found = json.loads(said(tmp_path, "", image)[0])
    assert "/opt/program/x" in found["written"]
    assert not (image.root / "opt/program/x").exists()


def test_an_image_without_a_compiler_sees_none(tmp_path):
    context = tmp_path / "slim"
    context.mkdir()
    (context / "app.py").write_text(SEE.replace("PATHS", "[]"))
    (context / "Dockerfile").write_text(
        'FROM python:3.12-slim\nWORKDIR /opt/p\nCOPY app.py ./\nENTRYPOINT ["python", "app.py"]\n'
    )
    from localcloud.images.store import ImageStore

    image = ImageStore(tmp_path / "images").register("slim", "1", context=context)
    assert not image.has_compiler
    assert json.loads(said(tmp_path, "", image)[0])["compilers"] == []


def test_every_name_of_a_compiler_is_known(tmp_path):
    names = ["gcc", "gcc-12", "x86_64-linux-gnu-gcc-12", "c++", "clang-14", "cc", "c99-gcc", "cpp-12"]
    for name in [*names, "python3", "gccgo-doc", "accept", "ccze", "cp"]:
        (tmp_path / name).write_text("")
    known = {name for name in os.listdir(tmp_path) if rootfs._COMPILER.fullmatch(name)}
    assert known == set(names)


def test_a_limited_tmp_is_full_when_it_is_full(tmp_path):
    program = (
        "import errno\n"
        "try:\n    open('/tmp/x', 'wb').write(bytes(3_000_000))\n"
        "except OSError as problem:\n    print(errno.errorcode[problem.errno])"
    )
    assert said(tmp_path, program, tmp_bytes=2_000_000) == ["ENOSPC"]


def test_a_tmp_that_would_take_too_much_memory_lies_on_the_disk(tmp_path):
    program = "import os; open('/tmp/x', 'wb').write(bytes(3_000_000)); print(os.path.getsize('/tmp/x'))"
    assert said(tmp_path, program, tmp_bytes=2**50) == ["3000000"]


IMPORTS = """
import importlib.util, sys
NAMES = ("boto3", "botocore", "dateutil", "requests", "numpy", "pytest")
print([name for name in NAMES if importlib.util.find_spec(name)])
import boto3
"""


def with_packages(tmp_path, *lines: str) -> Image:
    context = tmp_path / "packages"
    context.mkdir()
    (context / "app.py").write_text(IMPORTS)
    (context / "r.txt").write_text("boto3==1 \\\n    --hash=sha256:00\n# a comment\n")
    copied = "FROM python:3.12-slim\nWORKDIR /opt/p\nCOPY app.py r.txt ./\n"
    (context / "Dockerfile").write_text(
        copied + "".join(f"{line}\n" for line in lines) + 'ENTRYPOINT ["python", "app.py"]\n'
    )
    from localcloud.images.store import ImageStore

    return ImageStore(tmp_path / "images").register("packages", "1", context=context)


def test_an_image_has_the_closure_of_its_lock_and_no_more(tmp_path):
    image = with_packages(tmp_path, "RUN pip install --no-deps --require-hashes -r r.txt")
    assert image.packages == ("boto3",)
    assert said(tmp_path, "", image) == ["['boto3', 'botocore', 'dateutil']"]


def test_what_cannot_be_told_has_whatever_is_installed(tmp_path):
    image = with_packages(tmp_path, "RUN pip install ./here")
    assert image.packages is None
    assert "pytest" in said(tmp_path, "", image)[0]


def test_a_plain_container_has_its_closure_too(tmp_path, monkeypatch):
    image = with_packages(tmp_path, "RUN pip install --no-deps --require-hashes -r r.txt")
    monkeypatch.setenv("LOCALCLOUD_NAMESPACES", "off")
    container.namespaces_allowed.cache_clear()
    try:
        assert said(tmp_path, "", image) == ["['boto3', 'botocore', 'dateutil']"]
    finally:
        container.namespaces_allowed.cache_clear()


def test_a_closure_follows_requirements_and_extras():
    assert {"boto3", "botocore", "s3transfer", "six", "urllib3"} <= closure(["boto3"])
    assert "requests" not in closure(["boto3"])
    assert closure(["not-installed-at-all"]) == frozenset()


BINDS = """
import json, socket, threading
def tcp(family, host):
    made = socket.socket(family)
    made.bind((host, 0))
    made.listen()
    return made.getsockname()[0]
def unbound():
    made = socket.socket()
    made.listen()
    return made.getsockname()[0]
def udp():
    made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    made.bind(("0.0.0.0", PORT))
    return made.getsockname()[0]
def in_a_thread():
    found = []
    thread = threading.Thread(target=lambda: found.append(tcp(socket.AF_INET, "0.0.0.0")))
    thread.start(); thread.join()
    return found[0]
taken = socket.create_server(("127.0.0.1", 0))
def busy():
    try:
        socket.socket().bind(("0.0.0.0", taken.getsockname()[1]))
    except OSError as problem:
        return problem.errno
print(json.dumps([tcp(socket.AF_INET, "0.0.0.0"), tcp(socket.AF_INET, ""), tcp(socket.AF_INET, "127.0.0.1"),
    tcp(socket.AF_INET6, "::"), tcp(socket.AF_INET6, "::1"), unbound(), udp(), in_a_thread(), busy()]))
"""


def _free_udp_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.mark.skipif(not container.loopback_possible(), reason="this kernel tells nobody of binds")
@pytest.mark.parametrize("isolated", [False, True])
def test_whatever_a_container_asks_to_listen_on_it_listens_on_loopback(tmp_path, isolated):
    program = BINDS.replace("PORT", str(_free_udp_port()))
    if isolated:
        program = program.replace("udp(), ", "'127.0.0.1', ")
    (answers,) = map(json.loads, said(tmp_path, program, isolated=isolated))
    here = "127.0.0.1"
    assert answers == [here, here, here, "::ffff:127.0.0.1", "::1", here, here, here, 98]


@pytest.mark.skipif(not container.loopback_possible(), reason="this kernel tells nobody of binds")
def test_a_container_without_a_root_of_its_own_listens_on_loopback_too(tmp_path, monkeypatch):
    monkeypatch.setenv("LOCALCLOUD_NAMESPACES", "off")
    container.namespaces_allowed.cache_clear()
    program = "import socket; s = socket.create_server(('0.0.0.0', 0)); print(s.getsockname()[0])"
    try:
        assert said(tmp_path, program) == ["127.0.0.1"]
    finally:
        container.namespaces_allowed.cache_clear()


def test_the_interpreter_is_the_hosts(tmp_path):
    program = "import sys; print(sys.version_info[:3], sys.prefix)"
    assert said(tmp_path, program) == [f"{sys.version_info[:3]} /var/lang"]
