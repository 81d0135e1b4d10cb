"""`llama-cpp-python`'s server, compiled on this machine for its processor.

It stands in an environment of its own, because its packages ask for other versions than ours.
"""

import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from chatproject.model_server.launch import (
    CONTEXT_TOKENS,
    TOKENS_PER_ANSWER,
    Launch,
    Model,
)
from chatproject.service_error import ServiceError

ROOT = Path(__file__).resolve().parents[2]
REQUIREMENTS = ROOT / "requirements-llm-compiled.txt"
ENVIRONMENT = Path(sys.prefix) / "llm"
BUILD_LOG = Path(sys.prefix) / "llm-build.log"
APP = Path(__file__).with_name("compiled_app.py")
_CPU_INFO = Path("/proc/cpuinfo")
# Compilers that CMake looks for, in its order, unless CC or CXX names one.
_COMPILERS = {"CC": ("C", ("cc", "gcc", "clang")), "CXX": ("C++", ("c++", "g++", "clang++"))}
# What ggml can be compiled with, as CMake and as the processor name it. Without AVX-512 and AMX,
# which differ most among machines: a container may be started again on another one.
_INSTRUCTIONS = {
    "GGML_SSE42": "sse4_2", "GGML_AVX": "avx", "GGML_AVX2": "avx2", "GGML_BMI2": "bmi2",
    "GGML_FMA": "fma", "GGML_F16C": "f16c",
}  # fmt: skip
_LAST_LINES = 6
# No more than these, because the package's server takes its settings from variables with names as
# common as CACHE, SEED and CONFIG_FILE.
_PASSED_ON = (
    "DATA_DIR", "HOME", "LANG", "LC_ALL", "LD_LIBRARY_PATH", "OMP_NUM_THREADS", "PATH", "TMPDIR",
)  # fmt: skip

Run = Callable[[list[str], Mapping[str, str], Path], int]


def is_built() -> bool:
    """Whether the environment is there, complete, and of the versions that are asked for."""
    return _mark().is_file() and _mark().read_text() == REQUIREMENTS.read_text()


def launch(model: Model, port: int) -> Launch:
    """How to start it. It answers one request at a time; others wait."""
    command = [
        # -P: the modules beside the script are not for its environment.
        str(_python()), "-P", str(APP), "--model", str(model.weights),
        "--alias", model.weights.stem, "--port", str(port),
        "--context-tokens", str(CONTEXT_TOKENS), "--tokens-per-answer", str(TOKENS_PER_ANSWER),
    ]  # fmt: skip
    if model.template:
        command += ["--template", str(model.template)]
    if model.grammar:
        command += ["--grammar", model.grammar]
    environment = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    return Launch(tuple(command), environment, "/v1/models")


def missing() -> str | None:
    """What this machine lacks to compile it, in words; pip brings CMake and Ninja."""
    lacking = [
        language
        for variable, (language, names) in _COMPILERS.items()
        if not any(map(shutil.which, (os.environ.get(variable, ""), *names)))
    ]
    return f"a {' and a '.join(lacking)} compiler" if lacking else None


def build(run: Run | None = None) -> None:
    """Compile and install it. Raises ServiceError with the build's last words if that fails."""
    run = run or _run
    _mark().unlink(missing_ok=True)
    BUILD_LOG.write_bytes(b"")
    environment = os.environ | {
        "CMAKE_ARGS": " ".join(cmake_arguments()),
        "CMAKE_BUILD_PARALLEL_LEVEL": str(os.cpu_count() or 1),
    }
    steps = (
        [sys.executable, "-m", "venv", "--clear", str(ENVIRONMENT)],
        [
            str(_python()), "-m", "pip", "install", "--disable-pip-version-check", "--no-input",
            # A wheel that is kept from another build may be for another processor.
            "--no-cache-dir", "-r", str(REQUIREMENTS),
        ],
    )  # fmt: skip
    for step in steps:
        if run(step, environment, BUILD_LOG):
            lines = BUILD_LOG.read_text(errors="replace").splitlines()
            raise ServiceError(
                f"llama-cpp-python could not be built; {BUILD_LOG} says why, and ends with\n  "
                + "\n  ".join(lines[-_LAST_LINES:])
            )
    _mark().write_text(REQUIREMENTS.read_text())


def cmake_arguments(cpu_info: Path = _CPU_INFO) -> list[str]:
    """Options of the build: the processor's own instructions, and no part that reads images."""
    options = ["-DGGML_NATIVE=OFF", "-DLLAVA_BUILD=OFF"]
    if platform.machine() not in {"x86_64", "AMD64"} or not cpu_info.is_file():
        return options
    lines = cpu_info.read_text().splitlines()
    flags = next((line.split() for line in lines if line.startswith("flags")), [])
    return options + [
        f"-D{option}={'ON' if flag in flags else 'OFF'}" for option, flag in _INSTRUCTIONS.items()
    ]


def _run(command: list[str], environment: Mapping[str, str], log: Path) -> int:
    with log.open("ab") as output:
        return subprocess.run(  # noqa: S603 - the command is ours
            command,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            check=False,
        ).returncode


def _python() -> Path:
    return ENVIRONMENT / "bin" / "python"


def _mark() -> Path:
    """Written last, so that an interrupted build is not taken for a whole one."""
    return ENVIRONMENT / "built"
