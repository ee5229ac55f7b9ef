"""Names of organizations and sites, made comparable.

People write one organization in many ways: "Müller & Söhne GmbH", "Mueller und Soehne", "MULLER AND SOHNE",
"Müller & Söhne - Berlin", "Berlin (Müller & Söhne)". Nothing here guesses; it only removes what carries no
meaning and says which part was looked at.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

#: Legal forms, as they read once dots are gone and single letters are joined. Dropped from the end of a name only.
LEGAL_FORMS = frozenset(
    """
    inc incorporated llc llp lp lllp pllc pc ltd limited plc corp corporation co company cic
    gmbh mbh ggmbh ag kg kgaa ohg gbr ug ev eg haftungsbeschrankt se
    bv nv vof cv bvba sprl srl sa sas sasu sarl eurl scs sca snc spa sapa sl slu slp sau lda ltda eireli
    ab hb as asa ans aps oy oyj ky ehf hf
    pty pte pvt private bhd sdn kk gk doo dd sro kft zrt nyrt spzoo spz oo ooo sia uab ou
    """.split()  # noqa: SIM905 - a list of ninety quoted words would fill two screens
)
#: Joins two legal forms, as in "GmbH & Co. KG"; never dropped on its own.
_JOINERS = frozenset({"and", "und", "et", "y", "e", "en"})
_ARTICLES = frozenset({"the"})
#: Letters that Unicode does not decompose.
_LETTERS = str.maketrans(
    {"ø": "o", "æ": "ae", "œ": "oe", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "\u0131": "i", "ħ": "h"}
)
_APOSTROPHES = re.compile("['`\u2019\u2018\u00b4]")
_NOT_WORD = re.compile(r"[^\w]+|_+", re.UNICODE)
#: A hyphen or slash separates only with blanks around it: "Coca-Cola" and "A/S" are one name.
_SEPARATORS = re.compile(
    "\\s+[-\u2010\u2011\u2013\u2014|/\\\\>\u00bb]+\\s+"  # hyphens and dashes of all lengths
    r"|\s*:\s+|\s+:\s*|\s+::\s+|(?<=\w):(?=\w)"
)
_BRACKETS = re.compile(r"^(?P<outside>.*?)\s*[(\[](?P<inside>[^()\[\]]+)[)\]]\s*(?P<after>.*)$")


@dataclass(frozen=True, slots=True)
class ComparableName:
    """One name in the forms that are compared.

    Attributes:
        text: as written, blanks tidied.
        plain: words in lower case without accents and punctuation.
        core: `plain` without legal form and leading article; equal to `plain` when nothing else would be left.
        dropped: the words of the legal form as written, such as "GmbH & Co. KG"; "" when there was none.
    """

    text: str
    plain: str
    core: str
    dropped: str


@dataclass(frozen=True, slots=True)
class NamePart:
    """A part of a site's name that may be the organization.

    Attributes:
        name: the part.
        place: where it stands, in words: "first part", "last part" or "part in brackets".
    """

    name: ComparableName
    place: str


@lru_cache(maxsize=16_384)
def normalise(text: str) -> ComparableName:
    """Return a name in its comparable forms. Idempotent: normalising `plain` or `core` changes nothing."""
    tidy = " ".join(text.split())
    words = _words(tidy)
    core = _without_legal_form(words)
    dropped_count = len(words) - len(core)
    while len(core) > 1 and core[0] in _ARTICLES:
        core = core[1:]
    return ComparableName(
        text=tidy, plain=" ".join(words), core=" ".join(core), dropped=_last_words(tidy, words, dropped_count)
    )


def split_name(text: str) -> list[NamePart]:
    """Return the parts of "Client - Site", "Client: Site" and "Site (Client)"; [] when a name has no parts.

    Only the first and the last part are offered: organizations do not stand in the middle.
    """
    tidy = " ".join(text.split())
    found: list[tuple[str, str]] = []
    brackets = _BRACKETS.match(tidy)
    rest = tidy
    if brackets:
        rest = f"{brackets['outside']} {brackets['after']}".strip()
        found.append((brackets["inside"], "part in brackets"))
        found.append((rest, "part before the brackets"))
    pieces = [piece for piece in _SEPARATORS.split(rest) if piece.strip()]
    if len(pieces) > 1:
        found.append((pieces[0], "first part"))
        found.append((pieces[-1], "last part"))
    seen: set[str] = set()
    parts: list[NamePart] = []
    for piece, place in found:
        name = normalise(piece)
        if name.core and name.core not in seen:
            seen.add(name.core)
            parts.append(NamePart(name=name, place=place))
    return parts


def _words(text: str) -> list[str]:
    # Casefold twice: decomposing may bring back characters that casefold changes (e.g. some ligatures).
    plain = unicodedata.normalize("NFKD", text.casefold()).translate(_LETTERS).casefold()
    plain = "".join(character for character in plain if not unicodedata.combining(character))
    plain = _APOSTROPHES.sub("", plain).replace("&", " and ").replace("+", " and ")
    return _join_initials([word for word in _NOT_WORD.split(plain) if word])


def _join_initials(words: list[str]) -> list[str]:
    """Join single letters that stand together: "b v" (from B.V.) becomes "bv"."""
    joined: list[str] = []
    run = ""
    for word in [*words, ""]:
        if len(word) == 1 and word.isalpha():
            run += word
            continue
        if run:
            joined.append(run)
            run = ""
        if word:
            joined.append(word)
    return joined


def _without_legal_form(words: list[str]) -> list[str]:
    end = len(words)
    while end > 1:
        if words[end - 1] in LEGAL_FORMS or (
            words[end - 1] in _JOINERS and end < len(words) and words[end - 2] in LEGAL_FORMS
        ):
            end -= 1
        else:
            break
    return words[:end]


def _last_words(text: str, words: list[str], count: int) -> str:
    """Return the written words at the end of `text` that became the last `count` of `words`."""
    if count <= 0:
        return ""
    written = text.split(" ")
    for start in range(len(written) - 1, -1, -1):
        if _words(" ".join(written[start:])) == words[-count:]:
            return " ".join(written[start:]).strip(" ,;-&")
    return " ".join(words[-count:])
