"""A small AWS on this machine that really executes: the notebooks never import it, they only talk to its endpoint."""
