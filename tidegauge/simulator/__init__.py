"""Seeded traffic of a made-up product, and the true metrics of what was sent.

This package is the oracle: it shares no code with `streams/`, so that a mistake there cannot
hide here. Traffic is a pure function of the seed and the clock; the ledger holds only records
the broker has acknowledged.
"""

from tidegauge.simulator.disturbance import Disturbances
from tidegauge.simulator.ledger import Ledger
from tidegauge.simulator.sender import SendError
from tidegauge.simulator.simulation import Simulation

__all__ = ["Disturbances", "Ledger", "SendError", "Simulation"]
