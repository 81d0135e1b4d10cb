"""Estimates the number of distinct users from a sketch that names none of them.

HyperLogLog (Flajolet, Fusy, Gandouet, Meunier 2007, "HyperLogLog: the analysis of a near-optimal
cardinality estimation algorithm"). Each user raises one of REGISTERS to a rank; the sketches of
workers are merged by the higher rank. The standard error is 1.04 / √REGISTERS, 2.3 %.
"""

import math
from collections.abc import Mapping

REGISTERS = 2_048
_BITS = 64
_INDEX_BITS = REGISTERS.bit_length() - 1
_ALPHA = 0.7213 / (1 + 1.079 / REGISTERS)


def register(digest: bytes) -> tuple[int, int]:
    """The register that a user raises, and its rank; `digest` is a hash of 8 bytes."""
    value = int.from_bytes(digest[:8], "big")
    rest_bits = _BITS - _INDEX_BITS
    rest = value & ((1 << rest_bits) - 1)
    # The first bits choose the register; the rank is the position of the first 1 in the rest.
    return value >> rest_bits, rest_bits - rest.bit_length() + 1


def estimate(registers: Mapping[int, int]) -> int:
    """The number of distinct users who raised `registers`; missing registers are at 0."""
    empty = REGISTERS - sum(1 for rank in registers.values() if rank)
    harmonic = empty + sum(2.0**-rank for rank in registers.values() if rank)
    raw = _ALPHA * REGISTERS * REGISTERS / harmonic
    if raw <= 2.5 * REGISTERS and empty:
        # For few users, counting the registers at 0 is more exact (linear counting).
        return round(REGISTERS * math.log(REGISTERS / empty))
    return round(raw)
