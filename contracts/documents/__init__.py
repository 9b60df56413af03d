"""The document that an execution carries from state to state: a class per key, a request per function.

The state machine spells these keys in JSONata, the handlers read and write them here, and
tests/unit/step_functions/test_documents.py feeds each to the other.
"""
