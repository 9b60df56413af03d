"""Each fault of ministack that has a module is there, on a ministack without any of the embedded cloud."""

from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from localcloud.ministack_adapter import faults
from localcloud.ministack_adapter.faults.reproduction import FAULTS, plain_ministack


@pytest.fixture(scope="module")
def client() -> Iterator[Callable[[str], Any]]:
    with plain_ministack() as made:
        yield made


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.__name__.rpartition(".")[2])
def test_the_fault_is_still_there_or_its_module_can_go(fault: ModuleType, client: Callable[[str], Any]):
    assert fault.shows(client)


def test_every_module_of_a_fault_is_shown():
    modules = {path.stem for path in Path(faults.__file__).parent.glob("*.py")}
    shown = {fault.__name__.rpartition(".")[2] for fault in FAULTS}
    assert modules - {"__init__", "__main__", "reproduction"} == shown
