"""Privacy: a user's data, exported, erased, and the proof that nothing is left.

`personal_data` lists everything that is stored about a user, as records. `erasing` destroys it and
keeps a receipt; `proof` searches every collection for traces.
"""

from sessions_app.services.privacy.erasing import erase_user, erasure_complete
from sessions_app.services.privacy.personal_data import export, is_known, staff_reads
from sessions_app.services.privacy.proof import document_count, erasure_prove
from sessions_app.services.progress import Progress

__all__ = [
    "Progress",
    "document_count",
    "erase_user",
    "erasure_complete",
    "erasure_prove",
    "export",
    "is_known",
    "staff_reads",
]
