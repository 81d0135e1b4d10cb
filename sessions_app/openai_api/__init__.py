"""The OpenAI wire, for unmodified OpenAI clients: /v1."""
