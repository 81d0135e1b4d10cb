"""The walkthrough's conversation is held, and prints what it shows."""

import re
import shutil

import pytest

from sessions_app import encoders
from tests.docs import pages, readme, shell

TEXT = pages.read("walkthrough.md")


@pytest.mark.skipif(shutil.which("curl") is None, reason="needs curl")
@pytest.mark.skipif(not encoders.available(), reason="needs the encoder")
def test_every_step_prints_what_is_shown(service: str):
    steps = shell.run(shell.blocks(TEXT), service)

    for step in steps:
        assert readme.shows(step.expected, step.printed), (
            f"{step.commands}\nprints\n{step.printed}\nnot\n{step.expected}"
        )


def test_it_is_a_dozen_turns_with_two_changes_of_topic():
    asked = [block for block in shell.blocks(TEXT) if "\nwindow\n" in block.text]
    topics = re.findall(r"^kept .* \| topic (\d)", TEXT, re.MULTILINE)

    assert (len(asked), sorted(set(topics))) == (12, ["1", "2", "3"])
