"""The routes of the OpenAI wire. A trailing slash is accepted everywhere and needed nowhere."""

from django.urls import URLPattern, re_path

from sessions_app.openai_api.chat_completions import ChatCompletionsView
from sessions_app.openai_api.model_names import ModelsView, ModelView

urlpatterns: list[URLPattern] = [
    re_path(r"^v1/chat/completions/?$", ChatCompletionsView.as_view()),
    re_path(r"^v1/models/?$", ModelsView.as_view()),
    # a model's name may have slashes in it
    re_path(r"^v1/models/(?P<model_id>.+?)/?$", ModelView.as_view()),
]
