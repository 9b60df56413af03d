"""What `python -m localcloud` does besides `up`: commands for a cloud that runs in another terminal."""
