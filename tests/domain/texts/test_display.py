"""Text of users beside other text."""

import unicodedata

import pytest

from sessions_app.domain.texts.display import cell, harmless, isolated

RLO, LRO, RLE, LRI, FSI, PDI, PDF = "\u202e\u202d\u202b\u2066\u2068\u2069\u202c"


@pytest.mark.parametrize("text", ["", "Plan", "שלום", "مرحبا \u200f", "two\nlines"])
def test_text_without_directional_characters_is_left_as_it_is(text: str):
    assert isolated(text) == text


@pytest.mark.parametrize("control", "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
def test_every_directional_character_is_kept_inside(control: str):
    shown = isolated(f"gpj.{control}exe")
    assert (shown[0], shown[-1]) == (FSI, PDI)


@pytest.mark.parametrize(
    "text", [PDI + RLO, RLO + PDI * 3 + RLO, FSI + LRI, LRI + PDI + PDI, RLE + PDF]
)
def test_an_isolate_of_the_text_never_ends_ours(text: str):
    shown, depth = isolated(f"a{text}b"), 0
    for position, character in enumerate(shown):
        depth += (character in "\u2066\u2067\u2068") - (character == PDI)
        # Back at the line's own level only at the very end.
        assert depth > 0 or position == len(shown) - 1
    assert depth == 0


@pytest.mark.parametrize("end", ["\n", "\r\n", "\u2028", "\u2029", "\x1c", "\x85"])
def test_each_line_is_isolated_by_itself(end: str):
    assert isolated(f"a{end}{RLO}b") == f"a{end}{FSI}{RLO}b{PDI}"


SIGNS = "=+-@＝＋－＠﹢﹣﹦﹫⁺⁻⁼₊₋₌−"


@pytest.mark.parametrize("sign", SIGNS)
@pytest.mark.parametrize(
    "before",
    [
        "",
        " ",
        "\u00a0",
        "\u3000",
        "\u2003",
        "\ufeff",
        "\u200b",
        "\u200e",
        "\u2060",
        RLO,
        "\u0301",
        " \u200b ",
        "\u3164",
        "\u2800",
        "\u20dd",
    ],
)
def test_no_cell_begins_with_a_formula(sign: str, before: str):
    assert cell(f'{before}{sign}HYPERLINK("http://a")').startswith("'")


@pytest.mark.parametrize("control", [chr(code) for code in (*range(0x20), *range(0x7F, 0xA0))])
def test_no_cell_begins_with_a_control_character(control: str):
    assert cell(f"{control}=1").startswith("'")
    assert cell(f" {control}1").startswith("'")


def test_every_character_that_is_a_form_of_a_sign_counts_as_it():
    forms = [
        chr(c)
        for c in range(0x80, 0x20000)
        if unicodedata.normalize("NFKC", chr(c))[:1] in "=+-@"
        and unicodedata.normalize("NFKC", chr(c))
    ]
    assert [form for form in forms if not cell(form).startswith("'")] == []


@pytest.mark.parametrize("text", ["", "Plan", "1-2", "a=b", "'=1", "{}", "2026-11-27", "é", "你好"])
def test_other_cells_are_left_as_they_are(text: str):
    assert cell(text) == text


def test_a_terminal_gets_no_control_character():
    shown = harmless(f"a\x1b]0;x\x07\rb\nc{RLO}d")
    assert shown == f"a\u241b]0;x\u2407\u240db\n{FSI}c{RLO}d{PDI}"
