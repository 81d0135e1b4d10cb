"""TODO map."""

from sessions_app.services.privacy.erasing import Progress, erase_user, erasure_complete
from sessions_app.services.privacy.personal_data import export, is_known
from sessions_app.services.privacy.proof import document_count, erasure_prove

__all__ = [
    "Progress",
    "document_count",
    "erase_user",
    "erasure_complete",
    "erasure_prove",
    "export",
    "is_known",
]
