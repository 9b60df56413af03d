"""Makes data in the California-housing schema, for a rehearsal without a file of one's own.

The figures are invented, and the same for the same seed: districts scatter around six towns, incomes are
log-normal, and the house value follows income, distance to the sea, crowding and age, with noise on top.
"""

from __future__ import annotations

import csv
import io

import numpy as np

HEADER = (
    "longitude",
    "latitude",
    "housing_median_age",
    "total_rooms",
    "total_bedrooms",
    "population",
    "households",
    "median_income",
    "median_house_value",
    "ocean_proximity",
)
# Longitude, latitude (degrees), spread (degrees), and how dear the town is.
TOWNS = np.array(
    [
        (-122.4, 37.8, 0.35, 1.45),
        (-118.3, 34.0, 0.45, 1.25),
        (-117.1, 32.8, 0.30, 1.15),
        (-121.5, 38.6, 0.50, 0.85),
        (-119.8, 36.7, 0.70, 0.60),
        (-117.4, 34.0, 0.50, 0.75),
    ]
)
VALUE_CAP = 500_001.0


def generate(row_count: int = 20_000, seed: int = 7) -> bytes:
    """CSV bytes with header; about one row in a hundred misses total_bedrooms."""
    random = np.random.default_rng(seed)
    town = TOWNS[random.choice(len(TOWNS), row_count, p=(0.2, 0.32, 0.12, 0.12, 0.12, 0.12))]
    longitude = np.round(town[:, 0] + random.normal(0, town[:, 2]), 2)
    latitude = np.round(town[:, 1] + random.normal(0, town[:, 2] * 0.7), 2)
    sea_distance = _sea_distance(longitude, latitude)
    age = random.integers(1, 53, row_count).astype(float)
    households = np.ceil(random.lognormal(6.0, 0.6, row_count))
    rooms = np.ceil(households * random.normal(5.4, 0.9, row_count).clip(2))
    bedrooms = np.ceil(rooms * random.normal(0.21, 0.02, row_count).clip(0.12))
    population = np.ceil(households * random.lognormal(1.05, 0.25, row_count))
    income = random.lognormal(1.25, 0.45, row_count).clip(0.4999, 15.0001).round(4)
    value = (
        (38_000 * income + 22_000)
        * town[:, 3]
        * (1.25 - 0.35 * np.tanh(sea_distance))
        * (1 - 0.08 * (population / households - 2.8).clip(-1.5, 3))
        * (1 + 0.002 * (age - 25))
        * random.lognormal(0, 0.16, row_count)
    )
    value = np.round(value.clip(14_999, VALUE_CAP))
    proximity = np.select(
        [sea_distance < 0.08, (sea_distance < 0.4) & (town[:, 0] < -122), sea_distance < 0.6],
        ["NEAR OCEAN", "NEAR BAY", "<1H OCEAN"],
        default="INLAND",
    )
    missing = random.random(row_count) < 0.01
    return _as_csv(
        [longitude, latitude, age, rooms, bedrooms, population, households, income, value], proximity, missing
    )


def _sea_distance(longitude: np.ndarray, latitude: np.ndarray) -> np.ndarray:
    """Degrees east of a straight line from the north-west to the south-east corner of the coast."""
    coast = -122.5 + (37.8 - latitude) * 1.12
    return (longitude - coast).clip(0)


def _as_csv(numbers: list[np.ndarray], proximity: np.ndarray, missing: np.ndarray) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(HEADER)
    bedrooms_index = HEADER.index("total_bedrooms")
    for index, values in enumerate(zip(*numbers, strict=True)):
        row = [f"{value:g}" if value < 1000 else f"{value:.0f}" for value in values]
        if missing[index]:
            row[bedrooms_index] = ""
        writer.writerow([*row, proximity[index]])
    return text.getvalue().encode()
