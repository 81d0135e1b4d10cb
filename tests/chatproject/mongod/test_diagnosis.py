"""From what mongod said to what there is to do."""

import json
from pathlib import Path

import pytest

from chatproject.mongod import binary as mongod_binary
from chatproject.mongod import diagnosis as mongod_diagnosis


def explained(tmp_path: Path, *lines: object) -> str:
    log = tmp_path / "mongod.log"
    log.write_text("an earlier start: No space left on device\n")
    offset = log.stat().st_size
    with log.open("a") as file:
        file.writelines((x if isinstance(x, str) else json.dumps(x)) + "\n" for x in lines)
    paths = {"binary": Path("/bin/mongod"), "dbpath": Path("/data/mongo"), "log": log}
    return mongod_diagnosis.explain(code=14, offset=offset, **paths)


def fatal(message: str, error: str = "") -> dict[str, object]:
    return {"s": "F", "msg": message, "attr": {"error": error}}


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        (
            fatal("DBException in initAndListen", "DBPathInUse: Unable to lock the lock file"),
            "another mongod has the files in /data/mongo open; stop it, or set another DATA_DIR",
        ),
        (
            fatal("Error opening file", "No space left on device"),
            "the disk of DATA_DIR is full, so mongod cannot start; free some space and start again",
        ),
        (
            fatal("Wrong mongod version", "UPGRADE PROBLEM: featureCompatibilityVersion 4.2"),
            "/data/mongo was written by another version of MongoDB than /bin/mongod; set "
            "MONGOD_BINARY to the version that wrote it, or set another DATA_DIR",
        ),
        (
            "mongod: error while loading shared libraries: libssl.so.3: not found",
            "/bin/mongod cannot run on this system (mongod: error while loading shared "
            f"libraries: libssl.so.3: not found); {mongod_binary.ADVICE}",
        ),
        (
            fatal("Cannot write", "Permission denied"),
            "mongod cannot write /data/mongo; give this user the right to, or set another DATA_DIR",
        ),
    ],
)
def test_a_known_cause_is_named(tmp_path, line, sentence):
    assert explained(tmp_path, line) == sentence


def test_an_unknown_cause_is_quoted(tmp_path):
    said = explained(tmp_path, {"s": "I", "msg": "routine"}, fatal("It broke", "badly"), "[1]")
    assert said.startswith("/bin/mongod ended with code 14 while starting (It broke badly); see ")
