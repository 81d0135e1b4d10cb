"""A response as OpenAI writes it."""

from collections.abc import Mapping
from typing import Any

from sessions_app.domain.data import Message
from sessions_app.domain.errors import ProviderBusy, ProviderRefused, SessionError
from sessions_app.domain.items import items_of
from sessions_app.domain.turns import TurnState
from sessions_app.openai_api import wire as completions
from sessions_app.openai_api.requests import CONVERSATION_PREFIX
from sessions_app.services.responses import ResponseState

# What a response says of parameters that the request has left out.
DEFAULTS: Mapping[str, Any] = {
    "instructions": None,
    "max_output_tokens": None,
    "max_tool_calls": None,
    "metadata": {},
    "parallel_tool_calls": True,
    "prompt_cache_key": None,
    "prompt_cache_retention": None,
    "reasoning": {"effort": None, "summary": None},
    "safety_identifier": None,
    "service_tier": None,
    "store": True,
    "temperature": None,
    "text": {"format": {"type": "text"}},
    "tool_choice": "auto",
    "tools": [],
    "top_logprobs": 0,
    "top_p": None,
    "truncation": "auto",
    "user": None,
}
_INCOMPLETE = {
    "length": "max_output_tokens",
    "max_tokens": "max_output_tokens",
    "content_filter": "content_filter",
}


def response(state: ResponseState) -> dict[str, Any]:
    """A response as far as it is; `model` is the one asked for, until another has answered."""
    status, message, terms = status_of(state), state.message, state.terms
    ended = status in {"completed", "incomplete"}
    answered_by = message.generation.model if message and message.generation else ""
    return {
        **DEFAULTS,
        **terms.parameters,
        "id": str(state.name),
        "object": "response",
        "created_at": completions.seconds(state.begun_at),
        "status": status,
        "background": terms.background,
        "completed_at": _completed_at(state) if status == "completed" else None,
        "error": _error(state.error),
        "incomplete_details": _incomplete(message) if status == "incomplete" else None,
        "model": answered_by or terms.parameters.get("model", ""),
        "output": output(message, status),
        "previous_response_id": terms.previous,
        "conversation": _conversation(state),
        "usage": usage(message, state) if ended else None,
    }


def status_of(state: ResponseState) -> str:
    """How far a response is, in OpenAI's word."""
    if state.state is TurnState.RUNNING:
        return "queued" if state.is_queued and state.terms.background else "in_progress"
    if state.state is TurnState.DONE:
        return "incomplete" if _finish_reason(state.message) in _INCOMPLETE else "completed"
    return state.state.value


def output(message: Message | None, status: str) -> list[dict[str, Any]]:
    """The items of the reply; one that was not finished says so."""
    items = items_of(message) if message else []
    if status in {"incomplete", "cancelled"} and items:
        last = items[-1]
        items[-1] = {**last, "status": "incomplete"} if "status" in last else last
    return items


def usage(message: Message | None, state: ResponseState) -> dict[str, Any]:
    """The model server's counts, and where it gave none, this service's own."""
    counts = completions.usage(message, state.seen)
    prompt, completion = counts["prompt_tokens"], counts["completion_tokens"]
    sent = counts.get("prompt_tokens_details") or {}
    made = counts.get("completion_tokens_details") or {}
    return {
        "input_tokens": prompt,
        "input_tokens_details": {
            "cached_tokens": sent.get("cached_tokens") or 0,
            "cache_write_tokens": sent.get("cache_write_tokens") or 0,
        },
        "output_tokens": completion,
        "output_tokens_details": {"reasoning_tokens": made.get("reasoning_tokens") or 0},
        "total_tokens": prompt + completion,
    }


def _finish_reason(message: Message | None) -> str:
    return message.generation.finish_reason if message and message.generation else ""


def _incomplete(message: Message | None) -> dict[str, str]:
    return {"reason": _INCOMPLETE[_finish_reason(message)]}


def _completed_at(state: ResponseState) -> int:
    ended_at = state.message.timestamp if state.message else state.ended_at
    return completions.seconds(ended_at or state.begun_at)


def _conversation(state: ResponseState) -> dict[str, str] | None:
    if not state.terms.in_conversation:
        return None
    return {"id": f"{CONVERSATION_PREFIX}{state.name.session_id}"}


def _error(error: SessionError | None) -> dict[str, str] | None:
    if error is None:
        return None
    code = "server_error"
    if isinstance(error, ProviderBusy):
        code = "rate_limit_exceeded"
    elif isinstance(error, ProviderRefused) or error.code == "context_length_exceeded":
        code = "invalid_prompt"
    return {"code": code, "message": error.detail}
