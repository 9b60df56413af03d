"""AWS's lists of S3's and DynamoDB's addresses, by region: what a security group names to let traffic out to
a gateway endpoint.

CloudFormation can't look them up. `aws ec2 describe-prefix-lists` shows those of a region; in a region that
is missing here a VPC can't be deployed, and CloudFormation says that the mapping lacks it.
"""

from __future__ import annotations

PREFIX_LISTS = {
    region: {"s3": f"pl-{s3}", "dynamodb": f"pl-{dynamodb}"}
    for region, s3, dynamodb in (
        ("ap-northeast-1", "61a54008", "78a54011"),
        ("ap-northeast-2", "78a54011", "48a54021"),
        ("ap-south-1", "78a54011", "66a7420f"),
        ("ap-southeast-1", "6fa54006", "67a5400e"),
        ("ap-southeast-2", "6ca54005", "62a5400b"),
        ("ca-central-1", "7da54014", "4ea54027"),
        ("eu-central-1", "6ea54007", "66a5400f"),
        ("eu-west-1", "6da54004", "6fa54006"),
        ("eu-west-2", "7ca54015", "b3a742da"),
        ("eu-west-3", "23ad484a", "abb451c2"),
        ("sa-east-1", "6aa54003", "60a54009"),
        ("us-east-1", "63a5400a", "02cd2c6b"),
        ("us-east-2", "7ba54012", "4ca54025"),
        ("us-west-1", "6ba54002", "6ea54007"),
        ("us-west-2", "68a54001", "00a54069"),
    )
}
