"""Whether this Python has the fixes of its release line."""

# The first patch of each line with the fixes of June 2025 (CVE-2025-4517 and its four companions:
# files of an archive land outside of the directory that it is unpacked into).
FIXED = {(3, 11): 13, (3, 12): 11, (3, 13): 4}


def warning(version: tuple[int, int, int]) -> str | None:
    """A sentence for the operator; None where nothing is known to be missing."""
    major, minor, patch = version
    fixed = FIXED.get((major, minor))
    if fixed is None or patch >= fixed:
        return None
    return (
        f"warning: Python {major}.{minor}.{patch} lacks security fixes; "
        f"install {major}.{minor}.{fixed} or later\n"
    )
