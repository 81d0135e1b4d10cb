"""`/session/import`: the export of another program, read in the background."""

from dataclasses import replace

from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import ViewSet

from sessions_app import clock
from sessions_app.api.description import imports as described
from sessions_app.api.wire import imports as wire
from sessions_app.domain.applications import Scope
from sessions_app.http.input import QueryView, user_id
from sessions_app.http.uploads import ExportParser, FormParser, UploadView, uploaded
from sessions_app.http.waiting import Takes, Waits, takes, waits
from sessions_app.services import imports


class ImportViewSet(ViewSet, UploadView, QueryView):
    """The caller's imports."""

    scopes = {"GET": Scope.SESSIONS_READ, "POST": Scope.SESSIONS_WRITE}
    queries = {"start": wire.ImportQuery}
    parser_classes = (FormParser, ExportParser)

    @waits(Waits.FOR_AN_UPLOAD)
    @takes(Takes.AN_EXPORT)
    @described.import_start
    def start(self, request: Request) -> Response:
        """Begin to import a file; the same file again is the same import."""
        now = clock.now()
        with uploaded(request) as upload:
            job = imports.import_start(
                user_id=user_id(request),
                upload=replace(upload, name=self.query.get("name") or upload.name),
                format_name=self.query["format"],
                forks=self.query["forks"] == "1",
                now=now,
            )
        return Response(wire.import_job(job, now=now), status=202)

    @described.import_show
    def retrieve(self, request: Request, import_id: str) -> Response:
        """How far an import is, and what came of it."""
        job = imports.import_get(import_id=import_id, user_id=user_id(request))
        return Response(wire.import_job(job, now=clock.now()))
