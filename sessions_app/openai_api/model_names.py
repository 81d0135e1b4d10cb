"""`/v1/models`: the model that answers."""

from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from sessions_app.domain.applications import Scope
from sessions_app.http.applications import AsksFor
from sessions_app.openai_api import schema
from sessions_app.openai_api.errors import ModelNotFound
from sessions_app.openai_api.views import OpenAIView
from sessions_app.services.relay import model_name


def model(name: str) -> dict[str, Any]:
    """A model as OpenAI writes it. `created` is unknown, so it is 0."""
    return {"id": name, "object": "model", "created": 0, "owned_by": "chat-sessions"}


class ModelsView(OpenAIView):
    scopes = {"GET": Scope.TURNS}
    asks_for = AsksFor.ANYBODY

    @schema.models_list
    def get(self, request: Request) -> Response:
        """List the models; there is one."""
        return Response({"object": "list", "data": [model(model_name())]})


class ModelView(OpenAIView):
    scopes = {"GET": Scope.TURNS}
    asks_for = AsksFor.ANYBODY

    @schema.models_show
    def get(self, request: Request, model_id: str) -> Response:
        """Show a model by its name."""
        if model_id != model_name():
            raise ModelNotFound(attr="model")
        return Response(model(model_id))
