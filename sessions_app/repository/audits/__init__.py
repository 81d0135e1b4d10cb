"""TODO map."""

from sessions_app.repository.audits import integrity, pages

__all__ = ["integrity", "pages"]
