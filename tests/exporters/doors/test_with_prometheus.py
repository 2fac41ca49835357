"""A real Prometheus scrapes through TLS, a client certificate and a password."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.exporters.doors.made_up import CLIENTS, Folder, hashed, serving, write
from tests.integration.pipeline import wait_for
from tests.prometheus_server import Prometheus, static

pytestmark = pytest.mark.prometheus


def test_prometheus_scrapes_with_its_own_settings_and_not_without(
    promtool: str, tmp_path: Path
) -> None:
    assert promtool
    folder = Folder(tmp_path)
    folder.authority.cert_pem.write_to_path(tmp_path / "ca.crt")
    write(folder.clients.issue_cert("prometheus.internal"), tmp_path / "client")
    login = {"username": "prometheus", "password": "right"}
    certificate = {"cert_file": f"{tmp_path}/client.crt", "key_file": f"{tmp_path}/client.key"}
    authority = {"ca_file": f"{tmp_path}/ca.crt"}
    jobs = {
        "right": {"basic_auth": login, "tls_config": authority | certificate},
        "wrong password": {
            "basic_auth": login | {"password": "wrong"},
            "tls_config": authority | certificate,
        },
        "no certificate": {"basic_auth": login, "tls_config": authority},
    }
    protection = folder.web_config(
        f"{CLIENTS}  client_allowed_sans: [prometheus.internal]\n"
        f"basic_auth_users: {{prometheus: {hashed('right')}}}\n"
    )
    with serving(protection) as server:
        target = static(f"127.0.0.1:{server.port}")
        scraped = [
            {"job_name": name, "scheme": "https", "scrape_interval": "1s"}
            | {"scrape_timeout": "1s", **client, **target}
            for name, client in jobs.items()
        ]
        with Prometheus({"scrape_configs": scraped}) as prometheus:
            expected = {"right": 1, "wrong password": 0, "no certificate": 0}
            wait_for("scrapes of each job", lambda: scrapes(prometheus) == expected, 60)
            ((_, value),) = prometheus.query("tidegauge_up")
            assert value == 1


def scrapes(prometheus: Prometheus) -> dict[str, float]:
    """Whether a scrape of each job went well, once there were three of each."""
    counted = prometheus.query("count_over_time(up[1m]) >= 3")
    if len(counted) < 3:
        return {}
    return {labels["job"]: value for labels, value in prometheus.query("max_over_time(up[1m])")}
