"""What each process tells of itself: these series are asked for with their `instance`."""

from exporters.boards.asking import Query, own, own_rate
from exporters.boards.board import THIRD, Board
from exporters.boards.panels import About, AnyPanel, lines, number
from exporters.boards.scale import BAD, GOOD, Scale
from streams.catalogue import PREFIX

THEIRS = f'{{__name__=~"{PREFIX}up|{PREFIX}worker_partitions"}}'
"""A series of every exporter and of every worker."""
ONE = "{{instance}}"
LATELY = "1h:1m"
OF_WORKERS = (
    ("partitions", "Partitions", "Partitions the worker owns.", "short"),
    ("shards", "Shards of persons", "Shards of persons the worker keeps.", "short"),
    ("recovery_seconds", "Recovery", "How long the last recovery took; 0 before the first.", "s"),
)
COUNTED = (
    ("worker_rebalances", "Rebalances a second", "Times partitions were assigned anew."),
    ("worker_checkpoints", "Checkpoints a second", "Checkpoints the worker has written."),
    ("redis_errors", "Redis errors of workers", "Calls to Redis that failed or took too long."),
    ("exporter_redis_errors", "Redis errors of exporters", "Reads that failed or took too long."),
    ("worker_dead_letters", "Dead letters sent a second", "Records sent to the dead letters."),
    ("worker_repaired_units", "Units built anew a second", "State built anew from the source."),
)


def up(name: str, title: str) -> AnyPanel:
    """How many processes with a series of that name answer Prometheus, and of how many."""
    answering = f"count({own('up')} == 1 and on (job, instance) {own(PREFIX + name)})"
    text = (
        "Processes that Prometheus reached at its last scrape, and the most that it reached at a "
        "time within the last hour. One that is dead may be on no list any more."
    )
    return number(
        About(title, text, "short", Scale(BAD, ((1, GOOD),))),
        Query(f"{answering} or vector(0)", "now"),
        Query(f"max_over_time(({answering})[{LATELY}]) or vector(0)", "of, within the hour"),
    )


def add_to(board: Board) -> None:
    """The rows of processes; `instance` chooses some."""
    board.row("Workers and exporters: $instance")
    board.add(_each("Answers", "1 while Prometheus reaches the process.", own("up"), "none"))
    board.add(
        _each("Memory", "What the process holds.", own("process_resident_memory_bytes"), "bytes")
    )
    for name, title, text, unit in OF_WORKERS:
        board.add(_each(title, text, own(f"{PREFIX}worker_{name}"), unit), THIRD)
    for name, title, text in COUNTED:
        board.add(_each(title, text, own_rate(f"{PREFIX}{name}_total"), "cps"), THIRD)
    publications = own_rate(f"{PREFIX}publications_total")
    board.add(
        lines(
            About("Publications a second", "Attempts of a worker to publish to Redis.", "cps"),
            Query(f"sum by (job, result) ({publications})", "{{result}}"),
        )
    )
    board.add(_refused())
    scrape = own(f"{PREFIX}exporter_last_scrape_seconds")
    board.add(_each("Scrapes", "How long the exporter took for the one before.", scrape, "s"))


def _each(title: str, text: str, expr: str, unit: str) -> AnyPanel:
    return lines(About(title, text, unit), Query(expr, ONE))


def _refused() -> AnyPanel:
    about = About("Refused requests a second", "What the doors of both refused, by reason.", "cps")
    asked = (own_rate(f"{PREFIX}{who}_refused_requests_total") for who in ("exporter", "worker"))
    return lines(
        about, *(Query(f"sum by (job, reason) ({rate})", "{{job}} {{reason}}") for rate in asked)
    )
