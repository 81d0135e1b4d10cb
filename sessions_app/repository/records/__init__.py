"""TODO map."""

from sessions_app.repository.records import codec, decoding, importing, reading

__all__ = ["codec", "decoding", "importing", "reading"]
