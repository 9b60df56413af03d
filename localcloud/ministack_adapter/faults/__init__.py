"""What is plainly wrong in ministack itself, one module a fault: its mend, and calls that show it.

`shows(client)` asks a ministack as it comes, whose clients `client(service)` makes, and says whether the
fault is still there. `python -m localcloud.ministack_adapter.faults` asks all of them; a test fails when one
is gone, because its module can go then, too.
"""
