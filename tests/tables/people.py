"""Tables of the kinds that people bring, each made here: what it holds, and the column to predict."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import numpy as np

SEED = 20


@dataclass(frozen=True, kw_only=True)
class Brought:
    """The file's `content`, its `target`, the `task` that a person named, and whether a model is good enough
    to serve: `promoted` False is a table of which no model can be."""

    content: str | bytes
    target: str
    task: str = ""
    promoted: bool = True


Made = Callable[[], Brought]


def _csv(header: Sequence[str], rows: Sequence[Sequence[object]], delimiter: str = ",") -> str:
    def field(value: object) -> str:
        text = str(value)
        return f'"{text}"' if set(text) & {delimiter, "\n", '"'} else text

    return "".join(delimiter.join(map(field, row)) + "\n" for row in [header, *rows])


def _draw() -> random.Random:
    return random.Random(SEED)


def _german(value: float) -> str:
    return f"{value:,.2f}".translate(str.maketrans(",.", ".,"))


def timestamps_with_zones() -> Brought:
    """Load by the hour of the day, in two zones."""
    draw, start, rows = _draw(), datetime(2024, 3, 1, tzinfo=UTC), []
    for hour in range(600):
        at = start + timedelta(hours=hour * 3 + draw.randrange(3), minutes=draw.randrange(60))
        zone = draw.choice(("Z", "+02:00"))
        there = at + timedelta(hours=2 * (zone != "Z"))
        load = 50 + 20 * np.sin(at.hour / 24 * 2 * np.pi) + draw.gauss(0, 4)
        rows.append((f"{there:%Y-%m-%dT%H:%M:%S}{zone}", f"{draw.uniform(-5, 25):.1f}", f"{load:.1f}"))
    return Brought(content=_csv(("measured_at", "temperature", "load"), rows), target="load")


def unique_timestamps() -> Brought:
    """One row a day, told apart by its time alone."""
    draw, start = _draw(), datetime(2024, 1, 1, 0, 15)
    rows = []
    for day in range(120):
        age = draw.uniform(18, 80)
        at = start + timedelta(days=day, hours=day % 24)
        rows.append((at, f"{age:.1f}", draw.choice(("north", "south")), f"{3 * age + draw.gauss(0, 6):.2f}"))
    return Brought(content=_csv(("at", "age", "region", "spend"), rows), target="spend")


def german_prices() -> Brought:
    """Decimal commas, points between thousands, units behind, cp1252."""
    draw, rows = _draw(), []
    for _ in range(300):
        area, age = draw.uniform(30, 200), draw.randint(0, 80)
        town = draw.choice(("München", "Köln", "Jena"))
        price = 3000 * area - 1500 * age + (90_000 if town == "München" else 0) + draw.gauss(0, 20_000)
        rows.append((f"{_german(area)} m²", age, town, f"{_german(price)} €"))
    return Brought(
        content=_csv(("Fläche", "Alter", "Ort", "Preis"), rows, ";").encode("cp1252"), target="Preis"
    )


def thousands_in_the_target() -> Brought:
    draw, rows = _draw(), []
    for _ in range(120):
        age = draw.uniform(18, 80)
        rows.append((f"{age:.1f}", draw.choice(("north", "south")), f"{300 * age + draw.gauss(0, 500):,.2f}"))
    return Brought(content=_csv(("age", "region", "spend"), rows), target="spend")


def truth_values() -> Brought:
    """Yes and no among features and as the target, in several cases."""
    draw, rows = _draw(), []
    for _ in range(900):
        member, calls, minutes = draw.random() < 0.5, draw.randint(0, 9), draw.uniform(0, 300)
        leaves = draw.random() < (0.05 if member else 0.3) + 0.06 * calls
        rows.append(
            (draw.choice(("Yes", "yes")) if member else "No", calls, f"{minutes:.1f}", "Y" if leaves else "N")
        )
    return Brought(content=_csv(("member", "calls", "minutes", "churned"), rows), target="churned")


def float_truths() -> Brought:
    draw, rows = _draw(), []
    for _ in range(200):
        age, spend = draw.uniform(18, 80), draw.uniform(10, 250)
        rows.append((f"{age:.1f}", f"{spend:.2f}", f"{float(age + draw.gauss(0, 8) > 50):.1f}"))
    return Brought(content=_csv(("age", "spend", "churned"), rows), target="churned")


def three_words() -> Brought:
    draw, rows = _draw(), []
    for _ in range(150):
        kind = draw.randrange(3)
        rows.append(
            (
                f"{5 + kind + draw.gauss(0, 0.4):.1f}",
                f"{3 - 0.4 * kind + draw.gauss(0, 0.3):.1f}",
                f"{1.5 + 1.9 * kind + draw.gauss(0, 0.4):.1f}",
                ("setosa", "versicolor", "virginica")[kind],
            )
        )
    return Brought(
        content=_csv(("sepal length (cm)", "sepal width (cm)", "petal length (cm)", "species"), rows),
        target="species",
    )


def _rated(task: str) -> Brought:
    draw, rows = _draw(), []
    for _ in range(500):
        acid, sugar, alcohol = draw.uniform(3, 9), draw.uniform(1, 20), draw.uniform(8, 15)
        stars = max(3, min(8, round(alcohol / 2 - acid / 5 + draw.gauss(0, 0.5))))
        rows.append((f"{acid:.2f}", f"{sugar:.1f}", f"{alcohol:.1f}", stars))
    return Brought(content=_csv(("acid", "sugar", "alcohol", "quality"), rows), target="quality", task=task)


def ratings_as_a_scale() -> Brought:
    return _rated("regression")


def ratings_as_classes() -> Brought:
    return _rated("classification")


def reviews() -> Brought:
    """What a wine scored hangs on words of its review; some reviews have several lines, some are missing."""
    draw, rows = _draw(), []
    praise, blame = ("crisp", "superb", "fresh", "lovely"), ("dull", "sour", "stale", "watery")
    usual = ("the", "nose", "of", "oak", "and", "plum", "finish", "palate", "served", "at", "dinner")
    for _ in range(600):
        good, bad = draw.randint(0, 3), draw.randint(0, 3)
        words = [*draw.choices(praise, k=good), *draw.choices(blame, k=bad), *draw.choices(usual, k=8)]
        draw.shuffle(words)
        text = " ".join(words) + draw.choice(("", "", ',\nwith "cheese"'))
        price = draw.uniform(5, 80)
        score = 85 + 3 * (good - bad) + 0.05 * price + draw.gauss(0, 1)
        review = "" if draw.random() < 0.03 else text.replace('"', '""')
        rows.append((review, f"{price:.2f}", f"{score:.1f}"))
    return Brought(content=_csv(("review", "price", "points"), rows), target="points")


def repeated_customers() -> Brought:
    """Several visits of each customer, who spend alike."""
    draw, rows = _draw(), []
    for number in range(80):
        usual, age = draw.gauss(0, 20), draw.uniform(18, 80)
        rows += [
            (
                f"C{number}",
                f"{age:.1f}",
                draw.choice(("shop", "web")),
                f"{3 * age + usual + draw.gauss(0, 9):.2f}",
            )
            for _ in range(draw.randint(3, 8))
        ]
    return Brought(content=_csv(("customer_id", "age", "channel", "spend"), rows), target="spend")


def order_numbers_and_customers() -> Brought:
    draw, rows = _draw(), []
    for number in range(300):
        age = draw.uniform(18, 80)
        rows.append(
            (f"O-{number:05d}", draw.randrange(60), f"{age:.1f}", f"{3 * age + draw.gauss(0, 9):.2f}")
        )
    return Brought(content=_csv(("order_id", "customer_id", "age", "spend"), rows), target="spend")


def constant_empty_and_numbered() -> Brought:
    draw, rows = _draw(), []
    for number in range(120):
        age = draw.uniform(18, 80)
        rows.append((number, f"{age:.1f}", 7, "", f"{3 * age + draw.gauss(0, 6):.2f}"))
    return Brought(content=_csv(("", "age", "always", "never", "spend"), rows), target="spend")


def free_text() -> Brought:
    words = ["sofa", "lamp", "chair", "table", "shelf", "desk", "mirror", "carpet", "bed", "stool"]
    draw, rows = _draw(), []
    for _ in range(200):
        said = " ".join(draw.choice(words) for _ in range(8))
        weight = draw.uniform(1, 60)
        rows.append((f'{said}, "as new"', f"{weight:.1f}", f"{20 + 2 * weight + draw.gauss(0, 6):.2f}"))
    return Brought(
        content=_csv(("description", "weight", "price"), [(r[0].replace('"', "'"), *r[1:]) for r in rows]),
        target="price",
    )


def dates_in_three_orders() -> Brought:
    draw, rows = _draw(), []
    for _ in range(300):
        day = date(2023, 1, 1) + timedelta(days=draw.randrange(700))
        other = day - timedelta(days=draw.randrange(900))
        third = day + timedelta(days=draw.randrange(60))
        price = 100 + 30 * (day.month in (6, 7, 8)) + (day - other).days / 20 + draw.gauss(0, 6)
        rows.append((f"{day:%d.%m.%Y}", f"{other:%m/%d/%Y}", third, f"{price:.2f}"))
    return Brought(content=_csv(("sold", "built", "moved_in", "price"), rows), target="price")


def sixty_rows() -> Brought:
    draw, rows = _draw(), []
    for _ in range(60):
        x, y = draw.uniform(0, 10), draw.uniform(0, 10)
        rows.append((f"{x:.2f}", f"{y:.2f}", f"{4 * x - 2 * y + draw.gauss(0, 1):.2f}"))
    return Brought(content=_csv(("x", "y", "z"), rows), target="z")


def wide() -> Brought:
    """63 samples of 600 genes in four kinds of tissue, of which some genes tell."""
    random = np.random.default_rng(SEED)
    kinds = np.arange(63) % 4
    genes = random.normal(size=(63, 600))
    for kind in range(4):
        genes[kinds == kind, kind * 10 : kind * 10 + 10] += 2.0
    rows = [
        (*(f"{value:.4f}" for value in gene), f"tissue {kind}")
        for gene, kind in zip(genes, kinds, strict=True)
    ]
    return Brought(content=_csv([*(f"gene_{i}" for i in range(600)), "tissue"], rows), target="tissue")


def rare_fraud() -> Brought:
    """Three rows of a hundred are fraud."""
    draw, rows = _draw(), []
    for number in range(2000):
        fraud = number % 33 == 0
        amount = draw.lognormvariate(4.5 if fraud else 3, 0.8)
        hour = draw.choice((1, 2, 3, 4, 23)) if fraud and draw.random() < 0.8 else draw.randrange(24)
        rows.append(
            (f"{amount:.2f}", hour, draw.choice(("web", "shop", "phone")), "fraud" if fraud else "fine")
        )
    return Brought(content=_csv(("amount", "hour", "channel", "kind"), rows), target="kind")


def latin_1() -> Brought:
    draw, rows = _draw(), []
    for _ in range(200):
        town, area = draw.choice(("Besançon", "Nîmes", "Orléans")), draw.uniform(20, 150)
        rows.append((town, f"{area:.0f}", f"{9 * area + 100 * (town == 'Nîmes') + draw.gauss(0, 60):.0f}"))
    return Brought(content=_csv(("ville", "surface", "loyer"), rows).encode("latin-1"), target="loyer")


def gaps_of_several_kinds() -> Brought:
    draw, rows = _draw(), []
    for _ in range(300):
        age, pay = draw.uniform(18, 80), draw.uniform(20, 90)
        gap = draw.random() < 0.1
        rows.append(
            (
                "NA" if gap else f"{age:.1f}",
                "?" if draw.random() < 0.1 else f"{pay:.1f}",
                "" if draw.random() < 0.1 else draw.choice(("north", "south")),
                f"{3 * age + pay + draw.gauss(0, 9):.2f}" if draw.random() < 0.97 else "",
            )
        )
    return Brought(content=_csv(("age", "pay", "region", "spend"), rows), target="spend")


def long_tail_of_towns() -> Brought:
    """A few towns often, many once or twice, and new ones to come."""
    draw, rows = _draw(), []
    for _ in range(600):
        rank = min(300, int(draw.paretovariate(0.7)))
        price = 200 - 15 * min(rank, 8) + draw.gauss(0, 10)
        rows.append((f"town {rank}", draw.randint(1, 5), f"{price:.1f}"))
    return Brought(content=_csv(("town", "rooms", "price"), rows), target="price")


def money_and_shares() -> Brought:
    draw, rows = _draw(), []
    for _ in range(250):
        pay, rate = draw.uniform(1000, 9000), draw.uniform(1, 15)
        rows.append(
            (f"${pay:,.2f}", f"{rate:.1f}%", f"${pay * 12 * (1 - rate / 40) + draw.gauss(0, 2500):,.2f}")
        )
    return Brought(content=_csv(("pay", "rate", "loan"), rows), target="loan")


def blanks_around_everything() -> Brought:
    """Fields padded to one width, as reports are printed, and a row of each class's spelling."""
    draw, rows = _draw(), []
    for _ in range(200):
        age, flag = draw.uniform(18, 80), draw.choice(("TRUE", "FALSE"))
        rows.append(
            (
                f"{age:6.1f}",
                f" {flag:<6}",
                f"{draw.choice(('north', 'south')):<8}",
                f"{3 * age + draw.gauss(0, 6):9.2f}",
            )
        )
    return Brought(content=_csv((" age ", " member ", " region ", " spend "), rows), target="spend")


def numbers_of_programs() -> Brought:
    """Numbers as programs print them: exponents, signs, a bare point, whole numbers with a fraction."""
    draw, rows = _draw(), []
    for _ in range(300):
        dose, age = 10 ** draw.uniform(-9, -5), float(draw.randint(18, 80))
        answer = 20 * np.log10(dose * 1e9) - 0.2 * age + draw.gauss(0, 4)
        rows.append((f"{dose:.3e}", age, f"{draw.uniform(-1, 1):+.2f}".replace("0.", "."), f"{answer:.3e}"))
    return Brought(content=_csv(("dose", "age", "shift", "answer"), rows), target="answer")


def noise() -> Brought:
    """Nothing explains a coin."""
    draw = _draw()
    rows = [
        (f"{draw.gauss(0, 1):.3f}", f"{draw.gauss(0, 1):.3f}", draw.choice(("heads", "tails")))
        for _ in range(400)
    ]
    return Brought(content=_csv(("wind", "force", "side"), rows), target="side", promoted=False)


TABLES: tuple[Made, ...] = (
    timestamps_with_zones,
    unique_timestamps,
    german_prices,
    thousands_in_the_target,
    truth_values,
    float_truths,
    three_words,
    ratings_as_a_scale,
    ratings_as_classes,
    repeated_customers,
    order_numbers_and_customers,
    constant_empty_and_numbered,
    free_text,
    reviews,
    dates_in_three_orders,
    sixty_rows,
    wide,
    rare_fraud,
    latin_1,
    gaps_of_several_kinds,
    long_tail_of_towns,
    money_and_shares,
    blanks_around_everything,
    numbers_of_programs,
    noise,
)
