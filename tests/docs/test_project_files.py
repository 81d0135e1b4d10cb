"""The files by which a project meets its contributors, and what they promise."""

import re
import tomllib

import pytest
import yaml

from tests.docs.pages import ROOT

CHANGELOG = (ROOT / "CHANGELOG.md").read_text()
GROUPS = {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}


def test_the_newest_release_in_the_changelog_is_the_version():
    versions = re.findall(r"^## \[(\d+\.\d+\.\d+)\] - \d{4}-\d\d-\d\d$", CHANGELOG, re.MULTILINE)
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]

    assert versions[0] == project["version"]
    assert versions == sorted(versions, key=lambda v: tuple(map(int, v.split("."))), reverse=True)


def test_the_changelog_has_the_groups_of_keep_a_changelog_and_no_other():
    assert CHANGELOG.index("## [Unreleased]") < CHANGELOG.index("## [0.")
    groups = re.findall(r"^### (.+)$", CHANGELOG, re.MULTILINE)

    assert groups
    assert set(groups) <= GROUPS
    assert re.findall(r"^#{2} (?!\[)", CHANGELOG, re.MULTILINE) == []


def test_ci_runs_what_people_run():
    workflow = yaml.safe_load((ROOT / ".github" / "workflows" / "ci.yml").read_text())
    commands = [
        step["run"] for job in workflow["jobs"].values() for step in job["steps"] if "run" in step
    ]

    assert ".ci/run" in commands
    assert re.findall(r"^make (\w+)$", (ROOT / ".ci" / "run").read_text(), re.MULTILINE) == [
        "check",
        "test",
    ]
    assert workflow["permissions"] == {"contents": "read"}


def test_ci_has_the_python_that_the_project_requires():
    workflow = yaml.safe_load((ROOT / ".github" / "workflows" / "ci.yml").read_text())
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    pythons = {
        step["with"]["python-version"]
        for job in workflow["jobs"].values()
        for step in job["steps"]
        if "setup-python" in step.get("uses", "")
    }

    assert {f">={python}" for python in pythons} == {project["requires-python"]}


@pytest.mark.parametrize("name", ["bug_report", "feature_request"])
def test_an_issue_template_has_a_name_and_what_it_is_for(name: str):
    text = (ROOT / ".github" / "ISSUE_TEMPLATE" / f"{name}.md").read_text()
    head = yaml.safe_load(text.split("---")[1])

    assert head["name"]
    assert head["about"]


def test_the_security_policy_names_the_versions_that_get_fixes():
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]

    assert f"{version.rpartition('.')[0]}.x" in (ROOT / "SECURITY.md").read_text()


def test_the_code_of_conduct_says_whom_to_tell():
    text = (ROOT / "CODE_OF_CONDUCT.md").read_text()

    assert "Tell a maintainer" in text
    assert "answer within" in text
