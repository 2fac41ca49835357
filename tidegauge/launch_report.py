"""What is told of launches: a list of them, and for one what it came to."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

from streams.aggregates import LOG2_SKETCH_SIZE
from streams.folding import Folding
from streams.launches.asked import Asked, CannotAsk, ask
from streams.launches.effect import Effect
from streams.launches.launch import Launch
from streams.launches.shares import Share
from streams.launches.split import Part, Split, segments
from streams.panes import DAY, HOUR, MINUTE, SECOND
from tidegauge.grid import Grid, Paper

UNITS = ((DAY, "day"), (HOUR, "hour"), (MINUTE, "minute"))
VERDICTS = {"up": ("better", "worse"), "down": ("worse", "better"), "neutral": ("more", "less")}
"""What more and less than expected are called, by the direction that is good."""
NOTHING_SEEN = "no difference seen"
EXACT_PEOPLE = 1 << LOG2_SKETCH_SIZE


def listing(folding: Folding, launches: Sequence[Launch], instant: int) -> Paper:
    """Every launch, the latest first."""
    columns = ("launch", "began", "ended", "lasts", "metrics", "guardrails")
    rows = [
        (
            launch.name,
            _time(folding, launch.start),
            "goes on" if launch.end is None else _time(folding, launch.end),
            _lasting(launch, instant),
            _listed(launch.metrics),
            _listed(launch.guardrails),
        )
        for launch in reversed(launches)
    ]
    return Paper("Launches", _as_of(folding, instant), [Grid(columns, rows, texts=6)])


def report(
    folding: Folding,
    launch: Launch,
    instant: int,
    effects: Sequence[Effect],
    split: Split | None,
) -> Paper:
    """What a launch came to."""
    end = "goes on" if launch.end is None else f"ended {_time(folding, launch.end)}"
    about = f"Began {_time(folding, launch.start)}, {end} ({_lasting(launch, instant)}); "
    grids = [_effects(folding, effects)] if effects else []
    notes = list(_of_effects(folding, launch, effects))
    if split is not None:
        grids += [_parts(launch, goal, parts) for goal, parts in split.goals.items()]
    if launch.split:
        notes += _of_split(folding, launch, split)
    return Paper(launch.name, about + _as_of(folding, instant), grids, notes)


def _effects(folding: Folding, effects: Iterable[Effect]) -> Grid:
    columns = ("metric", "role", "says", "seen", "expected", "effect", "95% interval")
    rows = [
        (
            str(Asked(one.metric, one.labels)),
            one.role,
            _verdict(folding, one),
            _amount(folding, one, one.seen),
            _amount(folding, one, one.expected),
            f"{one.ratio:+.1%}",
            f"{one.lower:+.1%} to {one.upper:+.1%}",
        )
        for one in effects
    ]
    return Grid(columns, rows, "Against the same hours of past weeks", texts=3)


def _verdict(folding: Folding, effect: Effect) -> str:
    more, less = VERDICTS[folding.catalogue.metrics[effect.metric].direction]
    if effect.lower > 0:
        return more
    return less if effect.upper < 0 else NOTHING_SEEN


def _amount(folding: Folding, effect: Effect, value: float) -> str:
    is_ratio = folding.catalogue.metrics[effect.metric].kind == "ratio"
    return f"{value:.2%}" if is_ratio else f"{value:,.0f}"


def _of_effects(folding: Folding, launch: Launch, effects: Sequence[Effect]) -> Iterator[str]:
    """What is to be known of the comparison, and why something is missing in it."""
    if effects:
        yield (
            "The interval holds the effect about 95 times of 100. Where it leaves out 0, the "
            "difference is more than chance and the usual differences between weeks; what else "
            "happened at the time is in it too."
        )
    known = {(one.metric, one.labels) for one in effects}
    waiting = []
    for text in dict.fromkeys((*launch.metrics, *launch.guardrails)):
        try:
            asked = ask(folding.catalogue, text)
        except CannotAsk as error:
            yield f"Not compared: {error}"
            continue
        if tuple(asked) not in known:
            waiting.append(str(asked))
    if waiting:
        yield (
            f"Not compared: {', '.join(waiting)}. It takes a whole hour of the launch of which "
            "nothing was lost, and days from before it on which there was any."
        )
    if not launch.metrics and not launch.guardrails:
        yield "It asks about no metric: a mark, nothing more."


def _parts(launch: Launch, goal: str, parts: Sequence[Part]) -> Grid:
    first = parts[0].value
    columns = (launch.split, "people", "conversions", "converted", "share", f"more than {first}")
    rows = [
        (
            part.value,
            f"{part.people:,.0f}",
            f"{part.conversions:,.0f}",
            f"{part.converted:,.0f}",
            _share(part.share),
            _difference(part.difference),
        )
        for part in parts
    ]
    return Grid(columns, rows, f"By {launch.split}: {goal}, with 95% intervals")


def _share(found: Share | None) -> str:
    if found is None:
        return "-"
    return f"{found.value:.2%} ({found.lower:.2%} to {found.upper:.2%})"


def _difference(found: Share | None) -> str:
    if found is None:
        return "-"
    value, lower, upper = (f"{100 * one:+.2f}" for one in found)
    return f"{value} points ({lower} to {upper})"


def _of_split(folding: Folding, launch: Launch, split: Split | None) -> Iterator[str]:
    if launch.split not in segments(folding.catalogue):
        yield f"There is no segment {launch.split!r} any more to split it by."
    elif split is None:
        yield f"By {launch.split}: nothing; hours of it that are over are counted, if all is there."
    else:
        begin, end = _time(folding, split.begin), _time(folding, split.end)
        yield f"By {launch.split}: counted from {begin} to {end}, in whole hours."
        if split.begin >= launch.start + HOUR:
            yield (
                "That is not all of it: hours are kept for 35 days, and parts are counted from "
                "when they are configured on."
            )
        yield "Who was seen in several parts counts in each; events without a part in none."
        if any(part.people > EXACT_PEOPLE for parts in split.goals.values() for part in parts):
            yield (
                f"Beyond {EXACT_PEOPLE:,} people their number is an estimate, and a share is that "
                "of a sample of about as many."
            )


def _as_of(folding: Folding, instant: int) -> str:
    return f"as of {_time(folding, instant)} {folding.calendar.zone.key}"


def _time(folding: Folding, time: int) -> str:
    return f"{datetime.fromtimestamp(time / SECOND, folding.calendar.zone):%Y-%m-%d %H:%M}"


def _lasting(launch: Launch, instant: int) -> str:
    """How long it lasts, in its two largest units."""
    rest = max(0, (instant if launch.end is None else launch.end) - launch.start)
    words: list[str] = []
    for size, unit in UNITS:
        count, rest = divmod(rest, size)
        if count and len(words) < 2:  # noqa: PLR2004
            words.append(f"{count} {unit}{'' if count == 1 else 's'}")
    return " ".join(words) or "less than a minute"


def _listed(texts: Sequence[str]) -> str:
    return ", ".join(texts) or "-"
