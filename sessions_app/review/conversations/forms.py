"""The forms of the staff pages; their rules are in `services.review`."""

from typing import Any

from django import forms

from sessions_app.domain.errors import InvalidInput
from sessions_app.domain.limits import NOTE_MAX_CHARS, REASON_MAX_CHARS
from sessions_app.domain.review import REASONS, Act, Why
from sessions_app.services import review


class ReasonForm(forms.Form):
    """The reason for reading a conversation."""

    reason = forms.ChoiceField(
        label="Why do you need to read it?",
        choices=[(reason.value, label) for reason, label in REASONS.items()],
        widget=forms.RadioSelect,
        error_messages={"required": "Choose a reason."},
    )
    detail = forms.CharField(
        label="Details",
        help_text="For example a ticket number, or what was reported. The user does not see this.",
        required=False,
        max_length=REASON_MAX_CHARS,
        widget=forms.Textarea(attrs={"rows": 2, "cols": 60}),
    )
    why: Why

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if not self.errors:
            try:
                self.why = review.why(reason=cleaned["reason"], detail=cleaned["detail"])
            except InvalidInput as error:
                self.add_error(error.attr, error.detail)
        return cleaned


class ExportForm(ReasonForm):
    """The reason for an export, and its format."""

    form = forms.ChoiceField(
        label="Format",
        choices=[("json", "JSON"), ("markdown", "Markdown")],
        initial="json",
        widget=forms.RadioSelect,
    )
    unmasked = forms.BooleanField(
        label="Include e-mail addresses, phone and card numbers",
        required=False,
    )

    def __init__(self, *args: Any, may_unmask: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["reason"].label = "Why do you need this export?"
        if not may_unmask:
            del self.fields["unmasked"]


class TextForm(forms.Form):
    """The text of an action: a flag's reason, or a note."""

    text = forms.CharField(
        max_length=NOTE_MAX_CHARS,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3, "cols": 60}),
    )

    def __init__(self, *args: Any, act: Act, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._act = act
        self.fields["text"].widget.attrs["required"] = act in review.NEEDS_TEXT
        self.fields["text"].label = _LABELS.get(act, "Note (optional)")

    def clean_text(self) -> str:
        try:
            return review.text_checked(act=self._act, text=self.cleaned_data["text"])
        except InvalidInput as error:
            raise forms.ValidationError(error.detail) from error


_LABELS = {Act.FLAG: "Why does this need attention?", Act.NOTE: "Note"}
