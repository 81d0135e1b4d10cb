"""A text is divided the same way however it arrives."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from sessions_app.openai_api.responses.pieces import Pieces

TEXT = st.text(st.sampled_from("ab \n\tü漢🙂"), max_size=60)


def divided(*parts: str) -> list[str]:
    pieces = Pieces()
    return [*(piece for part in parts for piece in pieces.take(part)), *pieces.finish()]


def test_a_piece_is_about_a_word_with_the_space_before_it():
    assert divided("By train, of course.") == ["By", " train,", " of", " course."]


def test_a_long_word_and_a_long_space_are_divided():
    assert divided("a" * 10 + " " * 10 + "b") == ["a" * 8, "aa", " " * 8, "  b"]


@given(TEXT, st.lists(st.integers(0, 60), max_size=8))
def test_it_depends_on_the_text_alone(text: str, cuts: list[int]):
    places = [0, *sorted(min(cut, len(text)) for cut in cuts), len(text)]
    parts = [text[a:b] for a, b in pairwise(places)]
    assert divided(*parts) == divided(text)
    assert "".join(divided(*parts)) == text
    assert all(divided(text))
