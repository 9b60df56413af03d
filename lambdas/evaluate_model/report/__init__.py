"""The report as one HTML page that needs neither network nor script."""
