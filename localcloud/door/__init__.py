"""The door: where every request comes in.

It is read (`request`), checked (`signing`: only what is signed with this installation's credentials passes) and goes to
the service that owns it, ours or the engine's, or to an error that names what is not offered (`server`, `answers`).
`request_log` shows what passes, `offered` lists what may. What operations look like is in `protocol.py`, below all
floors: services check with it, too, what a pipeline's steps or a rule's targets ask for.
"""
