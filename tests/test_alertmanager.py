"""Who is told of what: the routes, the inhibitions and the quiet hours that are shipped."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.alerting_servers import AlertmanagerServer
from tests.integration.pipeline import wait_for
from tests.prometheus_server import DEPLOY, RULES

FILE = DEPLOY / "alertmanager/alertmanager.yml"
TEXT = FILE.read_text()
SHIPPED: dict[str, Any] = yaml.safe_load(TEXT)
GROUPS = yaml.safe_load(RULES.read_text())["groups"]
ALERTS = {r["alert"]: r["labels"] for group in GROUPS for r in group["rules"] if "alert" in r}
RECEIVERS = {"critical": "page", "warning": "tickets", "info": "nobody"}


def routes(of: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """A route and all below it."""
    yield of
    for route in of.get("routes", ()):
        yield from routes(route)


def named(matchers: list[str]) -> set[str]:
    """The alerts that matchers speak of by name."""
    return {name for one in matchers for name in re.findall(r"Tidegauge\w+", one)}


def firing(name: str) -> dict[str, Any]:
    """An alert as Prometheus sends it."""
    labels = {"alertname": name, "job": "tidegauge-exporter", **ALERTS[name]}
    return {"labels": labels, "startsAt": datetime.now(UTC).isoformat()}


def is_accepted(amtool: str, file: Path) -> bool:
    return subprocess.run([amtool, "check-config", file], check=False).returncode == 0


@pytest.mark.alertmanager
def test_amtool_accepts_the_configuration(amtool: str) -> None:
    assert is_accepted(amtool, FILE)


@pytest.mark.alertmanager
@pytest.mark.parametrize("name", [*ALERTS, "SomethingElse"])
def test_an_alert_goes_where_its_severity_says(amtool: str, name: str) -> None:
    labels = ALERTS.get(name, {"severity": "info"})
    given = [f"{label}={value}" for label, value in {"alertname": name, **labels}.items()]
    command = [amtool, "config", "routes", "test", f"--config.file={FILE}", *given]
    found = subprocess.run(command, check=True, capture_output=True, text=True)
    assert found.stdout.split() == [RECEIVERS[labels["severity"]]]


def test_what_silences_pages_pages_itself() -> None:
    for rule in SHIPPED["inhibit_rules"]:
        inhibiting = named(rule["source_matchers"])
        assert inhibiting
        assert all(ALERTS[name]["severity"] == "critical" for name in inhibiting)
        assert named(rule["target_matchers"]) <= ALERTS.keys()
        assert rule["equal"] == ["job"], "another deployment is not silenced"


def test_no_page_waits_for_the_end_of_a_night_as_shipped() -> None:
    for route in routes(SHIPPED["route"]):
        assert not {"mute_time_intervals", "active_time_intervals"} & route.keys()


@pytest.mark.alertmanager
def test_quiet_hours_are_had_by_taking_a_mark_away(amtool: str, tmp_path: Path) -> None:
    quiet = re.sub("# (mute_time_intervals)", r"\1", TEXT)
    (muted,) = (r for r in routes(yaml.safe_load(quiet)["route"]) if "mute_time_intervals" in r)
    assert muted["mute_time_intervals"] == [SHIPPED["time_intervals"][0]["name"]]
    assert 'about="product"' in muted["matchers"], "the pipeline pages at night, too"
    file = tmp_path / "alertmanager.yml"
    file.write_text(quiet)
    assert is_accepted(amtool, file)


def test_an_address_that_is_not_given_yet_leads_nowhere() -> None:
    receivers = {receiver["name"]: receiver for receiver in SHIPPED["receivers"]}
    assert receivers.keys() == set(RECEIVERS.values())
    for name in ("page", "tickets"):
        (hook,) = receivers[name]["webhook_configs"]
        assert re.fullmatch(r"http://\w+\.invalid/", hook["url"])


@pytest.mark.alertmanager
def test_a_stale_pipeline_pages_and_the_product_does_not(alertmanager: AlertmanagerServer) -> None:
    alertmanager.post(
        *map(firing, ("TidegaugeStale", "TidegaugeChurnSpike", "TidegaugeDeclaredLoss"))
    )
    told = alertmanager.webhook.told
    wait_for("both pages", lambda: len(told) == 2, 60)
    assert {(one.receiver, one.name) for one in told} == {
        ("page", "TidegaugeStale"),
        ("page", "TidegaugeDeclaredLoss"),
    }
    assert alertmanager.states()["TidegaugeChurnSpike"] == "suppressed"


@pytest.mark.alertmanager
def test_a_spike_pages_and_two_goals_are_one_message(alertmanager: AlertmanagerServer) -> None:
    goals = [firing("TidegaugeConversionDrop") for _ in range(2)]
    for alert, goal in zip(goals, ("order", "signup"), strict=True):
        alert["labels"]["goal"] = goal
    alertmanager.post(firing("TidegaugeChurnSpike"), firing("TidegaugeWorkerDown"), *goals)
    told = alertmanager.webhook.told
    wait_for("three pages", lambda: len(told) == 3, 60)
    assert {one.receiver for one in told} == {"page"}
    assert {one.labels.get("goal") for one in told} == {None, "order", "signup"}
    assert len({one.message for one in told if one.name == "TidegaugeConversionDrop"}) == 1
