"""Lesson 02's Your turn: the worked answer, another right one, and plausible wrong ones with words of their hints.

The tests prove them all, on the lesson as it is when a learner comes to the cell.
"""

# solution
my_query = """
SELECT title_id, count(*) AS number
FROM raw_reviews
GROUP BY title_id
HAVING count(*) >= 10
ORDER BY number DESC
"""
# end solution

FILMS = "SELECT title_id, count(*) AS n FROM raw_reviews"
RIGHT = {
    "my_query": {
        "without those that have no title": """
            SELECT title_id AS film, count(title_id) AS number FROM raw_reviews
            WHERE title_id IS NOT NULL GROUP BY 1 HAVING count(title_id) > 9 ORDER BY count(title_id) DESC, 1;""",
    }
}
WRONG = {
    "my_query": {
        "SELECT title_id, count(*) FROM raw_reviews": "Athena refuses it",
        f"{FILMS} GROUP BY title_id HAVING n >= 10": "Athena refuses it",
        f"{FILMS} GROUP BY title_id ORDER BY n DESC": "`HAVING`, after",
        f"{FILMS} GROUP BY title_id HAVING count(*) > 10 ORDER BY n DESC": "a `>`",
        f"{FILMS} GROUP BY title_id HAVING count(*) >= 10": "the order is not",
        f"{FILMS} GROUP BY title_id HAVING count(*) >= 10 ORDER BY n": "the order is not",
        f"{FILMS} GROUP BY title_id HAVING count(*) >= 10 ORDER BY n DESC LIMIT 5": "`LIMIT`",
        f"{FILMS} WHERE sentiment = 'positive' GROUP BY 1 HAVING count(*) >= 10 ORDER BY n DESC": "you count",
        "SELECT sentiment, count(*) AS reviews FROM raw_reviews GROUP BY sentiment ORDER BY 2 DESC": "is a film",
        "SELECT count(*) AS reviews FROM raw_reviews": "Two columns",
        "SELECT count(*) AS reviews, title_id FROM raw_reviews GROUP BY title_id ORDER BY 1 DESC": "The film stands",
    }
}
