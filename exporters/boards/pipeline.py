"""The board of the pipeline: whether the numbers can be trusted, and where they are stuck."""

from exporters.boards import frame, processes, trust
from exporters.boards.asking import EACH, Query, age, rate, series
from exporters.boards.board import HALF, QUARTER, THIRD, Board
from exporters.boards.panels import About, AnyPanel, lines, number, stacked, state
from exporters.boards.scale import BAD, GOOD, NO_SCALE, WATCH, Scale
from exporters.boards.texts import HELP
from exporters.boards.trust import BEHIND, COMPLETE
from streams.catalogue import Catalogue

CHECKPOINT_OLD = 300
"""Seconds, from which on there is an alert."""


def pipeline(catalogue: Catalogue) -> Board:
    """From the whole to the parts: numbers, partitions, records, losses, persons, processes."""
    board = Board(
        catalogue,
        frame.PIPELINE,
        "pipeline",
        "Can I trust the numbers now, and if not, where are they stuck?",
        [frame.several("instance", "Instance", 'label_values(up{job=~"$job"}, instance)')],
        job=frame.several("job", "Job", f"label_values({processes.THEIRS}, job)"),
    )
    board.since("now-6h")
    board.row("Can I trust the numbers now?")
    board.add(trust.up(), QUARTER, 4)
    board.add(trust.freshness(), QUARTER, 4)
    board.add(processes.up("exporter_last_scrape_seconds", "Exporters that answer"), QUARTER, 4)
    board.add(processes.up("worker_partitions", "Workers that answer"), QUARTER, 4)
    board.add(_windows(), HALF, 4)
    board.add(_lost_in_all(), HALF, 4)
    board.row("How far is each partition?")
    board.add(_gauge("lag_records", "{{partition}}"))
    board.add(_age("watermark_timestamp_seconds", "Age of the watermark"))
    board.add(_age("checkpoint_timestamp_seconds", "Age of the checkpoint", CHECKPOINT_OLD))
    board.add(_age("published_timestamp_seconds", "Since it was published", trust.STALE))
    board.row("What becomes of the records?")
    board.add(_outcomes("Records read a second"))
    board.add(_outcomes("Late, duplicate, bots, future", 'outcome!~"accepted|dead_letter"'))
    board.add(_counted("dead_letters", "reason"))
    board.add(_counted("skipped_values", "metric, reason"))
    board.add(_horizon())
    board.add(_overflow())
    board.row("Persons")
    board.add(_gauge("shard_lag_messages", "{{shard}}"), THIRD)
    board.add(_age("shard_told_timestamp_seconds", "Told up to", BEHIND, "shard"), THIRD)
    board.add(
        _age("shard_published_timestamp_seconds", "Since it was published", trust.STALE, "shard"),
        THIRD,
    )
    board.row("What is lost")
    for name, label in (
        ("lost_records", "partition"),
        ("lost_units", "partition"),
        ("lost_facts", "shard"),
    ):
        board.add(_gauge(name, f"{{{{{label}}}}}"), THIRD)
    processes.add_to(board)
    return board


def _gauge(name: str, legend: str) -> AnyPanel:
    return lines(About(_words(name), HELP[name]), Query(series(name), legend))


def _words(name: str) -> str:
    return name.replace("_", " ").capitalize()


def _age(name: str, title: str, bad: float | None = None, label: str = "partition") -> AnyPanel:
    scale = NO_SCALE if bad is None else Scale(GOOD, ((bad, BAD),))
    about = About(title, HELP[name], "s", scale)
    return lines(about, Query(age(name), f"{{{{{label}}}}}"))


def _windows() -> AnyPanel:
    about = About("Windows", HELP["window_complete"], "none")
    return state(about, COMPLETE, Query(series("window_complete"), "{{window}}"))


def _lost_in_all() -> AnyPanel:
    text = f"{HELP['lost_records']} {HELP['lost_units']} {HELP['lost_facts']}"
    asked = [
        Query(f"sum {EACH} ({series(name)})", _words(name))
        for name in ("lost_records", "lost_units", "lost_facts")
    ]
    return number(About("Lost in all", text, "short", Scale(GOOD, ((1, WATCH),))), *asked)


def _overflow() -> AnyPanel:
    asked = Query(f"sum by (job, metric) ({series('label_overflow')}) > 0", "{{metric}}")
    return lines(About("Windows of a metric with label overflow", HELP["label_overflow"]), asked)


def _outcomes(title: str, *which: str) -> AnyPanel:
    asked = Query(f"sum by (job, outcome) ({rate('records', *which)})", "{{outcome}}")
    return stacked(About(title, HELP["records"], "cps"), asked)


def _counted(name: str, labels: str) -> AnyPanel:
    legend = " ".join(f"{{{{{label}}}}}" for label in labels.split(", "))
    about = About(f"{_words(name)} a second", HELP[name], "cps")
    return lines(about, Query(f"sum by (job, {labels}) ({rate(name)})", legend))


def _horizon() -> AnyPanel:
    name = "deduplication_horizon_seconds"
    asked = Query(f"min {EACH} ({series(name)})", "shortest of all partitions")
    return lines(About("Deduplication horizon", HELP[name], "s"), asked)
