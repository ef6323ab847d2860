"""Code that runs inside an image's Python, not in the server's."""
