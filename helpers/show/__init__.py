"""What a lesson shows.

A lesson asks for each picture in one line, from the module of its topic: the data (`datasets`), features and leaks
(`features`), accuracy (`scores`), a search (`search`), an endpoint at work (`traffic`), time (`timelines`), money
(`money`), and the course's drawings (`drawings`); the picture computes its title, the finding, and its alt text. What a
lesson plots itself it draws within `figures.figure`, in the same look. Besides, it gets from here parts of a job's
script (`source`), and a line that says how far a job is (`progress`).
"""
