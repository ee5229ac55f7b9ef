"""What may be written on a request page, and what to say when it does not fit. Pure."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Final

#: Field -> (title on the page, most characters).
LONGEST: Final[Mapping[str, tuple[str, int]]] = {
    "subject": ("Subject", 200),
    "text": ("What happens", 5000),
    "name": ("Your name", 100),
    "email": ("E-mail", 254),
    "phone": ("Phone", 40),
}
_NONCE: Final = re.compile(r"[A-Za-z0-9_-]{16,64}")
_EMAIL: Final = re.compile(r"[^\s@<>,;]+@[^\s@<>,;]+\.[^\s@<>,;.]{2,}")
_PHONE: Final = re.compile(r"[0-9+()/.\-\s]*[0-9][0-9+()/.\-\s]*(?:(?:ext|x)\.?\s*[0-9]+)?", re.IGNORECASE)
_LINES: Final = ("text",)
#: Marks that reorder or hide text; nobody types them into a form.
_HIDDEN: Final = frozenset("\u200b\u200e\u200f\u2060\ufeff") | {
    chr(code) for code in (*range(0x202A, 0x202F), *range(0x2066, 0x206A))
}


@dataclass(frozen=True, slots=True)
class RequestForm:
    """A form that was sent.

    Attributes:
        values: field of `LONGEST` -> text without control characters and outer spaces.
        errors: field -> what is wrong and the cure, in the words of the page.
    """

    values: Mapping[str, str]
    errors: Mapping[str, str] = field(default_factory=dict)

    def key(self, device_uid: str, nonce: str) -> str:
        """Return what makes the same form sent twice one request; a corrected form is another one.

        Args:
            device_uid: whose page it is.
            nonce: of the page as it was shown.
        """
        parts = json.dumps([device_uid, nonce, sorted(self.values.items())], ensure_ascii=True)
        return sha256(parts.encode()).hexdigest()


def read_form(sent: Mapping[str, str]) -> RequestForm:
    """Return what was sent, cleaned, with what is wrong about it."""
    values = {name: _clean(sent.get(name, ""), keeps_lines=name in _LINES) for name in LONGEST}
    errors: dict[str, str] = {}
    for name, (title, longest) in LONGEST.items():
        if len(values[name]) > longest:
            errors[name] = (
                f"{title} has {len(values[name]):,} characters; at most {longest:,} fit. Shorten it."
            )
    if not values["subject"]:
        errors["subject"] = "Subject is empty. Say in a few words what it is about."
    if not values["text"]:
        errors["text"] = "What happens is empty. Say what you see, and since when."
    if not values["name"]:
        errors["name"] = "Your name is empty. Enter it, so that we know whom to ask for."
    if not values["email"] and not values["phone"]:
        errors["email"] = "E-mail and phone are empty. Enter one of them, so that we can reach you."
    # What is too long is not looked into: the patterns are meant for short texts.
    elif values["email"] and "email" not in errors and not _EMAIL.fullmatch(values["email"]):
        errors["email"] = "E-mail is not an address. Enter it like name@example.com."
    if values["phone"] and "phone" not in errors and not _PHONE.fullmatch(values["phone"]):
        errors["phone"] = "Phone is not a number. Enter digits, such as +44 20 7946 0123."
    return RequestForm(values, errors)


def read_nonce(text: str) -> str:
    """Return the mark of the page a form was sent from, empty when it is none of ours."""
    return text if _NONCE.fullmatch(text) else ""


def _clean(text: str, *, keeps_lines: bool) -> str:
    plain = unicodedata.normalize("NFC", text).replace("\r\n", "\n").replace("\r", "\n")
    kept = []
    for sign in plain:
        if sign in {"\n", "\t"}:
            kept.append(sign if keeps_lines else " ")
        elif unicodedata.category(sign) not in {"Cc", "Cs", "Co", "Cn"} and sign not in _HIDDEN:
            kept.append(sign)
    return "".join(kept).strip()
