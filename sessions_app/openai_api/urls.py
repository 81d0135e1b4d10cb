"""Routes of the OpenAI wire. Trailing slashes are optional."""

from django.urls import URLPattern, re_path

from sessions_app.openai_api.chat_completions import ChatCompletionsView
from sessions_app.openai_api.conversations.views import (
    ConversationsView,
    ConversationView,
    ItemsView,
    ItemView,
)
from sessions_app.openai_api.files.views import FileContentView, FilesView, FileView
from sessions_app.openai_api.model_names import ModelsView, ModelView
from sessions_app.openai_api.responses.views import (
    CancelView,
    InputItemsView,
    ResponsesView,
    ResponseView,
)

urlpatterns: list[URLPattern] = [
    re_path(r"^v1/chat/completions/?$", ChatCompletionsView.as_view()),
    re_path(r"^v1/conversations/?$", ConversationsView.as_view()),
    re_path(r"^v1/conversations/(?P<conversation_id>[^/]+)/?$", ConversationView.as_view()),
    re_path(r"^v1/conversations/(?P<conversation_id>[^/]+)/items/?$", ItemsView.as_view()),
    re_path(
        r"^v1/conversations/(?P<conversation_id>[^/]+)/items/(?P<item_id>[^/]+)/?$",
        ItemView.as_view(),
    ),
    re_path(r"^v1/responses/?$", ResponsesView.as_view()),
    re_path(r"^v1/responses/(?P<response_id>[^/]+)/?$", ResponseView.as_view()),
    re_path(r"^v1/responses/(?P<response_id>[^/]+)/cancel/?$", CancelView.as_view()),
    re_path(r"^v1/responses/(?P<response_id>[^/]+)/input_items/?$", InputItemsView.as_view()),
    re_path(r"^v1/files/?$", FilesView.as_view()),
    re_path(r"^v1/files/(?P<file_id>[^/]+)/?$", FileView.as_view()),
    re_path(r"^v1/files/(?P<file_id>[^/]+)/content/?$", FileContentView.as_view()),
    re_path(r"^v1/models/?$", ModelsView.as_view()),
    # a model's name may contain slashes
    re_path(r"^v1/models/(?P<model_id>.+?)/?$", ModelView.as_view()),
]
