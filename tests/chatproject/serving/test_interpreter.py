"""The check of Python's version, and of the settings for production."""

import pytest
import yaml

from chatproject.serving import interpreter
from tests.chatproject.conftest import ROOT, manage


@pytest.mark.parametrize("version", [(3, 11, 12), (3, 12, 10), (3, 13, 3)])
def test_a_python_without_the_fixes_is_named(version):
    sentence = interpreter.warning(version)
    assert sentence is not None
    assert sentence.startswith("warning: Python " + ".".join(map(str, version)))
    assert f"install 3.{version[1]}.{interpreter.FIXED[version[:2]]} or later" in sentence


@pytest.mark.parametrize("version", [(3, 11, 13), (3, 11, 20), (3, 12, 11), (3, 13, 4), (3, 14, 0)])
def test_one_with_them_is_not(version):
    assert interpreter.warning(version) is None


def test_the_settings_for_production_are_clean(tmp_path):
    done = manage(tmp_path / "data", "check", "--deploy", "--fail-level", "WARNING", BEHIND_TLS="1")
    assert done.returncode == 0, done.stderr


def test_the_pins_are_audited_where_the_network_is():
    workflow = yaml.safe_load((ROOT / ".github/workflows/audit.yml").read_text())
    commands = [step.get("run", "") for job in workflow["jobs"].values() for step in job["steps"]]
    for command in ("pip-audit --strict", "npm audit", "cyclonedx-json", "npm sbom"):
        assert any(command in each for each in commands), command
