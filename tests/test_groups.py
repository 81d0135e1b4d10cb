"""What shares a service, a browser or a cluster is run by one process of `make test`."""

import pytest


@pytest.mark.xdist_group("one process")
def test_tests_of_a_group_are_sent_to_one_process(request: pytest.FixtureRequest) -> None:
    if not hasattr(request.config, "workerinput"):
        pytest.skip("there is one process")
    # By this sign pytest-xdist tells groups; a version of pytest that it does not know lost it.
    assert request.node.nodeid.endswith("@one process")
