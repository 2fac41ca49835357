"""The services of docker-compose.yml agree with each other; that they run is not shown here."""

from __future__ import annotations

import importlib
import re
import subprocess
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml

from streams import catalogue_file
from streams.notes import read_notes
from streams.wire import SEGMENT

ROOT = Path(__file__).parent.parent
DEPLOY = ROOT / "deploy"
BOARDS = sorted((DEPLOY / "grafana/dashboards").glob("*.json"))
PROVISIONING = DEPLOY / "grafana/provisioning"
PINNED = re.compile(r"[\w./-]+(:v?\d[\w.-]*|@sha256:[0-9a-f]{64})")


def read(path: Path) -> Any:
    return yaml.safe_load(path.read_text())


COMPOSE = read(ROOT / "docker-compose.yml")
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
PROMETHEUS = {
    job["job_name"]: job for job in read(DEPLOY / "prometheus/prometheus.yml")["scrape_configs"]
}


def environment(service: str) -> dict[str, Any]:
    found: dict[str, Any] = SERVICES[service].get("environment", {})
    return found


def mounts(service: str) -> dict[str, str]:
    """Path in the container -> file, folder or volume it comes from."""
    listed = [volume.split(":") for volume in SERVICES[service].get("volumes", [])]
    return {inside: outside for outside, inside, *_mode in listed}


def modes(service: str) -> list[str]:
    """How what is mounted may be used."""
    listed = [volume.split(":") for volume in SERVICES[service].get("volumes", [])]
    return [parts[2] if len(parts) > 2 else "rw" for parts in listed]


def test_every_service_of_the_main_job_is_there() -> None:
    needed = {"kafka", "redis", "topics", "worker", "exporter"}
    needed |= {"prometheus", "alertmanager", "grafana"}
    assert needed <= set(SERVICES)
    assert SERVICES["worker"]["deploy"]["replicas"] == 2


@pytest.mark.parametrize("service", SERVICES)
def test_an_image_is_pinned(service: str) -> None:
    assert PINNED.fullmatch(SERVICES[service]["image"])


def test_images_that_the_own_image_is_built_from_are_pinned() -> None:
    dockerfile = (DEPLOY / "Dockerfile").read_text()
    images = re.findall(r"^FROM (\S+)", dockerfile, re.MULTILINE)
    assert images
    assert all(PINNED.fullmatch(image) for image in images)


def test_the_own_image_does_not_run_as_root() -> None:
    user = re.findall(r"^USER (\S+)", (DEPLOY / "Dockerfile").read_text(), re.MULTILINE)
    assert user
    assert user[-1] not in {"root", "0"}


@pytest.mark.parametrize("service", ["topics", "worker", "exporter", "simulate"])
def test_the_own_services_write_nothing_and_have_no_rights(service: str) -> None:
    assert SERVICES[service]["read_only"] is True
    assert SERVICES[service]["cap_drop"] == ["ALL"]
    assert SERVICES[service]["security_opt"] == ["no-new-privileges:true"]
    assert "privileged" not in SERVICES[service]
    assert all(mode == "ro" for mode in modes(service))


def test_what_the_own_image_is_built_from_exists_and_is_not_ignored() -> None:
    dockerfile = (DEPLOY / "Dockerfile").read_text()
    allowed = (DEPLOY / "Dockerfile.dockerignore").read_text().split()
    for copied in re.findall(r"^COPY (?!--from)(.+) \S+$", dockerfile, re.MULTILINE):
        for source in copied.split():
            assert (ROOT / source).exists(), source
            assert f"!{source}" in allowed


def test_every_mounted_file_exists_and_every_volume_is_declared() -> None:
    for service in SERVICES:
        for outside in mounts(service).values():
            if outside.startswith("."):
                assert (ROOT / outside).exists(), outside
            else:
                assert outside in COMPOSE["volumes"]


def test_ports_are_published_to_this_host_only() -> None:
    for service in SERVICES.values():
        assert all(str(port).startswith("127.0.0.1:") for port in service.get("ports", []))


def test_services_wait_for_services_that_exist_and_say_when_they_are_healthy() -> None:
    for service in SERVICES.values():
        conditions = service.get("depends_on", {})
        assert set(conditions) <= set(SERVICES)
        for name in conditions:
            if isinstance(conditions, dict) and conditions[name]["condition"] == "service_healthy":
                assert "healthcheck" in SERVICES[name]


def test_tidegauge_connects_to_a_listener_that_kafka_advertises() -> None:
    advertised = environment("kafka")["KAFKA_ADVERTISED_LISTENERS"].split(",")
    bootstrap = {urlsplit(listener).netloc for listener in advertised}
    for service in ("topics", "worker", "exporter", "simulate"):
        assert environment(service)["TIDEGAUGE_KAFKA_BOOTSTRAP"] in bootstrap


def test_what_kafka_advertises_to_this_host_is_the_published_port() -> None:
    advertised = environment("kafka")["KAFKA_ADVERTISED_LISTENERS"]
    (port,) = SERVICES["kafka"]["ports"]
    address, inside = port.rsplit(":", 1)
    assert f"HOST://{address}" in advertised.split(",")
    assert f"HOST://0.0.0.0:{inside}" in environment("kafka")["KAFKA_LISTENERS"].split(",")


def test_kafka_keeps_its_data_in_a_volume() -> None:
    assert environment("kafka")["KAFKA_LOG_DIRS"] in mounts("kafka")


def test_tidegauge_connects_to_the_redis_that_is_there() -> None:
    for service in ("worker", "exporter"):
        url = urlsplit(environment(service)["TIDEGAUGE_REDIS_URL"])
        assert (url.scheme, url.hostname in SERVICES, url.port) == ("redis", True, 6379)


@pytest.mark.parametrize("service", ["worker", "exporter"])
def test_a_service_is_a_user_of_redis_whose_password_it_alone_shares_with_redis(
    service: str,
) -> None:
    users = (DEPLOY / "redis/users.acl").read_text()
    assert f"user {environment(service)['TIDEGAUGE_REDIS_USERNAME']} on #" in users
    file = Path(environment(service)["TIDEGAUGE_REDIS_PASSWORD_FILE"])
    volume = mounts(service)[str(file.parent)]
    sharing = {name for name in SERVICES if volume in mounts(name).values()}
    assert sharing == {service, "redis"}
    made, outside = mounts("redis"), SERVICES["redis"]["command"][-1]
    (folder,) = (inside for inside, where in made.items() if where == volume)
    assert f"users.sh /etc/tidegauge/users.acl {Path(folder).parent} /tmp/users.acl" in outside
    assert (Path(folder).name, file.name) == (service, "redis-password")


def test_prometheus_scrapes_the_ports_the_services_listen_on() -> None:
    bind = environment("exporter")["TIDEGAUGE_EXPORTER_BIND"]
    (static,) = PROMETHEUS["tidegauge-exporter"]["static_configs"]
    assert static["targets"] == [f"exporter:{bind.rpartition(':')[2]}"]
    (discovered,) = PROMETHEUS["tidegauge-worker"]["dns_sd_configs"]
    worker_bind = environment("worker")["TIDEGAUGE_WORKER_BIND"]
    assert (discovered["names"], f"0.0.0.0:{discovered['port']}") == (["worker"], worker_bind)


@pytest.mark.parametrize(("service", "name"), [("worker", "WORKER"), ("exporter", "EXPORTER")])
def test_a_health_check_asks_the_port_its_service_listens_on(service: str, name: str) -> None:
    port = environment(service)[f"TIDEGAUGE_{name}_BIND"].rpartition(":")[2]
    assert f"//127.0.0.1:{port}/healthz" in SERVICES[service]["healthcheck"]["test"][-1]
    exposed = [*SERVICES[service].get("ports", []), *SERVICES[service].get("expose", [])]
    assert [one.rpartition(":")[2] for one in exposed] == [port]


def test_the_exporter_reads_the_notes_that_are_mounted() -> None:
    inside = Path(environment("exporter")["TIDEGAUGE_EXPORTER_NOTES"])
    outside = ROOT / mounts("exporter")[str(inside.parent)] / inside.name
    assert read_notes(outside.read_text(), str(outside), load_metrics()) == []
    example = re.sub("^# ", "", outside.read_text().partition("\n#\n")[2], flags=re.MULTILINE)
    assert len(read_notes(example, "the example in it", load_metrics())) == 1


def load_metrics() -> list[str]:
    return list(catalogue_file.load(SEGMENT).metrics)


def test_prometheus_reads_the_mounted_configuration_and_keeps_90_days() -> None:
    command = dict(option.lstrip("-").split("=") for option in SERVICES["prometheus"]["command"])
    configuration = Path(command["config.file"])
    assert {str(configuration.parent), command["storage.tsdb.path"]} == set(mounts("prometheus"))
    folder = ROOT / mounts("prometheus")[str(configuration.parent)]
    assert set(read(folder / configuration.name)["rule_files"]) <= {
        p.name for p in folder.iterdir()
    }
    assert command["storage.tsdb.retention.time"] == "90d"


def test_prometheus_tells_the_alertmanager_that_is_there() -> None:
    (told,) = read(DEPLOY / "prometheus/prometheus.yml")["alerting"]["alertmanagers"]
    (static,) = told["static_configs"]
    (port,) = SERVICES["alertmanager"]["ports"]
    assert static["targets"] == [f"alertmanager:{port.rpartition(':')[2]}"]


def test_alertmanager_reads_the_mounted_configuration_and_keeps_what_it_knows() -> None:
    command = dict(option.lstrip("-").split("=") for option in SERVICES["alertmanager"]["command"])
    configuration = Path(command["config.file"])
    assert {str(configuration.parent), command["storage.path"]} == set(mounts("alertmanager"))
    folder = ROOT / mounts("alertmanager")[str(configuration.parent)]
    assert (folder / configuration.name).exists()


def test_grafana_asks_the_prometheus_that_is_there() -> None:
    (source,) = read(PROVISIONING / "datasources/prometheus.yml")["datasources"]
    url = urlsplit(source["url"])
    (port,) = SERVICES["prometheus"]["ports"]
    assert (url.hostname, str(url.port)) == ("prometheus", port.rpartition(":")[2])


def test_grafana_finds_its_boards_where_they_are_mounted() -> None:
    (provider,) = read(PROVISIONING / "dashboards/tidegauge.yml")["providers"]
    folder = provider["options"]["path"]
    assert (ROOT / mounts("grafana")[folder]).samefile(BOARDS[0].parent)
    home = Path(environment("grafana")["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"])
    assert home.parent == Path(folder)
    assert home.name in {board.name for board in BOARDS}


@pytest.mark.parametrize("service", SERVICES)
def test_every_setting_given_to_a_service_is_valid_and_its_door_may_be_reached(
    service: str, tmp_path: Path
) -> None:
    sources = importlib.import_module("tidegauge.settings_sources")
    given = {name: value for name, value in environment(service).items() if "TIDEGAUGE" in name}
    assert set(given) <= sources.ENVIRONMENT_NAMES
    secret = tmp_path / "secret"
    secret.write_text("made at the first start")
    given |= {name: secret for name in given if name.endswith("_PASSWORD_FILE")}
    settings = sources.load_settings(None, given)
    assert list(importlib.import_module("tidegauge.doors").door_problems(settings)) == []


@pytest.mark.prometheus
def test_promtool_accepts_the_configuration(promtool: str) -> None:
    subprocess.run(
        [promtool, "check", "config", DEPLOY / "prometheus/prometheus.yml"],
        check=True,
        capture_output=True,
    )
