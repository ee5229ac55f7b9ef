"""Requests of end clients: what may be sent, who sent it, and the words on both ends. Pure."""

from tickets.domain.requests.form import LONGEST, RequestForm, read_form, read_nonce
from tickets.domain.requests.people import Match, Person, match_person
from tickets.domain.requests.words import KnownTrouble, describe_request, known_troubles, note_of_alerts

__all__ = [
    "LONGEST",
    "KnownTrouble",
    "Match",
    "Person",
    "RequestForm",
    "describe_request",
    "known_troubles",
    "match_person",
    "note_of_alerts",
    "read_form",
    "read_nonce",
]
