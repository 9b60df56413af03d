"""A VPC without a way out, for stages that want one."""
