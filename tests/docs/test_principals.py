"""docs/security.md says who may call which route: as the service answers, and every promise's test.

`WRITE_TABLES=1` writes the tables that the page should have.
"""

import os
import re

import pytest

from tests.docs import pages, principals

PAGE = pages.ROOT / "docs" / "security.md"
HEAD = "| Route"

pytestmark = [pytest.mark.django_db, pytest.mark.mongod("what routes answer")]


@pytest.fixture(autouse=True)
def no_limits(settings):
    settings.THROTTLE_RATES = dict.fromkeys(settings.THROTTLE_RATES)


@pytest.mark.parametrize(
    ("title", "head", "rows"), principals.TABLES, ids=[title for title, *_ in principals.TABLES]
)
def test_the_page_says_who_may_call_which_route(database, title, head, rows):
    table = principals.table(head, rows())
    text = PAGE.read_text(encoding="utf-8")
    section = pages.section(text, title)
    before, marked, shown = section.partition(HEAD)
    assert marked, f"there is no table under {title}"
    if os.environ.get("WRITE_TABLES"):
        PAGE.write_text(text.replace(section, f"{before}{table}\n\n").rstrip() + "\n", "utf-8")
    else:
        assert (HEAD + shown).rstrip() == table


def test_the_page_says_how_many_requests_were_made():
    section = pages.section(PAGE.read_text(encoding="utf-8"), "Who may call the API")
    routes = len(principals.named_routes())
    whole = f"{routes} routes × {len(principals.API_PRINCIPALS)} principals"
    count = f"{whole} = {routes * len(principals.API_PRINCIPALS)} requests"
    print(count)  # noqa: T201 - for who runs it with -s
    assert count in " ".join(section.split()), count


def test_every_promise_names_a_test_that_exists():
    rows = pages.tables(pages.section(PAGE.read_text(encoding="utf-8"), "What is promised"))
    tests = [name for row in rows["Threat"] for name in pages.code(row[-1])]
    assert len(tests) > 30
    for name in tests:
        path, _, function = name.partition("::")
        source = (pages.ROOT / path).read_text(encoding="utf-8")
        assert re.search(rf"^(async )?def {function}\(", source, re.MULTILINE), name
