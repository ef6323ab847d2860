"""The store: what lies on disk.

`state` says where: the folder of this installation, its credentials, the runs, the images, how to reach the server.
`resources` keeps our own services' resources in SQLite, so that what was acknowledged survives a killed process.
"""
