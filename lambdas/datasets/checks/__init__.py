"""The dataset contract, asked of rows and of the whole; what is wrong, in words for whoever uploaded it."""
