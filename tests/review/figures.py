"""Three months of figures, as a service in use would have counted them."""

import math
import random
from collections import Counter
from datetime import datetime, timedelta

from sessions_app.domain.figures.daily import DayTally, Figure, Standing, day_of
from sessions_app.repository.figures import daily as daily_figures


def fill(now: datetime, days: int = 90) -> None:
    """Days of a service that grows, with quiet weekends; before them, nothing was counted."""
    daily_figures.keep(
        Standing(
            at=now,
            sessions=38_204,
            data_bytes=1_890_000_000,
            index_bytes=510_000_000,
            expiring=[61, 118, 124, 97, 131, 54, 49],
            flagged=(0, 0, 0),
        ),
        due_at=now + timedelta(hours=1),
        counted_to=day_of(now - timedelta(days=2)),
    )
    chance = random.Random(5)
    for back in range(days):
        day = day_of(now - timedelta(days=back))
        busy = (
            (1.0 if day.weekday() < 5 else 0.45) * math.exp(-back / 60) * chance.uniform(0.8, 1.2)
        )
        people, turns = int(420 * busy), int(2_600 * busy)
        dropped = int(turns * 22 * chance.uniform(0.7, 1.3))
        counts = {
            Figure.USER_MESSAGES: turns + int(90 * busy),
            Figure.ASSISTANT_MESSAGES: turns,
            Figure.OTHER_MESSAGES: int(turns * 0.12),
            Figure.TOKENS: int(turns * 310),
            Figure.TURNS: turns,
            Figure.FAILED_TURNS: int(turns * chance.uniform(0.0, 0.03)),
            Figure.WINDOW_KEPT: turns * 31,
            Figure.WINDOW_DROPPED: dropped,
            Figure.WINDOW_TOKENS: turns * 2_950,
            Figure.WINDOW_BUDGET: turns * 4_000,
            Figure.TOPIC_SHIFTS: int(turns * 0.21),
        }
        daily_figures.add(
            day,
            DayTally(
                Counter(counts),
                {chance.randrange(2_048): 1 + chance.randrange(6) for _ in range(people)},
            ),
        )
        daily_figures.count_users(day, over=back > 1)
        daily_figures.set_found(
            day, sessions=int(510 * busy), storage_bytes=int(2.4e9 * math.exp(-back / 75))
        )
