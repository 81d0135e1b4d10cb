"""Texts that are larger than the window."""

from hypothesis import given, settings
from hypothesis import strategies as st

from sessions_app.domain.dialect import LEAST_TOKENS, common_length, cut_middle
from sessions_app.tokenizer import count_tokens


def test_a_text_that_fits_is_left_as_it_is():
    assert cut_middle("word " * 20, 100, count_tokens) == "word " * 20


def test_a_long_text_keeps_its_beginning_and_end_and_says_what_is_missing():
    text = "begin " + "word " * 6_400 + "end"
    cut = cut_middle(text, 3_000, count_tokens)
    assert cut.startswith("begin word")
    assert cut.endswith("word end")
    assert 2_800 < count_tokens(cut) <= 3_000
    missing = len(text) - (len(cut) - len(cut[cut.index("\n[…") : cut.index("…]\n") + 3]))
    assert f"[… {missing:,} characters left out …]" in cut


@given(
    st.text(alphabet="ab \n\u738b\u00e9\U0001f600", min_size=1, max_size=400).map(lambda t: t * 30),
    st.integers(LEAST_TOKENS, 400),
)
@settings(deadline=None)
def test_a_cut_text_is_never_longer_than_asked(text, most):
    assert count_tokens(cut_middle(text, most, count_tokens)) <= most


def test_only_the_longest_texts_are_cut():
    assert common_length([10, 500, 900], 600) == 295
    assert common_length([10, 20], 100) == 20


def test_no_text_is_cut_to_nothing():
    assert common_length([500, 500], 2 * LEAST_TOKENS - 1) is None


@given(st.lists(st.integers(0, 1_000), max_size=8), st.integers(0, 3_000))
def test_texts_cut_to_their_common_length_fit(tokens, room):
    most = common_length(tokens, room)
    if most is not None:
        assert sum(min(each, most) for each in tokens) <= room
