"""What an experiment's verdict costs and how often it is wrong, on real losses."""
