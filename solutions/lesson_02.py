"""Lesson 02's Your turn: the worked answer, another right one, and plausible wrong ones with words of their hints.

The tests prove them all, on the lesson as it is when a learner comes to the cell.
"""

# solution
my_query = """
SELECT year, count(*) AS films
FROM films
GROUP BY year
ORDER BY films DESC
"""
# end solution

RIGHT = {
    "my_query": {
        "years as numbers": """
            SELECT TRY_CAST(year AS integer) AS made, count(title_id) AS number
            FROM films GROUP BY TRY_CAST(year AS integer) ORDER BY count(title_id) DESC, 1;""",
    }
}
WRONG = {
    "my_query": {
        "SELECT year, count(*) FROM films": "Athena refuses it",
        "SELECT year, count(*) AS films FROM films GROUP BY year": "the order is not",
        "SELECT year, count(*) AS films FROM films GROUP BY year ORDER BY films": "the order is not",
        "SELECT year, count(*) AS films FROM films GROUP BY year ORDER BY films DESC LIMIT 5": "`LIMIT`",
        "SELECT CAST(year AS bigint) / 10 * 10, count(*) AS films FROM films GROUP BY 1 ORDER BY 2 DESC": "decades",
        "SELECT year, count(*) AS films FROM films WHERE title LIKE 'The%' GROUP BY year ORDER BY 2 DESC": "you count",
        "SELECT count(*) AS films FROM films": "Two columns",
        "SELECT count(*) AS films, year FROM films GROUP BY year ORDER BY 1 DESC": "The year stands first",
    }
}
