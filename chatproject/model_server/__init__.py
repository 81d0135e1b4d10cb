"""The local model of `serve --with-model`: a model's server that starts and stops with the service.

It answers OpenAI's chat completions on loopback. Two servers can do it:

- `packaged`: llama.cpp's `llama-server` from a package, which asks for a recent processor
- `compiled`: `llama-cpp-python`'s server, compiled on this machine, where the other does not run

`installing` chooses at set-up, by starting the packaged one; `running` runs the chosen one.
`weights` come from a package too; `LLM_MODEL_FILE` names others. `compiled_app` is not imported:
it is what runs in the compiled server's own environment.
"""

from chatproject.model_server.running import START_SECONDS, running

__all__ = ["START_SECONDS", "running"]
