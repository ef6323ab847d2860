"""Writes the text of a synthetic review from the grammar in `synthetic_phrases.txt`.

A review has an opening, the plot, opinions on some aspects, asides and a verdict. The rating decides how often an
opinion agrees with it and how strong the words are: reviews are mixed, the more so the nearer the rating is to the
middle.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache, partial
from itertools import chain
from pathlib import Path
from typing import NamedTuple, TypeVar

import numpy as np

T = TypeVar("T")
Draw = Callable[[], float]

VARIANTS = 60  # ready phrases made of each template
NEUTRAL = ("open", "intro", "trouble", "company", "aim", "detail", "aside")
ASPECTS = ["acting", "support", "script", "direction", "music", "camera"]
ASPECTS += ["pacing", "ending", "people", "plot", "setting", "heart"]
# Share of opinions that agree with the rating, and share of phrases that are strong.
AGREE = {1: 0.85, 2: 0.80, 3: 0.73, 4: 0.66, 7: 0.66, 8: 0.73, 9: 0.80, 10: 0.85}
STRONG = {1: 0.80, 2: 0.55, 3: 0.30, 4: 0.12, 7: 0.12, 8: 0.30, 9: 0.55, 10: 0.80}
# Words aimed at: 5 % steps of a log-normal distribution, cut at both ends.
LENGTHS = (43, 60, 74, 86, 96, 106, 115, 124, 133, 142, 150, 160, 171, 184, 200, 218, 242, 270, 305, 335, 348)
# Words that a slot has on average beyond its first one.
SLOT_WORDS = {"role": 2, "incident": 6, "trouble": 5, "goal": 4, "side_role": 3, "title": 2, "other": 2}
SLOT_WORDS |= {"lead": 1, "second": 1, "director": 1, "place": 1}
# In these, {0} and {1} are clauses, {2} and {3} the same with a capital letter.
CONTRASTS = ["Although {0}, {1}.", "While {0}, {1}.", "Even if {0}, {1}."]
CONTRASTS += ["{2}, but {1}.", "{3}, even though {0}.", "{2}. All the same, {1}."]
AGREEMENTS = ["{2}, and {1}.", "{2}, and {1}.", "{2}; {1}."]
OPPOSITE = {"+": "-", "-": "+"}
BUT = ("However", "That said", "On the other hand", "Still")
TURNS = {"+": ("Fortunately", "On the plus side", "Then again", *BUT), "-": ("Unfortunately", "Sadly", *BUT)}
AND = ("Also", "On top of that", "Besides")
MORE = {"+": ("Even better", "Best of all", *AND), "-": ("Even worse", "Worst of all", *AND)}
SCORES = ("{}/10", "{} out of 10.", "My rating: {}/10.", "I give it {}/10.")

_BRACES = re.compile(r"\{([^{}]*)\}")
_PUNCTUATION = re.compile("[,:;!?]")
_CONTRACTIONS = [
    (re.compile(r"\b(is|was|did|does|do|could|would|has|have) not\b"), r"\1n't"),
    (re.compile(r"\bcannot\b"), "can't"),
    (re.compile(r"\bwill not\b"), "won't"),
    (re.compile(r"\bI am\b"), "I'm"),
    (re.compile(r"\b([Ii]t|[Tt]here|[Tt]hat) is (?=\w)"), r"\1's "),
    (re.compile(r"\b(I|you) have (?=[a-z]+(?:ed|en|rd|ver)\b)"), r"\1've "),
    (re.compile(r"\b([Yy]ou) will\b"), r"\1'll"),
]


def draws(seed: int, block: int, purpose: int) -> Draw:
    """An endless stream of numbers in [0, 1) for one block and purpose (0 titles, 1 reviews, 2 phrases).

    Made from the raw bits: NumPy promises those never to change, but not what its distributions make of them.
    """
    bits = np.random.PCG64(np.random.SeedSequence([seed, block, purpose]))

    def batches() -> Iterator[list[float]]:
        while True:
            raw = np.asarray(bits.random_raw(10_000), dtype=np.uint64)
            yield ((raw >> np.uint64(11)) * 2.0**-53).tolist()

    return partial(next, chain.from_iterable(batches()))


def pick(options: Sequence[T], draw: Draw) -> T:
    return options[int(draw() * len(options))]


@lru_cache(maxsize=1)
def rules() -> dict[str, list[str]]:
    """Rule name -> its alternatives, read from the phrase file."""
    found: dict[str, list[str]] = {}
    for line in (Path(__file__).parent / "synthetic_phrases.txt").read_text(encoding="utf-8").splitlines():
        if line.startswith("# "):
            alternatives = found.setdefault(line[2:], [])
        elif line and not line.startswith("##"):
            alternatives += [part.strip() for part in line.split("//")]
    return found


def expand(template: str, strength: str, draw: Draw) -> str:
    """Choose in all braces of a template, the inner ones first; its slots become `%(slot)s`.

    `strength` is "!" or "~": the list of words that a rule such as {@good} stands for.
    """

    def choose(match: re.Match[str]) -> str:
        inside: str = match[1]
        if inside.startswith("@"):
            return pick(rules().get(inside[1:]) or rules()[inside[1:] + strength], draw)
        return pick(inside.split("|"), draw)

    while "{" in template:
        template = _BRACES.sub(choose, template)
    template = re.sub(r" +(?=[ .,;:])", "", template.replace("%", "%%")).strip()
    template = re.sub(r"\b([Aa]) (?=[aeiouAEIOU])", r"\1n ", template)
    return re.sub(r"\[(\w+)\]", r"%(\1)s", template)


def _contracted(clause: str) -> str:
    for pattern, short in _CONTRACTIONS:
        clause = pattern.sub(short, clause)
    return clause


class Phrase(NamedTuple):
    """A ready phrase: as a clause, as a sentence, its number of words and the number of its template."""

    clause: str
    sentence: str
    words: int
    template: int

    @classmethod
    def of(cls, clause: str, template: int) -> Phrase:
        slots = re.findall(r"%\((\w+)\)s", clause)
        words = clause.count(" ") + 1 + sum(SLOT_WORDS.get(slot, 0) for slot in slots)
        end = "" if clause[-1] in ".!?" else "."
        return cls(clause, clause[0].upper() + clause[1:] + end, words, template)


Pools = dict[str, list[Phrase]]


@lru_cache(maxsize=8)
def _orders(genre: str) -> list[list[str]]:
    """Some orders in which a review can come to speak of its aspects."""
    draw = draws(0, 1, 2)
    orders = []
    for _ in range(1_000):
        aspects = [*ASPECTS, genre]
        orders.append([aspects.pop(int(draw() * len(aspects))) for _ in range(len(ASPECTS) + 1)])
    return orders


@lru_cache(maxsize=1)
def _pools() -> tuple[Pools, Pools]:
    """Rule and strength -> ready phrases, each template equally often: formal ones, and the same with contractions.

    Choosing among phrases made once, some 10,000 different ones, is what makes it fast.
    A name that ends in " half" holds those that can be half of a longer sentence.
    """
    formal: Pools = {}
    casual: Pools = {}
    draw, number = draws(0, 0, 2), 0
    for name, templates in rules().items():
        if not name.endswith(("+", "-")) and name not in NEUTRAL:
            continue
        for strength, other in (("!", "~"), ("~", "!")):
            voices: tuple[list[Phrase], list[Phrase]] = ([], [])
            for template in templates:
                number += 1
                if template.startswith(other):
                    continue
                clauses = [expand(template.lstrip(strength), strength, draw) for _ in range(VARIANTS)]
                # Equal phrases share one object: half the time to make them, and fewer to fetch from memory.
                plain = {clause: Phrase.of(clause, number) for clause in clauses}
                short = {clause: Phrase.of(_contracted(clause), number) for clause in plain}
                for voice, made in zip(voices, (plain, short), strict=True):
                    voice += [made[clause] for clause in clauses]
            for pools, voice in zip((formal, casual), voices, strict=True):
                pools[name + strength] = voice
                pools[name + strength + " half"] = [p for p in voice if not _PUNCTUATION.search(p.clause)]
    return formal, casual


class _Writer:
    """Writes the sentences of one review; keeps what a writer remembers: words, phrases and opinions so far."""

    def __init__(self, pools: Pools, rating: int, genre: str, draw: Draw) -> None:
        self.pools, self.rating, self.genre, self.draw = pools, rating, genre, draw
        self.sign = "+" if rating > 5 else "-"
        self.agree, self.strong = AGREE[rating], STRONG[rating]
        self.words, self.last = 0, ""
        self.used: set[int] = set()  # templates
        self.tones: dict[str, str] = {}  # aspect -> what was said of it
        self.aspects = list(pick(_orders(genre), draw))  # still to speak of

    def phrase(self, rule: str, kind: str = "") -> Phrase:
        """A phrase of the rule, strong or mild as the rating has it."""
        phrases = self.pools[rule + ("!" if self.draw() < self.strong else "~") + kind]
        chosen = phrases[int(self.draw() * len(phrases))]
        self.words += chosen.words
        return chosen

    def fresh(self, pool: str) -> Phrase | None:
        """A phrase of the pool from a template that this review has not used yet; None if the one drawn was used."""
        phrases = self.pools[pool]
        chosen = phrases[int(self.draw() * len(phrases))]
        if chosen.template in self.used:
            return None
        self.used.add(chosen.template)
        self.words += chosen.words
        return chosen

    def tone(self, bonus: float = 0.0) -> str:
        return self.sign if self.draw() < self.agree + bonus else OPPOSITE[self.sign]

    def opening(self) -> list[str]:
        x = self.draw()
        if x < 0.15:
            return []
        return [self.phrase("open" if x < 0.6 else "open" + self.tone(0.15)).sentence]

    def plot(self, target: int) -> list[str]:
        """What happens, in up to five sentences; longer reviews tell more of it."""
        if self.draw() < 0.2 or target < 60:
            return []
        told = ["intro~", "trouble~", pick(("company~", "aim~"), self.draw), "detail~", "detail~"]
        told = told[: 1 + min(4, int(self.draw() * target / 50))]
        return [phrase.sentence for rule in told if (phrase := self.fresh(rule))]

    def pair(self) -> str:
        """Two opinions in one sentence. Where they disagree, only their order says which one wins."""
        tone, against = self.tone(), self.draw() < 0.55
        first, second = self.aspects.pop(), self.aspects.pop()
        self.tones[first], self.tones[second] = OPPOSITE[tone] if against else tone, tone
        a = self.phrase(first + self.tones[first], " half")
        b = self.phrase(second + tone, " half")
        self.used |= {a.template, b.template}
        self.last = tone
        form = pick(CONTRASTS if against else AGREEMENTS, self.draw)
        return form.format(a.clause, b.clause, a.sentence[:-1], b.sentence[:-1])

    def opinion(self) -> str:
        """One or two sentences on an aspect, with a word such as "However" where the tone changes; empty if used up."""
        aspect = self.aspects.pop()
        tone = self.tones.setdefault(aspect, self.tone())
        pool = aspect + tone + ("!" if self.draw() < self.strong else "~")
        phrase = self.fresh(pool)
        if phrase is None:
            return ""
        text = phrase.sentence
        if self.last and tone != self.last and self.draw() < 0.5:
            text = f"{pick(TURNS[tone], self.draw)}, {phrase.clause}."
        elif tone == self.last and self.draw() < 0.1:
            text = f"{pick(MORE[tone], self.draw)}, {phrase.clause}."
        elif phrase.words < 10 and self.draw() < 0.1 * self.strong:
            text = text[:-1] + "!"
        self.last = tone
        more = self.fresh(pool) if self.draw() < 0.35 else None
        return f"{text} {more.sentence}" if more else text

    def body(self, target: int) -> list[str]:
        """Sentences until there are enough words; who goes on for long comes back to things with the same opinion."""
        sentences: list[str] = []
        asides, compared, rounds = 0, False, 1
        while self.words < target and rounds < 4:
            if len(self.aspects) < 2:
                rounds, self.aspects = rounds + 1, list(pick(_orders(self.genre), self.draw))
            x = self.draw()
            if x < 0.3 and rounds == 1:
                sentences.append(self.pair())
            elif x < 0.36 and not compared:
                compared = True
                sentences.append(self.phrase("compare" + self.tone()).sentence)
            elif x < 0.48 and asides < 3 and (phrase := self.fresh("aside~")):
                asides += 1
                sentences.append(phrase.sentence)
            elif text := self.opinion():
                sentences.append(text)
        return sentences

    def closing(self) -> list[str]:
        """A verdict, mostly, and sometimes a score such as 8/10."""
        sentences = []
        if self.draw() < 0.85:
            sentences.append(self.phrase("verdict" + self.tone(0.25)).sentence)
        if self.draw() < 0.09:
            stars = self.rating if self.draw() < 0.95 else 11 - self.rating
            sentences.append(pick(SCORES, self.draw).format(stars))
        return sentences


def paragraphs(rating: int, genre: str, draw: Draw) -> list[str]:
    """The paragraphs of a review, 40-400 words in all, with slots such as `%(hero)s` still open.

    `rating` is one of 1-4 and 7-10; `genre` one that the phrase file has opinions on.
    """
    step = draw() * (len(LENGTHS) - 1)
    low = int(step)
    target = LENGTHS[low] + int((step - low) * (LENGTHS[low + 1] - LENGTHS[low]))
    writer = _Writer(_pools()[draw() < 0.65], rating, genre, draw)
    start, end = writer.opening() + writer.plot(target), writer.closing()
    body = writer.body(target)
    cut = len(body) // 2 if len(body) > 7 else len(body)
    return [" ".join(part) for part in (start, body[:cut], body[cut:], end) if part]
