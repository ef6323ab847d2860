"""What a lesson shows.

A lesson gets from here its figures in one look (`figures`), the course's drawings (`drawings` and its neighbours),
parts of a job's script (`source`), and a line that says how far a job is (`progress`).
"""
