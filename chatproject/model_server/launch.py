"""How a model's server is started, whichever it is."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

# A window of the default 4,000 tokens, which another tokenizer may count as more, and the answer.
TOKENS_PER_ANSWER = 512
CONTEXT_TOKENS = 8_192


@dataclass(frozen=True, slots=True)
class Model:
    """Weights to serve, with what replaces their own chat template and bounds their answers."""

    weights: Path
    template: Path | None = None
    grammar: str | None = None


@dataclass(frozen=True, slots=True)
class Launch:
    """A command, its environment, and the path that answers 200 once the weights are loaded."""

    command: tuple[str, ...]
    environment: Mapping[str, str]
    ready_path: str
