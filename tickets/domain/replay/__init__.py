"""Recorded alerts run through rules in memory, to see what the rules would have made of them. Pure."""

from tickets.domain.replay.compare import Comparison, compare, effect_sentence
from tickets.domain.replay.engine import replay
from tickets.domain.replay.facts import RecordedAlert, ReplaySite, RuleSet
from tickets.domain.replay.report import Report, summarise
from tickets.domain.replay.results import Replay

__all__ = [
    "Comparison",
    "RecordedAlert",
    "Replay",
    "ReplaySite",
    "Report",
    "RuleSet",
    "compare",
    "effect_sentence",
    "replay",
    "summarise",
]
