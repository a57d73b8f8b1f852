"""The canonical form: it parses to the same tree, with its comments, within the width."""

from __future__ import annotations

import sys
from collections.abc import Callable
from textwrap import dedent

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.language.tree_strategies import commented_texts, expressions, queries

from eqlite.datatypes import DataType
from eqlite.language import ast
from eqlite.language.parser import parse, parse_expression, parse_with_comments
from eqlite.language.printer import print_expression, print_query
from eqlite.limits import MAX_LIST_ITEMS


def formatted(text: str, *, width: int = 100, with_text: bool = True) -> str:
    query, comments = parse_with_comments(text)
    return print_query(query, comments, width=width, text=text if with_text else None)


def check_layout(text: str, layout: str, *, width: int = 60) -> None:
    """Check that a text is laid out so, and that the layout stays as it is."""
    expected = dedent(layout).lstrip("\n")
    assert formatted(dedent(text), width=width) == expected
    assert formatted(expected, width=width) == expected


# --- printing and parsing are inverse --------------------------------------------------------------------------------


@given(queries)
def test_a_printed_query_parses_to_the_same_tree(query: ast.Query) -> None:
    assert parse(print_query(query)) == query


@given(queries, st.integers(1, 120))
def test_a_printed_query_parses_to_the_same_tree_at_any_width(query: ast.Query, width: int) -> None:
    text = print_query(query, width=width)
    assert parse(text) == query
    assert print_query(parse(text), width=width) == text


@given(expressions)
def test_a_printed_expression_parses_to_the_same_tree(expression: ast.Expr) -> None:
    assert parse_expression(print_expression(expression)) == expression


@given(commented_texts(), st.booleans(), st.sampled_from([20, 100]))
def test_comments_stay_in_order_wherever_they_stand(text: str, with_text: bool, width: int) -> None:
    query, comments = parse_with_comments(text)
    printed = formatted(text, with_text=with_text, width=width)
    again, kept = parse_with_comments(printed)
    assert again == query
    assert [comment.text for comment in kept] == [comment.text for comment in comments]
    assert formatted(printed, with_text=with_text, width=width) == printed


# --- parentheses -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "a and b and c",
        "a and (b and c)",
        "(a and b) and c",
        "a or (b or c)",
        "(a or b) and c",
        "(a and b) or c",
        "not a and b",
        "not (a and b)",
        "not not a",
        "not a == 1",
        "(not a) == 1",
        "(a == b) == c",
        "a == (b == c)",
        "a in (1, 2) == true",
        "a + b in (3)",
        "(a + b) in (3)",
        "-a in (1)",
        "(-a) in (1)",
        "(a in (1)) in (2)",
        "(a == 1) in (true)",
        "a not in (1, 2)",
        "not a not in~ (1)",
        "a in (b == 1 and c, d)",
        '(a : "x") : "y"',
        'a : "x" == true',
        'f(a) like~ ("x", 1, null)',
        "--1",
        "-(a + b)",
        "-a + b",
        "a - -b",
        "a - b - c",
        "a - (b - c)",
        "a * (b + c) * d",
        "a * (b * c)",
        "a % b / c * d",
        "-(a * b)",
        "(a == 1) + 1",
        "(a and b) == c",
        "f~(a or b, g())",
        "?a.`in`.b == 1",
    ],
)
def test_the_parentheses_that_count_stay(text: str) -> None:
    assert print_expression(parse_expression(text)) == text


@pytest.mark.parametrize(
    ("text", "printed"),
    [
        ("((a))", "a"),
        ("(a == 1)", "a == 1"),
        ("-(-1)", "--1"),
        ("(-a) * b", "-a * b"),
        ("-(a in (1))", "-a in (1)"),
        ("(a - b) - c", "a - b - c"),
        ("a + (b * c)", "a + b * c"),
        ("(a + b) == (c)", "a + b == c"),
        ("not (a == 1)", "not a == 1"),
        ('a : ("x")', 'a : "x"'),
        ("+a", "a"),
    ],
)
def test_other_parentheses_go(text: str, printed: str) -> None:
    assert print_expression(parse_expression(text)) == printed


def test_and_inside_or_gets_parentheses_for_the_reader() -> None:
    assert print_expression(parse_expression("a and b or c and d")) == "(a and b) or (c and d)"


def test_parentheses_never_make_a_query_too_deep_to_parse() -> None:
    text = "x or a and (" * 900 + "b or c" + ")" * 900
    printed = print_expression(parse_expression(text))
    assert printed == text


# --- layout ----------------------------------------------------------------------------------------------------------


def test_a_short_query_is_one_line() -> None:
    check_layout('process   where process.name:"cmd.exe"', 'process where process.name : "cmd.exe"\n')


def test_conditions_stand_one_to_a_line() -> None:
    check_layout(
        'process where host.os.type == "linux" and event.type == "start" and process.args_count > 3',
        """
        process where host.os.type == "linux" and
          event.type == "start" and
          process.args_count > 3
        """,
    )


def test_a_first_condition_that_is_long_starts_a_line() -> None:
    check_layout(
        'process where (process.name == "net.exe" or process.name == "net1.exe") and event.type == "start"',
        """
        process where
          (
            process.name == "net.exe" or
            process.name == "net1.exe"
          ) and
          event.type == "start"
        """,
    )


def test_groups_are_indented_and_stay_on_a_line_that_holds_them() -> None:
    check_layout(
        'process where event.type == "start" and not (process.name == "net.exe" and (a or b) and process.args : "use")',
        """
        process where event.type == "start" and
          not (
            process.name == "net.exe" and
            (a or b) and
            process.args : "use"
          )
        """,
    )


def test_lists_are_filled_line_by_line() -> None:
    check_layout(
        'process where process.name in ("bash", "dash", "ash", "sh", "tcsh", "csh", "zsh", "ksh", "fish", "busybox")',
        """
        process where
          process.name in (
            "bash", "dash", "ash", "sh", "tcsh", "csh", "zsh",
            "ksh", "fish", "busybox"
          )
        """,
    )


def test_lists_that_just_fit_stay_on_their_line() -> None:
    line = 'process where process.name in ("bash", "dash", "ash", "sh")'
    check_layout(line, line + "\n", width=len(line))
    check_layout(
        line,
        """
        process where
          process.name in ("bash", "dash", "ash", "sh")
        """,
        width=len(line) - 1,
    )


def test_arguments_wrap_like_lists() -> None:
    check_layout(
        'network where not cidrMatch(destination.ip, "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")',
        """
        network where
          not cidrMatch(
            destination.ip, "10.0.0.0/8", "172.16.0.0/12",
            "192.168.0.0/16"
          )
        """,
    )


def test_what_follows_a_list_counts_for_its_line() -> None:
    text = "a where f(aaaaaaaaaaaaaaaaaa, bbbbbbbbbbbbbbbbbb) == g(cccccccccccccc)"
    check_layout(
        text,
        """
        a where
          f(aaaaaaaaaaaaaaaaaa, bbbbbbbbbbbbbbbbbb) == g(
            cccccccccccccc
          )
        """,
        width=50,
    )


def test_a_sequence_has_a_line_for_each_stage() -> None:
    check_layout(
        "sequence by host.id, user.id with maxspan=5m [process where a] by b, c with runs=2 ![file where d] "
        "until [any where true] by e | head 10 | tail 2",
        """
        sequence by host.id, user.id with maxspan=5m
          [process where a] by b, c with runs=2
          ![file where d]
        until [any where true] by e
        | head 10
        | tail 2
        """,
    )


def test_a_long_stage_is_broken_inside_its_brackets() -> None:
    check_layout(
        'sequence [process where event.type == "start" and process.name == "net.exe"] by process.entity_id '
        "[file where a]",
        """
        sequence
          [process where event.type == "start" and
            process.name == "net.exe"
          ] by process.entity_id
          [file where a]
        """,
    )


def test_samples_and_joins_are_laid_out_like_sequences() -> None:
    check_layout(
        "sample by host.id [a where true] [b where true]",
        """
        sample by host.id
          [a where true]
          [b where true]
        """,
    )
    check_layout(
        "join by a [a where true] until [b where true]",
        """
        join by a
          [a where true]
        until [b where true]
        """,
    )


def test_a_list_item_that_is_a_condition_is_broken_like_one() -> None:
    check_layout(
        "a where f(aaaaaaaaaaaaaaaaaaaa and bbbbbbbbbbbbbbbbbbbbbbb and ccccccccccccccccccccc)",
        """
        a where
          f(
            aaaaaaaaaaaaaaaaaaaa and
            bbbbbbbbbbbbbbbbbbbbbbb and
            ccccccccccccccccccccc
          )
        """,
    )


# --- comments --------------------------------------------------------------------------------------------------------


def test_comments_keep_their_place() -> None:
    layout = """
        // before
        /* the query */
        process where event.type == "start" and // trailing
          // above a condition
          process.name : (
            // above an item
            "a", "b", // behind an item
            /* above
               c */
            "c"
            // below the last
          ) and
          /* inline */
          not (
            // first of a group
            a == 1 or
            b == 2 // last of a group
          )
          // below the condition
        """
    check_layout(layout, layout)


def test_comments_of_a_sequence_keep_their_place() -> None:
    layout = """
        // before
        sequence by host.id // header
          // above a stage
          [process where
            // above the condition
            a and
            b // behind the condition
          ] by c // behind a stage
          [file where d] /* done */
          [file where e
            // below the condition
          ]
        // above until
        until [any where true]
        // above a pipe
        | head 10 // behind a pipe
        // the end
        """
    check_layout(layout, layout)


def test_a_block_comment_on_a_short_line_stays_there() -> None:
    check_layout(
        "process where /* one */ a == 1 and /* two */ b in (1, /* three */ 2 /* four */) // five",
        """
        process where /* one */ a == 1 and /* two */ b in (1, /* three */ 2 /* four */) // five
        """,
        width=100,
    )


def test_a_comment_stays_on_its_side_of_a_parenthesis() -> None:
    layout = """
        process where a and
          // the group
          (
            // its first condition
            b or
            (
              // deeper
              c and
              d // still deeper
            )
            // its end
          ) and
          e
        """
    check_layout(layout, layout)


def test_a_comment_inside_a_condition_moves_behind_it() -> None:
    check_layout(
        """
        process where a == // why
          1 and b == 2
        """,
        """
        process where a == 1 and // why
          b == 2
        """,
    )
    check_layout(
        """
        process where not
          // why
          a == 1 and b == 2
        """,
        """
        process where not a == 1 and // why
          b == 2
        """,
    )


def test_a_comment_above_an_and_moves_above_the_condition() -> None:
    check_layout(
        """
        process where a == 1
          // why
          and b == 2
        """,
        """
        process where a == 1 and
          // why
          b == 2
        """,
    )


def test_comments_are_printed_even_if_the_tree_has_no_spans() -> None:
    _, comments = parse_with_comments("a where b // one\n and /* two */ c")
    query = ast.Query(ast.EventFilter("a", ast.FieldRef(("b",))))
    assert print_query(query, comments) == "a where b // one\n  /* two */\n"


# --- sizes -----------------------------------------------------------------------------------------------------------


def deep(count: int) -> ast.Expr:
    tree: ast.Expr = ast.FieldRef(("a",))
    for index in range(count):
        tree = (ast.And if index % 2 else ast.Or)((tree, ast.Not(ast.FieldRef(("b",)))))
    return tree


@pytest.mark.parametrize("nest", [ast.Not, ast.Negate, lambda inner: ast.Call("f", (inner,))])
def test_a_query_nested_a_thousand_deep_is_printed(nest: type[ast.Not]) -> None:
    tree: ast.Expr = ast.FieldRef(("a",))
    for _ in range(999):
        tree = nest(tree)
    text = print_query(ast.Query(ast.EventFilter(None, tree)))
    assert print_query(parse(text)) == text


def test_groups_nested_a_thousand_deep_stay_on_the_page() -> None:
    text = print_query(ast.Query(ast.EventFilter(None, deep(999))))
    assert max(map(len, text.splitlines())) <= 100
    assert print_query(parse(text)) == text


def calls_to_print(condition: ast.Expr) -> int:
    """Count the calls, of Python and of C: the time they take depends on the machine, their number does not."""
    count = 0

    def note(_frame: object, event: str, _argument: object) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    before = sys.getprofile()
    sys.setprofile(note)
    try:
        print_query(ast.Query(ast.EventFilter(None, condition)))
    finally:
        sys.setprofile(before)
    return count


def long_list(count: int) -> ast.Expr:
    return ast.Membership(ast.FieldRef(("a",)), tuple(ast.Literal(f"item {n}", DataType.KEYWORD) for n in range(count)))


def long_condition(count: int) -> ast.Expr:
    return ast.And(
        tuple(ast.Comparison("==", ast.FieldRef((f"a{n}",)), ast.Literal(n, DataType.LONG)) for n in range(count))
    )


def long_and_deep_condition(count: int) -> ast.Expr:
    return ast.And((deep(count // 4), long_condition(count)))


@pytest.mark.parametrize("shape", [long_list, long_condition, long_and_deep_condition])
def test_long_lists_and_conditions_take_work_in_proportion(shape: Callable[[int], ast.Expr]) -> None:
    assert calls_to_print(shape(3_200)) < 5 * calls_to_print(shape(800))


def test_the_longest_list_there_may_be_is_printed() -> None:
    text = print_query(ast.Query(ast.EventFilter(None, long_list(MAX_LIST_ITEMS))))
    assert text.count("item") == MAX_LIST_ITEMS
