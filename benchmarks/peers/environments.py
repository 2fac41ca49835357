"""An environment for each peer, made when it is first needed and anew when its requirements change.

They stand in .venv-peers/, apart from tidegauge's own: peers want other versions of what it uses.
"""

import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
REQUIREMENTS = Path(__file__).with_name("requirements")
FOLDER = ROOT / ".venv-peers"
INSTALL = ("-m", "pip", "--disable-pip-version-check", "--no-input", "install", "--quiet")
KAFKA_STREAMS = Path(__file__).with_name("kafka_streams")
MAVEN = ("mvn", "-q", "-B", "package", "dependency:copy-dependencies")


class Unavailable(Exception):
    """A peer cannot be had on this machine; the message says why."""


def python_of(name: str) -> Path:
    """The Python of a peer's environment; Unavailable where it cannot be made."""
    requirements = REQUIREMENTS / f"{name}.txt"
    folder = FOLDER / name
    made_for, python = folder / requirements.name, folder / "bin" / "python"
    if not made_for.exists() or made_for.read_bytes() != requirements.read_bytes():
        shutil.rmtree(folder, ignore_errors=True)
        _run([sys.executable, "-m", "venv", str(folder)], f"no environment for {name}")
        _run(
            [str(python), *INSTALL, "--require-hashes", "-r", str(requirements)],
            f"{name} cannot be installed",
        )
        shutil.copy(requirements, made_for)  # last: from now on the folder is complete
    return python


def classpath_of_kafka_streams() -> str:
    """Where Java finds the program with Kafka Streams; Unavailable where it cannot be built."""
    target = FOLDER / "kafka_streams"
    made_for = target / "made-for"
    sources = sorted([KAFKA_STREAMS / "pom.xml", *KAFKA_STREAMS.rglob("*.java")])
    stamp = b"".join(source.read_bytes() for source in sources)
    if not made_for.exists() or made_for.read_bytes() != stamp:
        for program in ("java", "mvn"):
            if shutil.which(program) is None:
                raise Unavailable(f"{program} is not installed")
        shutil.rmtree(target, ignore_errors=True)
        command = [*MAVEN, "-f", str(KAFKA_STREAMS / "pom.xml"), f"-Dtarget={target}"]
        _run(command, "the program with Kafka Streams cannot be built")
        made_for.write_bytes(stamp)
    return f"{target}/*:{target}/dependency/*"


def _run(command: list[str], otherwise: str) -> None:
    done = subprocess.run(command, check=False, capture_output=True, text=True, cwd=ROOT)  # noqa: S603 - our own command
    if done.returncode:
        raise Unavailable(f"{otherwise}:\n{(done.stdout + done.stderr)[-2_000:]}")
