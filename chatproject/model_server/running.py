"""Runs the model's server that was chosen at set-up, and points the service at it."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from django.conf import settings

from chatproject.model_server import compiled, packaged, weights
from chatproject.model_server.process import START_SECONDS, started
from chatproject.service_error import ServiceError

__all__ = ["START_SECONDS", "running"]


@contextmanager
def running(data_dir: Path) -> Iterator["subprocess.Popen[bytes]"]:
    """Run the model's server as long as the block, and point the service's settings at it.

    Raises:
        ServiceError: it cannot be had, or does not get so far that it answers.
    """
    if settings.LLM_BASE_URL:
        raise ServiceError("LLM_BASE_URL names a model's server already; unset it, or use `serve`")
    model = weights.model(data_dir)
    launch = compiled.launch if compiled.is_built() else packaged.launch
    with started(partial(launch, model), data_dir / "llama-server.log") as (process, port):
        _point_the_service_at(f"http://127.0.0.1:{port}/v1", model.weights.stem)
        yield process


def _point_the_service_at(base_url: str, model: str) -> None:
    """Workers read the environment; this process has read its settings already."""
    for name, value in {"LLM_BASE_URL": base_url, "LLM_MODEL": model}.items():
        os.environ[name] = value
        setattr(settings, name, value)
