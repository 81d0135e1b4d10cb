"""Work behind turns: topics, the search index, titles by a model, summaries.

A turn asks for it in MongoDB; any process that serves, of any instance, claims a piece by a lease
and does it. `work` knows what each piece is, `sharing` claims them on threads of this process. What
no process does is done when a request needs it, or by the jobs.
"""

from sessions_app.services.deferred.sharing import Deferred, Runner, deferred
from sessions_app.services.deferred.work import do

__all__ = ["Deferred", "Runner", "deferred", "do"]
