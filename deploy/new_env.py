"""Prints the .env of compose.yaml with new secrets: `python3 deploy/new_env.py HOST > .env`.

Keep a copy of it in a safe: who has it can read everything, and without it nobody signs in.
"""

import secrets
import sys

# MongoDB takes only base64's characters in a key, and addresses take no sign that needs a code.
SECRETS = (
    "SECRET_KEY",
    "JWT_SIGNING_KEY",
    "METRICS_TOKEN",
    "MONGODB_KEY",
    "MONGODB_ADMIN_PASSWORD",
    "MONGODB_PASSWORD",
    "POSTGRES_PASSWORD",
    "GRAFANA_PASSWORD",
)


def main(arguments: list[str]) -> int:
    """Print the file; exit code 2 without a host name."""
    if len(arguments) != 1 or not arguments[0].strip():
        sys.stderr.write("usage: python3 deploy/new_env.py HOST > .env\n")
        return 2
    sys.stdout.write(f"SITE_ADDRESS={arguments[0].strip()}\n")
    for name in SECRETS:
        sys.stdout.write(f"{name}={secrets.token_hex(32)}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
