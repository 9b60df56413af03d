import pytest

from localcloud.services.sagemaker.errors import ValidationError
from localcloud.services.sagemaker.requests.listing import Listing, pick

LISTING = Listing(
    "Models",
    lambda record: pick(record, ("Name",)),
    name="Name",
    sort_by={"CreationTime": "CreationTime", "Name": "Name"},
    equal={"StatusEquals": "Status"},
)
RECORDS = [{"Name": f"m{n:02}", "CreationTime": 100.0 + n, "Status": "ab"[n % 2]} for n in range(12)]


def names(request):
    return [item["Name"] for item in LISTING.page(RECORDS, request)["Models"]]


def test_the_newest_come_first_ten_at_a_time():
    page = LISTING.page(RECORDS, {})
    assert [item["Name"] for item in page["Models"]] == [f"m{n:02}" for n in range(11, 1, -1)]
    rest = LISTING.page(RECORDS, {"NextToken": page["NextToken"]})
    assert rest == {"Models": [{"Name": "m01"}, {"Name": "m00"}]}


def test_sorting_by_name_upwards():
    assert names({"SortBy": "Name", "SortOrder": "Ascending", "MaxResults": 2}) == ["m00", "m01"]


def test_filters_by_name_time_and_status_hold_together():
    request = {
        "NameContains": "m0",
        "CreationTimeAfter": 103.0,
        "CreationTimeBefore": 108.0,
        "StatusEquals": "a",
    }
    assert names(request) == ["m06", "m04"]


def test_a_token_that_we_never_gave_is_refused():
    with pytest.raises(ValidationError, match="NextToken"):
        LISTING.page(RECORDS, {"NextToken": "nonsense"})
