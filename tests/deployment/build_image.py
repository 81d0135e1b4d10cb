"""`python -m tests.deployment.build_image`: carries out the Dockerfile and prints size and time."""

import json
import sys
import tempfile
import time
from pathlib import Path

from tests.deployment.image import ROOT, Build, files


def main() -> None:
    """Print one JSON object."""
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="image-") as name:
        build = Build(ROOT, Path(name))
        image = build.image()
        sizes = [path.stat().st_size for path in files(image.folder) if path.is_file()]
        figures = {
            "files_sent": sum(path.is_file() for path in files(build.context)),
            "files": len(sizes),
            "megabytes_above_the_base_image": round(sum(sizes) / 1e6),
            "seconds": round(time.monotonic() - started),
        }
    sys.stdout.write(json.dumps(figures) + "\n")


if __name__ == "__main__":
    main()
