"""What is counted, and how."""

from sessions_app.simulation.measurements import Measurements, percentile


def test_percentiles_are_those_of_the_nearest_rank():
    times = [float(n) for n in range(1, 101)]

    assert percentile(times, 0.5) == 50
    assert percentile(times, 0.95) == 95
    assert percentile([7.0], 0.95) == 7


def test_routes_are_ordered_by_their_path():
    measurements = Measurements()
    for route in ("POST /b", "GET /b", "POST /a"):
        measurements.request(route, 0.002)

    assert measurements.as_json()["routes"] == [
        {"route": route, "requests": 1, "p50_ms": 2.0, "p95_ms": 2.0}
        for route in ("POST /a", "GET /b", "POST /b")
    ]


def test_all_is_well_until_something_is_not():
    mismatched, failed = Measurements(), Measurements()
    assert mismatched.all_well

    mismatched.mismatch("other")
    failed.failure("none")

    assert not mismatched.all_well
    assert not failed.all_well
