"""`make mutation`: how many seeded mistakes in the product's Python the unit tests notice.

`operators` makes mistakes, `sample` chooses among them, `contexts` knows which test runs which line, `trees`
keeps copies of the project to break, `runner` tries one mistake, and `figure` says what came out.
"""
