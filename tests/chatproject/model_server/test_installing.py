"""The choice of the model's server at set-up."""

import pytest

from chatproject.model_server import compiled, installing, packaged

AMX = "llama-server ended with code -4 while starting (AMX is not ready to be used!); see /a/b.log"


@pytest.fixture
def builds(monkeypatch, tmp_path):
    monkeypatch.setattr(compiled, "ENVIRONMENT", tmp_path / "llm")
    monkeypatch.setattr(compiled, "missing", lambda: None)
    made: list[bool] = []
    monkeypatch.setattr(compiled, "build", lambda: made.append(True))
    return made


def test_the_packaged_server_is_kept_where_it_runs(monkeypatch, builds, capsys):
    monkeypatch.setattr(packaged, "why_it_does_not_run", lambda: None)
    assert installing.main() == 0
    assert builds == []
    assert capsys.readouterr() == ("", "")


def test_where_it_does_not_run_one_is_compiled_and_the_time_it_takes_is_told(
    monkeypatch, builds, capsys
):
    monkeypatch.setattr(packaged, "why_it_does_not_run", lambda: AMX)
    assert installing.main() == 0
    assert builds == [True]
    output, errors = capsys.readouterr()
    assert output.splitlines() == [
        "The packaged llama-server does not run on this machine: llama-server ended with code -4 "
        "while starting (AMX is not ready to be used!).",
        "Compiling llama-cpp-python's server instead, once: 8 minutes on two cores …",
        "Compiled in 0 minutes.",
    ]
    assert errors == ""


def test_without_a_compiler_it_says_in_a_sentence_what_is_missing(monkeypatch, builds, capsys):
    monkeypatch.setattr(packaged, "why_it_does_not_run", lambda: AMX)
    monkeypatch.setattr(compiled, "missing", lambda: "a C++ compiler")
    assert installing.main() == 1
    assert builds == []
    error = capsys.readouterr().err
    assert error.startswith("error: compiling one for this machine needs a C++ compiler; install")
    assert error.count("\n") == 1
    assert "LLM_BASE_URL" in error


def test_what_is_built_is_neither_tried_nor_built_again(monkeypatch, builds):
    compiled.ENVIRONMENT.mkdir()
    (compiled.ENVIRONMENT / "built").write_text(compiled.REQUIREMENTS.read_text())
    monkeypatch.setattr(packaged, "why_it_does_not_run", lambda: pytest.fail("it was tried"))
    assert installing.main() == 0
    assert builds == []
