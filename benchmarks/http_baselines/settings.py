"""The service's settings; only the routes are more."""

from chatproject.settings import *  # noqa: F403

ROOT_URLCONF = "benchmarks.http_baselines.urls"
