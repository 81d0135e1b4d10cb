"""Which provider the settings name."""

import os
import subprocess
import sys

import pytest

from sessions_app import providers
from tests.model_server import ModelServer
from tests.providers.conftest import said


def test_without_an_address_there_is_none(settings):
    settings.LLM_BASE_URL = ""
    assert providers.configured() is None


def test_with_one_it_talks_to_that(settings, model: ModelServer):
    settings.LLM_BASE_URL, settings.LLM_API_KEY = model.base_url, ""
    settings.LLM_MODEL, settings.LLM_TIMEOUT_SECONDS = "gulf", 5
    provider = providers.configured()
    assert provider.complete([{"role": "user", "content": "Hello"}], max_tokens=9).text == (
        "They talked about the sea."
    )
    assert providers.configured() is provider
    provider.close()


@pytest.mark.parametrize(
    ("environment", "sentence"),
    [
        ({"LLM_BASE_URL": "localhost:8080"}, "LLM_BASE_URL must begin with http:// or https://"),
        ({"LLM_BASE_URL": "http://localhost:8080"}, "set LLM_MODEL"),
        ({"LLM_TIMEOUT_SECONDS": "0"}, "LLM_TIMEOUT_SECONDS must be between 1 and 3600"),
        ({"LLM_ANSWER_SECONDS": "soon"}, "LLM_ANSWER_SECONDS must be a whole number"),
        ({"LLM_API_KEY": "schlüssel"}, "LLM_API_KEY must hold printable ASCII characters only"),
        ({"CONTEXT_SUMMARY": "maybe"}, "CONTEXT_SUMMARY must be 1 or 0"),
    ],
)
def test_settings_that_make_no_sense_are_refused(environment, sentence, data_dir):
    ran = subprocess.run(
        [sys.executable, "-c", "import chatproject.settings"],
        env=os.environ | {"DATA_DIR": str(data_dir)} | environment,
        capture_output=True,
        encoding="utf-8",
        timeout=60,
    )
    assert sentence in ran.stderr


def test_without_an_address_the_demo_answers_people(settings):
    settings.LLM_BASE_URL = ""
    provider = providers.for_turns(count=len)
    assert provider.name == "demo"
    assert "no model is connected" in provider.complete([], max_tokens=1_000).text


def test_with_one_that_server_does(settings, model: ModelServer):
    settings.LLM_BASE_URL, settings.LLM_API_KEY = model.base_url, ""
    settings.LLM_MODEL = "gulf"
    provider = providers.for_turns(count=len)
    assert provider is providers.configured()
    assert (provider.name, "".join(said(provider.stream([])))) == ("gulf", model.text)
    provider.close()
