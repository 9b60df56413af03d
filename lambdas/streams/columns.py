"""The columns of accepted records: four by which a record is known and put into order, and the contract's."""

from __future__ import annotations

import pyarrow as pa

from contracts.dataset import DatasetContract
from lambdas.monitoring.training_rows import ARROW

EVENT_ID, EVENT_TIME = "greenlight_event_id", "greenlight_event_time"
ARRIVED, SEQUENCE = "greenlight_arrived", "greenlight_sequence"
OWN = (EVENT_ID, EVENT_TIME, ARRIVED, SEQUENCE)
FIRST = f"{ARRIVED}, {SEQUENCE}"  # of records with one id, the first that arrived counts


def schema_of(contract: DatasetContract) -> pa.Schema:
    moment = pa.timestamp("us", "UTC")
    own = [(EVENT_ID, pa.string()), (EVENT_TIME, moment), (ARRIVED, moment), (SEQUENCE, pa.string())]
    return pa.schema([*own, *((column.name, ARROW[column.type]) for column in contract.columns)])
