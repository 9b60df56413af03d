"""What the functions of the stream share: hours, and the columns of accepted records."""
