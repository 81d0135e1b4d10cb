"""How much of a session is read to plan a window: enough for any plan, and bounded."""

from typing import Final

# Up to this many messages a session is read whole, and every message competes.
WHOLE_SESSION: Final = 1_500
# Of a longer one: its newest messages, and of the older ones the runs whose sketches are nearest.
NEWEST: Final = 512
SKETCHES: Final = 1_600
RUNS: Final = 15
# A policy may allow 10,000 messages; no window of any budget can use more than this.
MOST_READ: Final = 16_384
