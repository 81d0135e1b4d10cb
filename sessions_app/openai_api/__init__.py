"""The OpenAI wire, for unmodified OpenAI clients: /v1.

`chat_completions`, `responses`, `conversations`, `files` and `model_names` are what it serves. Of a
request for a model call, `turn_headers`, `requests` and `parameters` read how it is to be carried
out, `naming` finds its session, and `messages` reads what is said, with `parts` for pictures and
files and `legacy` for calls of the older form. `wire` and `errors` write the answers, `schema`
describes them for OpenAPI.
"""
