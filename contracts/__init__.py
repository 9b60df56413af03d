"""What the parts agree on. Standard library only, so that every Lambda, image and construct can import it."""
