"""`examples/third_turn.py`: from a clone to a third turn that remembers the first."""

import re
import sys
from pathlib import Path

import pytest

from tests.clients.conftest import Clients
from tests.docs import pages

SCRIPT = str(pages.ROOT / "examples" / "third_turn.py")
pytestmark = [
    pytest.mark.mongod("a process of its own"),
    pytest.mark.xdist_group("clients"),
]


def test_the_third_turn_remembers_the_first(clients: Clients):
    printed = clients.run(sys.executable, SCRIPT, "--base", clients.base)
    assert re.search(r"^three turns: \d+\.\d s$", printed, re.MULTILINE)
    assert "Rufus" in printed


@pytest.mark.slow
def test_it_begins_with_a_clone(clients: Clients, tmp_path: Path):
    printed = clients.run(sys.executable, SCRIPT, cwd=tmp_path)
    steps = [line.partition(":")[0] for line in printed.splitlines() if line.endswith(" s")]
    assert steps[0] == "clone"
    assert steps[-1] == "from clone to a remembered third turn"
