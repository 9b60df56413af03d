"""Says that this folder is itself the package: setuptools looks for packages inside a folder only."""

from setuptools import find_packages, setup  # type: ignore[import-untyped]

ROOMS = find_packages(exclude=["tests", "tests.*", "build", "build.*"])
setup(package_dir={"localcloud": "."}, packages=["localcloud", *(f"localcloud.{room}" for room in ROOMS)])
