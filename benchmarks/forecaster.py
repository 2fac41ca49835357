"""A kept library as a watcher: Prophet, which forecasts the next day each midnight.

What lies outside of its interval is unusual: its way for what has days and weeks and grows. Like
the detector it gets what happened by event time, so that no outage is its fault.
"""

import logging

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from prophet import Prophet

from benchmarks.watchers import BEGIN, SINCE, Alarms, alarms_outside, trailing_hour
from benchmarks.year import DAY_MINUTES, Year

FITTED_HOURS, DAY_HOURS = SINCE // 60, DAY_MINUTES // 60
INTERVAL = 0.9973
"""Three standard deviations, as for the others."""


def prophet(year: Year) -> Alarms:
    """Each trailing hour beside what was forecast from the six weeks before its day."""
    np.random.seed(1)  # noqa: NPY002 -- Prophet draws from the global one
    logging.getLogger("cmdstanpy").addHandler(logging.NullHandler())  # else it tells of each fit
    hourly = year.happened.reshape(-1, 60).sum(axis=1)
    bounds = np.zeros((2, len(hourly)))
    for midnight in range(FITTED_HOURS, len(hourly), DAY_HOURS):
        past = hourly[midnight - FITTED_HOURS : midnight]
        bounds[:, midnight : midnight + DAY_HOURS] = _forecast(past)
    ends = 60 * np.arange(1, len(hourly) + 1)
    low, high = (np.interp(year.as_of + 1, ends, bound) for bound in bounds)
    return alarms_outside(trailing_hour(year.happened)[year.as_of], low, high)


def _forecast(past: NDArray[np.int64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Bounds of each hour of the next day. Days and weeks it finds by itself."""
    begin = pd.Timestamp(BEGIN, unit="ms")
    hours = pd.date_range(begin, periods=len(past) + DAY_HOURS, freq="h")
    model = Prophet(seasonality_mode="multiplicative", interval_width=INTERVAL)
    model.fit(pd.DataFrame({"ds": hours[: len(past)], "y": past}))
    told = model.predict(pd.DataFrame({"ds": hours[len(past) :]}))
    return told["yhat_lower"].to_numpy(), told["yhat_upper"].to_numpy()
