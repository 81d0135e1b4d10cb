"""The tokens that a picture or a file is counted as, by the rule that OpenAI publishes.

A picture ("Images and vision", gpt-4o): in low detail 85. In high detail it is made to fit into
2,048 by 2,048, then so small that its shorter side has 768, and each square of 512 that it takes
counts 170, with 85 more. A file that is sent as text counts as its text; of others no rule is
published, and they count as `FILE_TOKENS`.
"""

from functools import lru_cache
from math import ceil

LOW_TOKENS, TILE_TOKENS, TILE = 85, 170, 512
LARGEST_SIDE, SHORTER_SIDE = 2_048, 768
# A picture of 1,024 by 1,024, as one whose size is unknown is counted.
UNKNOWN_TOKENS = 765
FILE_TOKENS = 1_000


@lru_cache(maxsize=1_024)
def picture_tokens(width: int, height: int, detail: str = "auto") -> int:
    """The tokens of a picture of this size; 0 by 0 for one whose size is unknown."""
    if detail == "low":
        return LOW_TOKENS
    if not (width and height):
        return UNKNOWN_TOKENS
    scale = min(1.0, LARGEST_SIDE / max(width, height))
    scale *= min(1.0, SHORTER_SIDE / (min(width, height) * scale))
    tiles = ceil(round(width * scale, 6) / TILE) * ceil(round(height * scale, 6) / TILE)
    return LOW_TOKENS + TILE_TOKENS * max(1, tiles)
