"""`llama-cpp-python`'s server with what `llama-server` has and it lacks.

It runs as a script in the environment that `compiled` builds, where this project's packages are not
installed, and adds to the package's server, by its public hooks:

- a chat template and a grammar of ours, for weights that continue a transcript
- `usage` at the end of a stream
- a limit on the tokens of an answer whose request names none
- a 400 for messages that the template refuses or that do not fit, before a stream begins; the
  package's server would begin the stream and break it off
"""

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jinja2
import llama_cpp
import uvicorn
from fastapi import FastAPI, HTTPException, Request
from fastapi.responses import JSONResponse
from llama_cpp import llama_chat_format
from llama_cpp.server import app as package_app
from llama_cpp.server.settings import ModelSettings, ServerSettings

CHAT_FORMAT = "with-usage"
BAD_REQUEST = 400


class Prompts:
    """Writes messages as the prompt that the model continues; knows how many tokens it has."""

    def __init__(self, weights: str, template: str | None) -> None:
        """`template` replaces the one in the weights; raises ValueError where there is neither."""
        self._vocabulary = llama_cpp.Llama(weights, vocab_only=True, verbose=False)
        written = template or self._vocabulary.metadata.get("tokenizer.chat_template")
        if not written:
            raise ValueError(f"{weights} has no chat template; name weights of a chat model")
        end = self._vocabulary.token_eos()
        self.formatter = llama_chat_format.Jinja2ChatFormatter(
            # llama-server begins every prompt with the token that begins texts.
            template=f"{{{{ bos_token }}}}{written}" if template else written,
            eos_token=self._text_of(end),
            bos_token=self._text_of(self._vocabulary.token_bos()),
            stop_token_ids=[end],
        )

    def _text_of(self, token: int) -> str:
        return self._vocabulary.detokenize([token], special=True).decode() if token >= 0 else ""

    def tokens(self, messages: list[Any], **more: Any) -> int:
        """How many tokens the prompt has; raises what the template raises."""
        prompt = self.formatter(messages=messages, **more).prompt
        return len(self._vocabulary.tokenize(prompt.encode(), add_bos=False, special=True))


def with_usage(llama: Any, prompt_tokens: int, chunks: Iterator[Any]) -> Iterator[Any]:
    """The chunks of a stream, the last of them with the counts of tokens."""
    for chunk in chunks:
        ending = chunk["choices"][0]["finish_reason"]
        if ending:
            # The model has read all its tokens but the last, which at a "stop" is no text.
            completion = llama.n_tokens - prompt_tokens + (ending != "stop")
            chunk = chunk | {
                "usage": {
                    "prompt_tokens": prompt_tokens,
                    "completion_tokens": completion,
                    "total_tokens": prompt_tokens + completion,
                }
            }
        yield chunk


def register_chat_format(prompts: Prompts, grammar: str | None, tokens_per_answer: int) -> None:
    """Make `CHAT_FORMAT` known to the package."""
    answer_to = prompts.formatter.to_chat_handler()

    def handle(*, llama: Any, messages: list[Any], stream: bool = False, **more: Any) -> Any:
        if grammar and not more.get("grammar"):
            more["grammar"] = llama_cpp.LlamaGrammar.from_string(grammar, verbose=False)
        more["max_tokens"] = more.get("max_tokens") or tokens_per_answer
        answer = answer_to(llama=llama, messages=messages, stream=stream, **more)
        if not stream:
            return answer
        shown = {name: more.get(name) for name in ("tools", "tool_choice")}
        return with_usage(llama, prompts.tokens(messages, **shown), answer)

    llama_chat_format.register_chat_completion_handler(CHAT_FORMAT)(handle)


def refuse_early(app: FastAPI, prompts: Prompts, context_tokens: int) -> None:
    """Answer 400 for messages that cannot be sent to the model, in OpenAI's form."""

    async def check(request: Request) -> bool:
        if request.method == "POST" and request.url.path == "/v1/chat/completions":
            body = await request.json()
            try:
                tokens = prompts.tokens(
                    body.get("messages") or [],
                    tools=body.get("tools"),
                    tool_choice=body.get("tool_choice"),
                )
            except (ValueError, TypeError, jinja2.TemplateError) as error:
                raise HTTPException(BAD_REQUEST, f"chat template error: {error}") from error
            if tokens >= context_tokens:
                detail = f"{tokens} tokens exceed the context of {context_tokens} tokens"
                raise HTTPException(BAD_REQUEST, detail)
        return True

    async def say(_: Request, error: HTTPException) -> JSONResponse:
        body = {"message": error.detail, "type": "invalid_request_error", "param": "messages"}
        if "exceed the context" in str(error.detail):
            body["code"] = "context_length_exceeded"
        return JSONResponse({"error": body}, status_code=error.status_code)

    # Every route depends on it, and there is no key to check: it listens on loopback.
    app.dependency_overrides[package_app.authenticate] = check
    app.add_exception_handler(HTTPException, say)


def main() -> None:
    """Serve until the process is ended."""
    parser = argparse.ArgumentParser(description="Serve a model's weights over OpenAI's API")
    parser.add_argument("--model", required=True)
    parser.add_argument("--alias", required=True)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--context-tokens", type=int, required=True)
    parser.add_argument("--tokens-per-answer", type=int, required=True)
    parser.add_argument("--template", type=Path)
    parser.add_argument("--grammar")
    options = parser.parse_args()
    prompts = Prompts(options.model, options.template and options.template.read_text())
    register_chat_format(prompts, options.grammar, options.tokens_per_answer)
    app = package_app.create_app(
        # Without this, a second request ends the answer to the first.
        server_settings=ServerSettings(interrupt_requests=False),
        model_settings=[
            ModelSettings(
                model=options.model,
                model_alias=options.alias,
                chat_format=CHAT_FORMAT,
                n_ctx=options.context_tokens,
                # Otherwise it keeps a row of the vocabulary for each token: 8 GB.
                logits_all=False,
                # Locking it in memory is forbidden in most containers.
                use_mlock=False,
                verbose=False,
            )
        ],
    )
    refuse_early(app, prompts, options.context_tokens)
    uvicorn.run(app, host="127.0.0.1", port=options.port)


if __name__ == "__main__":
    main()
