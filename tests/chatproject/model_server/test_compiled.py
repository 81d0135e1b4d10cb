"""The server that is compiled on this machine: what it needs, how it is built and started."""

from pathlib import Path

import pytest

from chatproject.model_server import compiled
from chatproject.model_server.launch import Model
from chatproject.service_error import ServiceError


@pytest.fixture(autouse=True)
def environment(monkeypatch, tmp_path):
    monkeypatch.setattr(compiled, "ENVIRONMENT", tmp_path / "llm")
    monkeypatch.setattr(compiled, "BUILD_LOG", tmp_path / "llm-build.log")
    for name in ("CC", "CXX"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path / "llm"


def cpu_info(path: Path, flags: str) -> Path:
    file = path / "cpuinfo"
    file.write_text(f"processor\t: 0\nflags\t\t: fpu {flags}\nbugs\t\t: avx2_bug\n")
    return file


@pytest.mark.parametrize(
    ("flags", "enabled"),
    [
        ("sse4_2 avx avx2 bmi2 fma f16c amx_tile avx512f",
         {"SSE42", "AVX", "AVX2", "BMI2", "FMA", "F16C"}),
        ("sse4_2 avx", {"SSE42", "AVX"}),
        ("", set()),
    ],
)  # fmt: skip
def test_it_is_compiled_for_the_instructions_that_the_processor_has(
    monkeypatch, tmp_path, flags, enabled
):
    monkeypatch.setattr("platform.machine", lambda: "x86_64")
    options = compiled.cmake_arguments(cpu_info(tmp_path, flags))
    assert "-DGGML_NATIVE=OFF" in options
    switched_on = {option[7:-3] for option in options if option.endswith("=ON")}
    assert switched_on == enabled
    assert not any("AMX" in option or "AVX512" in option for option in options)


@pytest.mark.parametrize("machine", ["aarch64", "arm64"])
def test_on_another_architecture_no_instructions_of_x86_are_named(monkeypatch, tmp_path, machine):
    monkeypatch.setattr("platform.machine", lambda: machine)
    options = compiled.cmake_arguments(cpu_info(tmp_path, "avx2"))
    assert options == ["-DGGML_NATIVE=OFF", "-DLLAVA_BUILD=OFF"]


@pytest.mark.parametrize(
    ("programs", "missing"),
    [
        (set(), "a C and a C++ compiler"),
        ({"gcc"}, "a C++ compiler"),
        ({"clang++"}, "a C compiler"),
        ({"cc", "c++"}, None),
        ({"clang", "g++"}, None),
    ],
)
def test_it_says_which_compiler_is_missing(monkeypatch, programs, missing):
    monkeypatch.setattr("shutil.which", lambda name: name if name in programs else None)
    assert compiled.missing() == missing


def test_a_compiler_that_the_environment_names_counts(monkeypatch):
    monkeypatch.setenv("CC", "my-cc")
    monkeypatch.setenv("CXX", "my-c++")
    monkeypatch.setattr("shutil.which", lambda name: name if name.startswith("my-") else None)
    assert compiled.missing() is None


def test_a_build_is_complete_when_its_packages_are_installed(environment):
    steps = []

    def run(command, variables, log):
        steps.append((command, variables["CMAKE_ARGS"]))
        environment.mkdir(exist_ok=True)
        assert not compiled.is_built()
        return 0

    compiled.build(run)
    assert compiled.is_built()
    assert [step[0][1:3] for step in steps] == [["-m", "venv"], ["-m", "pip"]]
    assert str(compiled.REQUIREMENTS) in steps[1][0]
    assert "--no-cache-dir" in steps[1][0]
    assert steps[1][1].startswith("-DGGML_NATIVE=OFF ")


def test_a_build_that_fails_tells_its_last_words_and_is_not_taken_for_one(environment):
    environment.mkdir()
    (environment / "built").write_text(compiled.REQUIREMENTS.read_text())
    assert compiled.is_built()

    def run(command, variables, log):
        log.write_text("much\n" * 99 + "fatal error: stdio.h: No such file or directory\n")
        return "pip" in command

    with pytest.raises(ServiceError) as caught:
        compiled.build(run)
    assert str(caught.value).endswith("fatal error: stdio.h: No such file or directory")
    assert str(compiled.BUILD_LOG) in str(caught.value)
    assert not compiled.is_built()


def test_a_template_and_a_grammar_replace_those_of_the_weights(environment):
    launch = compiled.launch(Model(Path("/w/tiny.gguf"), Path("/t.jinja"), "root ::= x"), 1234)
    command = " ".join(launch.command)
    assert command.startswith(f"{environment}/bin/python -P ")
    assert "--model /w/tiny.gguf --alias tiny --port 1234" in command
    assert command.endswith("--template /t.jinja --grammar root ::= x")


def test_other_weights_keep_their_own_template():
    launch = compiled.launch(Model(Path("/w/chat.gguf")), 1234)
    assert not {"--template", "--grammar"} & set(launch.command)


def test_an_environment_of_other_versions_is_built_again(environment):
    environment.mkdir()
    (environment / "built").write_text("llama-cpp-python[server]==0.0.1\n")
    assert not compiled.is_built()


def test_variables_that_the_package_would_take_for_settings_are_not_passed_on(monkeypatch):
    for name in ("CONFIG_FILE", "CACHE", "API_KEY", "SEED"):
        monkeypatch.setenv(name, "/etc/of-something-else")
    monkeypatch.setenv("DATA_DIR", "/srv/chat")
    environment = compiled.launch(Model(Path("/w/chat.gguf")), 1234).environment
    assert environment["DATA_DIR"] == "/srv/chat"
    assert not {"CONFIG_FILE", "CACHE", "API_KEY", "SEED"} & set(environment)
