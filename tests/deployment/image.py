"""Carries out a Dockerfile without Docker: each stage in a folder of its own, as its root.

What the steps name by absolute paths lies under the stage's folder here. A base image brings its
program (`python`, `npm`) only, and this machine's stands for it. COPY sees what Docker would send:
the context without what .dockerignore leaves out, by Docker's own rules. Steps run as root, like
Docker's, and what comes out runs as USER, which may read everything and write only what is its own:
to it the rest is read-only.
"""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from io import BytesIO
from pathlib import Path, PurePosixPath
from string import Template

from docker.utils.build import exclude_paths
from dockerfile_parse import DockerfileParser

ROOT = Path(__file__).resolve().parents[2]
# How the clients of the package registries are set up on this machine.
_CLIENTS = ("pip_", "npm_config_", "ssl_", "http_", "https_", "no_proxy", "node_extra_")


@dataclass(frozen=True)
class Step:
    """An instruction: its name, its flags and the rest, comments and line breaks removed."""

    name: str
    value: str

    @property
    def flags(self) -> dict[str, str]:
        return dict(re.findall(r"--([\w-]+)=(\S+)", self.value.split(" CMD ")[0]))

    @property
    def words(self) -> list[str]:
        """The arguments without flags; of the JSON form or the shell's."""
        rest = re.sub(r"^(?:--[\w-]+=\S+\s+)+", "", self.value)
        return json.loads(rest) if rest.startswith("[") else shlex.split(rest)

    @property
    def pairs(self) -> dict[str, str]:
        """Of ENV, ARG and LABEL: names and values."""
        return {name: value for name, _, value in (word.partition("=") for word in self.words)}


def steps(text: str) -> list[Step]:
    """The steps of a Dockerfile."""
    parsed = DockerfileParser(fileobj=BytesIO(text.encode())).structure
    return [
        Step(each["instruction"], each["value"])
        for each in parsed
        if each["instruction"] != "COMMENT"
    ]


def context(source: Path) -> set[str]:
    """The files that Docker would be sent, by their path from `source`."""
    lines = (source / ".dockerignore").read_text().splitlines()
    patterns = [line.strip() for line in lines if line.strip() and not line.startswith("#")]
    paths = exclude_paths(str(source), patterns)
    # Docker reads these two itself, and COPY sees them only if they are not left out.
    return {path for path in paths if not (source / path).is_dir()} - {
        "Dockerfile",
        ".dockerignore",
    }


@dataclass(frozen=True)
class Stage:
    """What a stage has become: its folder, and what the image says about running it."""

    folder: Path
    base: str
    environment: dict[str, str] = field(default_factory=dict)
    arguments: dict[str, str] = field(default_factory=dict)
    labels: dict[str, str] = field(default_factory=dict)
    workdir: str = "/"
    user: str = "0:0"
    command: tuple[str, ...] = ()
    healthcheck: tuple[str, ...] = ()

    def inside(self, path: str) -> Path:
        """Where an absolute path, or one from the working directory, lies on this machine."""
        return self.folder / str(PurePosixPath(self.workdir) / path).lstrip("/")


class Build:
    """Carries out the Dockerfile of `source` under `folder`; the last stage is the image."""

    def __init__(self, source: Path, folder: Path) -> None:
        self.folder = folder
        self.steps = steps((source / "Dockerfile").read_text())
        self.stages: dict[str, Stage] = {}
        self.context = folder / "context"
        for path in context(source):
            (self.context / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source / path, self.context / path, follow_symlinks=False)
        absolute = re.findall(r"""(?:^|[\s=:"',])/(\w+)""", "\n".join(s.value for s in self.steps))
        self._tops = "|".join(sorted({*absolute, "tmp"}))

    def image(self) -> Stage:
        """Carry out every step."""
        stage = None
        for step in self.steps:
            stage = self._from(step) if step.name == "FROM" else self._carried_out(stage, step)
        assert stage is not None
        return stage

    def _from(self, step: Step) -> Stage:
        base, *rest = step.words
        name = rest[1] if rest else "image"
        stage = Stage(self.folder / name, base, environment={"PATH": _path_of(base)})
        (stage.folder / "tmp").mkdir(parents=True)
        (stage.folder / "tmp").chmod(0o1777)
        self.stages[name] = stage
        return stage

    def _carried_out(self, stage: Stage | None, step: Step) -> Stage:
        assert stage is not None, f"{step.name} before FROM"
        match step.name:
            case "ARG":
                return replace(stage, arguments=stage.arguments | step.pairs)
            case "ENV":
                pairs = {name: self._filled(stage, value) for name, value in step.pairs.items()}
                return replace(stage, environment=stage.environment | pairs)
            case "LABEL":
                pairs = {name: self._filled(stage, value) for name, value in step.pairs.items()}
                return replace(stage, labels=stage.labels | pairs)
            case "WORKDIR":
                stage = replace(stage, workdir=step.value)
                stage.inside(".").mkdir(parents=True, exist_ok=True)
            case "COPY":
                self._copy(stage, step)
            case "RUN":
                self.run(stage, ["sh", "-ec", step.value])
            case "USER":
                return replace(stage, user=step.value)
            case "CMD":
                return replace(stage, command=tuple(step.words))
            case "HEALTHCHECK":
                words = json.loads(step.value.partition("CMD ")[2])
                return replace(stage, healthcheck=tuple(words))
            case "EXPOSE" | "VOLUME" | "STOPSIGNAL":
                pass
            case _:
                raise NotImplementedError(step.name)
        return stage

    def _filled(self, stage: Stage, value: str) -> str:
        return Template(value).substitute(stage.arguments | stage.environment)

    def _copy(self, stage: Stage, step: Step) -> None:
        *sources, target = step.words
        origin = step.flags.get("from")
        base = self.stages[origin].folder if origin else self.context
        destination = stage.inside(target)
        for source in sources:
            path = base / source.lstrip("/")
            assert path.exists(), f"COPY {source}: there is no such file"
            into = (
                destination / path.name if path.is_file() and target.endswith("/") else destination
            )
            into.parent.mkdir(parents=True, exist_ok=True)
            subprocess.run(["cp", "-a", "-T", str(path), str(into)], check=True, timeout=300)
            subprocess.run(["chown", "-hR", "0:0", str(into)], check=True, timeout=300)

    def run(self, stage: Stage, command: list[str]) -> None:
        """Run a step; its output is in the failure."""
        ran = subprocess.run(
            [self.mapped(stage, word) for word in command],
            cwd=stage.inside("."),
            env=self.process_environment(stage, {}),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=300,
        )
        assert ran.returncode == 0, f"RUN {command[-1]}\n{ran.stdout[-2000:]}\n{ran.stderr[-4000:]}"

    def mapped(self, stage: Stage, text: str) -> str:
        """`text` with the absolute paths that the Dockerfile uses under the stage's folder."""
        pattern = rf"""(^|(?<=[\s=:"']))/(?=(?:{self._tops})(?:[/\s:"']|$))"""
        return re.sub(pattern, f"{stage.folder}/", text)

    def process_environment(self, stage: Stage, more: Mapping[str, str]) -> dict[str, str]:
        clients = {n: v for n, v in os.environ.items() if n.lower().startswith(_CLIENTS)}
        ours = {name: self.mapped(stage, value) for name, value in stage.environment.items()}
        return {"HOME": str(stage.folder / "tmp"), "LANG": "C.UTF-8"} | clients | ours | dict(more)

    def started(
        self, stage: Stage, command: tuple[str, ...], output: Path, **more: str
    ) -> "subprocess.Popen[bytes]":
        """Start a command of the image as its user."""
        with output.open("ab") as file:
            return subprocess.Popen(
                [*_as_user(stage.user), *(self.mapped(stage, word) for word in command)],
                cwd=stage.inside("."),
                env=self.process_environment(stage, more),
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=file,
                start_new_session=True,
            )


def _path_of(base: str) -> str:
    """A PATH that has the base image's program."""
    system = "/usr/local/bin:/usr/bin:/bin"
    program = base.partition(":")[0]
    if program == "python":
        return f"{Path(sys.base_prefix) / 'bin'}:{system}"
    npm = shutil.which("npm")
    assert program == "node", f"nothing here stands for {base}"
    assert npm, "npm is not installed"
    return f"{Path(npm).parent}:{system}"


def _as_user(user: str) -> list[str]:
    """Runs a command as this user, who may read what root may, and so this machine's Python."""
    number, _, group = user.partition(":")
    caps = "-all,+dac_read_search"
    return [
        "setpriv", f"--reuid={number}", f"--regid={group}", "--clear-groups", "--no-new-privs",
        f"--inh-caps={caps}", f"--ambient-caps={caps}", f"--bounding-set={caps}",
    ]  # fmt: skip


def files(folder: Path) -> Iterator[Path]:
    """Every file and directory under `folder`."""
    for parent, directories, names in os.walk(folder):
        yield from (Path(parent, name) for name in (*directories, *names))
