"""The form of a new replay."""

from __future__ import annotations

from typing import Any, Final

from django import forms
from unfold.widgets import (
    UnfoldAdminExpandableTextareaWidget,
    UnfoldAdminFileFieldWidget,
    UnfoldAdminRadioSelectWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextInputWidget,
)

from tickets.domain.yaml_lines import LONGEST_FILE, BadFile
from tickets.services.drafts import Draft
from tickets.services.rules_file import read_rules_file

_DAYS: Final = ((7, "7 days"), (14, "14 days"), (30, "30 days"), (90, "90 days"), (180, "180 days"))
_WHAT: Final = (
    ("today", "Today's rules, as they are"),
    ("file", "Today's rules beside a draft, written as YAML"),
)


class ReplayForm(forms.Form):
    """How far back, and which rules.

    Attributes:
        draft: what the file says, after the form is valid; None for today's rules alone.
    """

    days = forms.TypedChoiceField(
        label="How far back", choices=_DAYS, coerce=int, initial=30, widget=UnfoldAdminSelectWidget
    )
    title = forms.CharField(
        label="Name",
        max_length=200,
        required=False,
        widget=UnfoldAdminTextInputWidget,
        help_text="To find it again. May be left empty.",
    )
    what = forms.ChoiceField(
        label="Which rules", choices=_WHAT, initial="today", widget=UnfoldAdminRadioSelectWidget
    )
    text = forms.CharField(
        label="The draft",
        required=False,
        strip=False,
        max_length=LONGEST_FILE,
        widget=UnfoldAdminExpandableTextareaWidget(
            attrs={"rows": 12, "spellcheck": "false", "class": "bridge-code"}
        ),
        help_text="Only what differs from today's rules. Names are those on screen.",
    )
    upload = forms.FileField(
        label="or a file", required=False, widget=UnfoldAdminFileFieldWidget, help_text="YAML, UTF-8."
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.draft: Draft | None = None

    def clean(self) -> dict[str, Any]:
        """Read the draft; each mistake is told with its line and field."""
        cleaned: dict[str, Any] = super().clean() or {}
        if cleaned.get("what") != "file" or self.errors:
            return cleaned
        upload = cleaned.get("upload")
        field = "upload" if upload else "text"
        try:
            text = self._read(upload) if upload else cleaned.get("text", "")
            if not text.strip():
                self.add_error("text", "Write the draft here, or choose a file.")
                return cleaned
            self.draft = read_rules_file(text)
        except BadFile as error:
            for problem in error.problems:
                self.add_error(field, str(problem))
            return cleaned
        if not self.draft:
            self.add_error(field, "It changes nothing. Write what is to differ from today's rules.")
        return cleaned

    def _read(self, upload: Any) -> str:
        if upload.size > 4 * LONGEST_FILE:
            raise forms.ValidationError({"upload": "It is too long. Split it."})
        try:
            return str(upload.read().decode("utf-8-sig"))
        except UnicodeDecodeError:
            raise forms.ValidationError({"upload": "It is not UTF-8 text. Save it as UTF-8."}) from None
