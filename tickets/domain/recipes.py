"""What people set up in Autotask's own screens, because its API offers no door: texts with a database's own names. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

#: What the callout and its rule are called, in both recipes alike.
CALLOUT_NAME: Final = "RMM Bridge"
#: Occurrences from which an example raises the priority.
NOISY: Final = 10
#: Fields that each of our tickets has a value in, the surest first.
_ALWAYS_FILLED: Final = ("RMM Alert Link", "RMM Monitor", "RMM Priority")


@dataclass(frozen=True, slots=True)
class Names:
    """What things are called in this database.

    Attributes:
        queues: that alert tickets are made in.
        done: statuses that count as completed.
        priorities: of tickets, the most urgent one that alerts get first.
        udfs: standard name -> name in Autotask, of active ticket UDFs that tickets are created with.
        callout_url: our address; it holds a secret. Empty for people who may not see it.
        reachable: the address begins with https, as Autotask demands.
    """

    queues: Sequence[str]
    done: Sequence[str]
    priorities: Sequence[str]
    udfs: Mapping[str, str]
    callout_url: str
    reachable: bool


@dataclass(frozen=True, slots=True)
class Copy:
    """A text to paste."""

    label: str
    text: str
    is_missing: bool = False


@dataclass(frozen=True, slots=True)
class Recipe:
    """One thing to set up.

    Attributes:
        slug: names it in the page.
        where: the way through Autotask's menu.
        steps: what to do, in order.
        copies: what to paste, beside the whole recipe.
        warnings: what keeps it from working as things stand.
    """

    slug: str
    title: str
    purpose: str
    where: str
    steps: tuple[str, ...]
    copies: tuple[Copy, ...] = ()
    warnings: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """The whole recipe as plain text, for a ticket or a handbook; the pasted texts, which may be secret, are left out."""
        steps = [f"{number}. {step}" for number, step in enumerate(self.steps, start=1)]
        return "\n".join([self.title, self.purpose, f"Where: {self.where}", *steps])


def build_recipes(names: Names) -> list[Recipe]:
    """Return the recipes, in the order in which they are set up."""
    recipes = [_callout(names), _resolving_rule(names)]
    if "RMM Occurrences" in names.udfs:
        recipes.append(_noisy_rule(names))
    if "RMM Monitor Type" in names.udfs:
        recipes.append(_routing_rule(names))
    recipes.append(_old_rules(names))
    return recipes


def _callout(names: Names) -> Recipe:
    udf = next((names.udfs[one] for one in _ALWAYS_FILLED if one in names.udfs), "")
    warnings = []
    if not names.reachable:
        warnings.append(
            "Autotask calls only addresses that begin with https:// and have a valid certificate. "
            "Set PUBLIC_URL to such an address first."
        )
    return Recipe(
        "callout",
        "Extension callout: tell RMM Bridge about a ticket",
        "Lets Autotask tell RMM Bridge at once when a ticket changes. Not needed where the Autotask webhook is registered; "
        "without either, tickets are polled.",
        "Admin > Extensions & Integrations > Other Extensions & Tools > Extension Callout (Tickets)",
        (
            f"Press New. Name: {CALLOUT_NAME}. Tick Active.",
            "URL: the address below.",
            "Username and Password: leave them empty; the address itself holds the secret.",
            f"Ticket user-defined field: {udf}. So only tickets that RMM Bridge made are told."
            if udf
            else "Ticket user-defined field: leave it empty. RMM Bridge passes by tickets it did not make.",
            "HTTP transport method: POST. Data format: Name Value Pair.",
            "Notification resources: failures only, and the people who look after RMM Bridge.",
            "Save, then make the workflow rule that runs it: the next recipe.",
        ),
        (
            Copy("Name", CALLOUT_NAME),
            Copy("URL", names.callout_url)
            if names.callout_url
            else Copy("URL", "Ask somebody who may change the connection: the address holds a secret.", is_missing=True),
        ),
        tuple(warnings),
    )  # fmt: skip


def _resolving_rule(names: Names) -> Recipe:
    return Recipe(
        "resolve",
        "Workflow rule: a completed ticket resolves its alert",
        "Runs the callout when somebody completes an alert ticket. RMM Bridge then resolves its alerts in Datto RMM.",
        _RULES,
        (
            f"Press New. Name: {CALLOUT_NAME}: completed. Tick Active.",
            "Event: Edited by anyone.",
            *_conditions(names, ("Status", names.done)),
            f"Action: Then Execute Extension Callout: {CALLOUT_NAME}.",
            "Save. Rules fire within about five minutes and only for changes after they were saved.",
        ),
        (Copy("Name", f"{CALLOUT_NAME}: completed"),),
    )


def _noisy_rule(names: Names) -> Recipe:
    udf = names.udfs["RMM Occurrences"]
    priority = names.priorities[0] if names.priorities else "a higher one"
    return Recipe(
        "noisy",
        "Workflow rule: raise the priority of trouble that keeps coming",
        f"{udf} counts the alerts a ticket has stood for; it follows when notes about more alerts are written.",
        _RULES,
        (
            f"Press New. Name: {CALLOUT_NAME}: keeps coming. Tick Active.",
            "Event: Edited by anyone.",
            *_conditions(names),
            *([f"Condition: Status is not in list: {', '.join(names.done)}."] if names.done else []),
            f"Condition: {udf} is greater than {NOISY}.",
            f"Update: Priority = {priority}.",
            "Save.",
        ),
        (Copy("Name", f"{CALLOUT_NAME}: keeps coming"),),
        (
            "RMM Bridge can do the same without a rule: see escalation in the ticket defaults. Use one of the two.",
        ),
    )


def _routing_rule(names: Names) -> Recipe:
    udf = names.udfs["RMM Monitor Type"]
    return Recipe(
        "route",
        "Workflow rule: route by kind of monitor",
        f"{udf} says what kind of monitor raised the alert, in the words of the ticket defaults.",
        _RULES,
        (
            f"Press New. Name: {CALLOUT_NAME}: route. Tick Active.",
            "Event: Created by anyone.",
            *_conditions(names),
            f"Condition: {udf} equals: such as Disk Usage, as RMM Bridge's list of ticket defaults spells it.",
            "Update: what these tickets shall have, such as another queue or a resource with its role.",
            "Save. Conditions are joined by and; another kind of monitor needs another rule, or an in-list condition.",
        ),
        (Copy("Name", f"{CALLOUT_NAME}: route"),),
        ("A queue for a kind of monitor can be set in the ticket defaults too, without a rule.",),
    )


def _old_rules(names: Names) -> Recipe:
    instead = ", ".join(names.udfs.values()) or "the standard set of ticket UDFs"
    return Recipe(
        "old",
        "Rules that stop firing without Datto's own integration",
        "Conditions on fields whose names end in (RMM) hold only while Datto's own integration is on. Rules with such a "
        "condition never fire otherwise, and nothing says so.",
        _RULES,
        (
            "Search the rules for (RMM), and open each that is active.",
            f"Replace its conditions by the ticket UDFs that RMM Bridge fills: {instead}.",
            "Make the old rule inactive once the new one has fired.",
        ),
        (Copy("What to search for", "(RMM)"),),
    )


_RULES: Final = "Admin > Automation > Workflow Rules, for tickets"


def _conditions(names: Names, *more: tuple[str, Sequence[str]]) -> list[str]:
    """Return conditions by list, which is Autotask's only or; one without names is left out."""
    asked = [*more, ("Queue", names.queues)]
    return [
        f"Condition: {field} {'equals' if len(values) == 1 else 'is in list'}: {', '.join(values)}."
        for field, values in asked
        if values
    ]
