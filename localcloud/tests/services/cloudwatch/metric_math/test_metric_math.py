"""Metric math: how expressions are read, and the examples and tables of the CloudWatch User Guide."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from localcloud.services.cloudwatch.metric_math.evaluator import SUPPORTED, Evaluator, check
from localcloud.services.cloudwatch.metric_math.syntax import MathError, parse, references
from localcloud.services.cloudwatch.metric_math.values import TimeSeries

GRID = [0.0, 60.0, 120.0, 180.0, 240.0]


def series(*values, label=""):
    """One value a minute; None is a missing one."""
    known = {at: float(value) for at, value in zip(GRID, values, strict=False) if value is not None}
    return TimeSeries(known, label, 60)


def evaluate(expression, **metrics):
    evaluator = Evaluator(metrics, {"e1": expression}, lambda period: GRID[:: int(period // 60)], 60)
    found = evaluator.series("e1")
    return [[one.values.get(at) for at in GRID] for one in found]


def result(expression, **metrics):
    (found,) = evaluate(expression, **metrics)
    while found and found[-1] is None:
        found.pop()
    return found


M1, M2 = series(1, 2, 3), series(10, 20, 30)


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("m1 + m2", [11, 22, 33]),
        ("m2 / m1", [10, 10, 10]),
        ("5 * m1", [5, 10, 15]),
        ("-5 * m1", [-5, -10, -15]),
        ("m1 ^ 2", [1, 4, 9]),
        ("-m1 ^ 2", [-1, -4, -9]),
        ("2 ^ 3 ^ 2 * m1 / m1", [512, 512, 512]),
        ("m1 - m2 - m1", [-10, -20, -30]),
        ("m1 + m2 * 2", [21, 42, 63]),
        ("(m1 + m2) * 2", [22, 44, 66]),
        ("m1 / 1e1", [0.1, 0.2, 0.3]),
        ("SUM([m1, m2])", [11, 22, 33]),
        ("SUM(METRICS())", [11, 22, 33]),
        ('SUM(METRICS("2"))', [10, 20, 30]),
        ("SUM(100/[m1, m2])", [110, 55, 100 / 3 + 100 / 30]),
        ("AVG([m1,m2]/m1)", [5.5, 5.5, 5.5]),
        ("MAX(METRICS())", [10, 20, 30]),
        ("MIN([m1, m2])", [1, 2, 3]),
        ("STDDEV([m1, m2])", [4.5, 9, 13.5]),
        ("m1 - AVG(m1)", [-1, 0, 1]),
        ("m1 / SUM(m1)", [1 / 6, 2 / 6, 0.5]),
        ("MAX(m1)/m1", [3, 1.5, 1]),
        ("m1 / PERIOD(m1)", [1 / 60, 2 / 60, 3 / 60]),
        ("m1 / METRIC_COUNT(METRICS())", [0.5, 1, 1.5]),
        ("ABS(m1 - 2)", [1, 0, 1]),
        ("CEIL(m1 / 2)", [1, 1, 2]),
        ("FLOOR(m1 / 2)", [0, 1, 1]),
        ("LOG10(m2)", [1, math.log10(20), math.log10(30)]),
        ("LOG(m1)", [0, math.log(2), math.log(3)]),
        ("DIFF(m2)", [None, 10, 10]),
        ("DIFF_TIME(m2)", [None, 60, 60]),
        ("RATE(m2)", [None, 10 / 60, 10 / 60]),
        ("RUNNING_SUM(m1)", [1, 3, 6]),
        ("FIRST(SORT(METRICS(), AVG, DESC))", [10, 20, 30]),
        ("LAST(SORT(METRICS(), SUM, DESC))", [1, 2, 3]),
        ("SUM(SORT(METRICS(), MAX, ASC, 1))", [1, 2, 3]),
        ("SUM(SLICE(SORT(METRICS(), AVG, ASC), 1))", [10, 20, 30]),
        ("SUM(SLICE(METRICS(), 0, 1))", [1, 2, 3]),
        ("TIME_SERIES(MAX(m1))", [3, 3, 3, 3, 3]),
        ("MINUTE(m1)", [0, 1, 2, 3, 4]),
        ("IF(m1 >= 2, m2)", [None, 20, 30]),
        ("IF(m1 >= 2, 1, 0)", [0, 1, 1]),
        ("IF(m1 > 1 AND m2 < 30, 1, 0)", [0, 1, 0]),
        ("IF(m1 == 1 || m2 == 30, 1, 0)", [1, 0, 1]),
        ("IF(1, m1, m2)", [1, 2, 3]),
        ("IF(0, m1, m2)", [10, 20, 30]),
        ("IF(FIRST(SORT(METRICS(), AVG, DESC))>15, 1, 0)", [0, 1, 1]),
    ],
)
def test_expressions(expression, expected):
    assert result(expression, m1=M1, m2=M2) == pytest.approx(expected)


def test_a_missing_value_counts_as_zero_and_a_division_by_zero_is_dropped():
    errors, requests = series(None, 1, 2), series(10, None, 4)
    assert result("100 * errors / requests", errors=errors, requests=requests) == [0, None, 50]


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("m1 < m2", [0, 0, 1, 0]),
        ("m1 >= 30", [1, 0, 0, 0]),
        ("m1 > 15 AND m2 > 15", [1, 0, 0, 0]),
    ],
)
def test_the_guides_table_of_comparisons(expression, expected):
    assert result(expression, m1=series(30, 20, 0, 0), m2=series(20, None, 20, None)) == expected


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("IF(m1, m2, m3)", [30, 0, 20]),
        ("IF(m1, 5, m3)", [5, 5, 20]),
        ("IF(m1, m2, 5)", [30, 0, 5, 5]),
    ],
)
def test_the_guides_tables_of_if(expression, expected):
    metrics = {"m1": series(1, 1, 0, 0), "m2": series(30, None, 0, 0, 30), "m3": series(0, 0, 20, None, 20)}
    assert result(expression, **metrics) == expected


@pytest.mark.parametrize(
    ("filler", "expected"),
    [
        ("0", [0, 1, 0, 0, 7]),
        ("REPEAT", [None, 1, 1, 1, 7]),
        ("LINEAR", [None, 1, 3, 5, 7]),
        ("m2", [9, 1, 9, None, 7]),
        ("MIN(m1)", [1, 1, 1, 1, 7]),
    ],
)
def test_filling_gaps(filler, expected):
    metrics = {"m1": series(None, 1, None, None, 7), "m2": series(9, 9, 9)}
    assert result(f"FILL(m1, {filler})", **metrics) == expected


def test_the_average_of_an_array_takes_missing_values_as_zero():
    assert result("AVG(METRICS())", m1=series(2, None), m2=series(4, 4)) == [3, 2]


def test_counting_datapoints():
    assert result("DATAPOINT_COUNT(METRICS())", m1=series(2, None), m2=series(4, 4)) == [2, 1]
    assert result("TIME_SERIES(DATAPOINT_COUNT(m1))", m1=series(2, None, 3)) == [2] * 5


def test_empty_series_can_be_removed():
    assert len(evaluate("REMOVE_EMPTY(METRICS())", m1=M1, m2=series())) == 1


def test_an_array_keeps_its_series():
    assert len(evaluate("METRICS() * 2", m1=M1, m2=M2)) == 2


def test_an_expression_may_use_another():
    evaluator = Evaluator({"m1": M1}, {"e1": "e2 * 2", "e2": "m1 + 1"}, lambda period: GRID, 60)
    assert list(evaluator.series("e1")[0].values.values()) == [4, 6, 8]


def test_the_calendar_is_in_utc():
    day = TimeSeries({1_800_000_000.0: 1.0}, "", 60)
    evaluator = Evaluator(
        {"m1": day},
        {name.lower(): f"{name}(m1)" for name in ("HOUR", "DAY", "DATE", "MONTH", "YEAR", "EPOCH")},
        lambda period: [1_800_000_000.0],
        60,
    )
    found = {name: next(iter(evaluator.series(name)[0].values.values())) for name in ("hour", "day", "date")}
    assert found == {"hour": 8, "day": 5, "date": 15}
    assert next(iter(evaluator.series("year")[0].values.values())) == 2027


@pytest.mark.parametrize(
    ("expression", "complaint"),
    [
        ("m1 +", "unexpected the end"),
        ("m1 m2", "unexpected 'm2' at position 3"),
        ("(m1", "unexpected the end"),
        ("[m1, m2", "unexpected the end"),
        ("m1 ? 2", r"unexpected '\?' at position 3"),
        ("SUM(m1", "unexpected the end"),
        ("", "unexpected the end"),
        (")", r"unexpected '\)'"),
        ("-" * 200 + "m1", "nested too deeply"),
        ("(" * 200 + "m1" + ")" * 200, "nested too deeply"),
    ],
)
def test_what_is_no_expression_is_refused_with_its_place(expression, complaint):
    with pytest.raises(MathError, match=complaint):
        parse(expression)


@pytest.mark.parametrize(
    ("expression", "complaint"),
    [
        ("SUM(m1)", "gives a number"),
        ("5", "gives a number"),
        ("RATE(5)", "needs a time series"),
        ("SUM(5)", "needs a time series or an array"),
        ("FILL(m1)", "takes 2 arguments, not 1"),
        ("FILL(m1, SOON)", "REPEAT or LINEAR"),
        ("FILL(m1, METRICS())", "single series"),
        ("PERIOD(m1 + m2)", "PERIOD takes a metric"),
        ("TIME_SERIES(m1)", "takes a number"),
        ("SORT(METRICS(), MEDIAN, ASC)", "SORT takes AVG"),
        ("SORT(METRICS(), 1, 2)", "SORT is written"),
        ("SLICE(METRICS(), m1)", "SLICE takes a number"),
        ("METRICS(m1)", "in quotes"),
        ("IF(METRICS(), 1, 0)", "not arrays"),
        ("[m1, 5]", "an array holds time series"),
        ("[m1, m2] + [m1]", "arrays of one length"),
        ("DESC", "has no value here"),
        ("m9", "no metric or expression has the id 'm9'"),
        ("SEARCH('x', 'Sum', 60)", "SEARCH is not supported"),
    ],
)
def test_what_cannot_be_evaluated_says_why(expression, complaint):
    with pytest.raises(MathError, match=complaint):
        evaluate(expression, m1=M1, m2=M2)


@pytest.mark.parametrize(
    ("expressions", "complaint"),
    [
        ({"e1": "ANOMALY_DETECTION_BAND(m1)"}, "ANOMALY_DETECTION_BAND is not supported"),
        ({"e1": "m1 + m7"}, "'m7'"),
        ({"e1": "e2", "e2": "e1"}, "depends on itself"),
        ({"e1": "e1 + 1"}, "depends on itself"),
    ],
)
def test_expressions_are_checked_before_there_is_data(expressions, complaint):
    with pytest.raises(MathError, match=complaint):
        check(expressions, ["m1"])


def test_the_documented_functions_are_the_supported_ones():
    from localcloud.services.cloudwatch.metric_math import functions as math_functions

    documented = set(math_functions.__doc__.replace(",", " ").replace(".", " ").replace(":", " ").split())
    assert documented >= SUPPORTED


numbers = st.floats(0.001, 1000).map(lambda number: round(number, 3))
arithmetic = st.recursive(
    st.one_of(numbers.map(str), st.just("m1")),
    lambda inner: st.builds("({} {} {})".format, inner, st.sampled_from("+-*/"), inner),
    max_leaves=12,
)


@given(arithmetic, st.floats(0.5, 100))
def test_arithmetic_agrees_with_python(expression, value):
    metric = TimeSeries({0.0: value}, "", 60)
    try:
        expected = eval(expression, {}, {"m1": value})
    except ZeroDivisionError:
        return
    found = Evaluator({"m1": metric}, {"e1": f"{expression} + 0*m1"}, lambda period: GRID, 60).series("e1")
    if math.isfinite(expected):
        assert found[0].values[0.0] == pytest.approx(expected, rel=1e-9, abs=1e-9)


@given(st.text(alphabet="m12+-*/^()[],<>=!&|\"' SUMIF.e", max_size=30))
def test_any_text_is_read_or_refused(text):
    try:
        tree = parse(text)
    except MathError:
        return
    assert isinstance(references(tree), set)
