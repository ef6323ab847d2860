"""Lab 11: other right answers, and plausible wrong ones with words of the hint that each must get.

The tests prove both. The worked answers themselves are in 11_cloud_or_on_premises.ipynb.
"""

import heapq
from itertools import accumulate

# -- Exercise 1: own_year --------------------------------------------------------------------------


def sums_day_by_day(price, life, kw, pue, kwh, staff):
    a_day = price / life / 365 + 24 * kw * pue * kwh + staff / 365
    return 365 * a_day


def divides_the_whole_life(price, life, kw, pue, kwh, staff):
    return (price + life * (24 * 365 * kw * pue * kwh + staff)) / life


def pays_the_whole_price_in_a_year(price, life, kw, pue, kwh, staff):
    return price + kw * pue * 8760 * kwh + staff


def forgets_the_cooling(price, life, kw, pue, kwh, staff):
    return price / life + kw * 8760 * kwh + staff


def divides_by_pue(price, life, kw, pue, kwh, staff):
    return price / life + kw / pue * 8760 * kwh + staff


def pays_one_hour(price, life, kw, pue, kwh, staff):
    return price / life + kw * pue * kwh + staff


def pays_an_hour_a_day(price, life, kw, pue, kwh, staff):
    return price / life + kw * pue * 365 * kwh + staff


def forgets_the_staff(price, life, kw, pue, kwh, staff):
    return price / life + kw * pue * 8760 * kwh


def spreads_the_staff(price, life, kw, pue, kwh, staff):
    return (price + staff) / life + kw * pue * 8760 * kwh


def forgets_electricity(price, life, kw, pue, kwh, staff):
    return price / life + staff


def prints_the_year(price, life, kw, pue, kwh, staff):
    print(price / life + kw * pue * 8760 * kwh + staff)


# -- Exercise 2: break_even ------------------------------------------------------------------------


def compares_with_a_full_year(own, hourly):
    full = 365 * 24 * hourly
    if own > full:
        return None
    return own / full


def searches_for_it(own, hourly):
    low, high = 0.0, 1.0
    if own > 8760 * hourly:
        return None
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (low, middle) if middle * 8760 * hourly > own else (middle, high)
    return high


def gives_percent(own, hourly):
    return 100 * own / (8760 * hourly) if own <= 8760 * hourly else None


def turns_it_upside_down(own, hourly):
    return 8760 * hourly / own if own <= 8760 * hourly else None


def gives_hours(own, hourly):
    return own / hourly


def takes_a_month(own, hourly):
    return own / (730 * hourly)


def goes_beyond_all_hours(own, hourly):
    return own / (8760 * hourly)


def cuts_off_at_one(own, hourly):
    return min(1.0, own / (8760 * hourly))


def says_yes_or_no(own, hourly):
    return own <= 8760 * hourly


def gives_the_idle_share(own, hourly):
    # Half of a year is half in both directions: this one is found at the second place.
    return 1 - own / (8760 * hourly) if own <= 8760 * hourly else None


def never_finds_one(own, hourly):
    return None if own > hourly else own / (8760 * hourly)


# -- Exercise 3: cash ------------------------------------------------------------------------------


def fills_a_list(servers, price, life, running, years):
    flow = [running] * years
    for year in range(0, years, life):
        flow[year] += servers * price
    return flow


def counts_the_age(servers, price, life, running, years):
    flow, age = [], life
    for _ in range(years):
        flow.append(running + servers * price * (age >= life))
        age = 1 if age >= life else age + 1
    return tuple(flow)


def keeps_the_books(servers, price, life, running, years):
    return [servers * price / life + running for _ in range(years)]


def never_replaces(servers, price, life, running, years):
    return [running + servers * price] + [running] * (years - 1)


def buys_every_year(servers, price, life, running, years):
    return [servers * price + running] * years


def starts_with_nothing(servers, price, life, running, years):
    return [running + (servers * price if year % life == 0 else 0) for year in range(1, years + 1)]


def replaces_a_year_late(servers, price, life, running, years):
    return [running + (servers * price if year % (life + 1) == 0 else 0) for year in range(years)]


def buys_one_server(servers, price, life, running, years):
    return [running + (price if year % life == 0 else 0) for year in range(years)]


def forgets_to_run(servers, price, life, running, years):
    return [servers * price if year % life == 0 else 0 for year in range(years)]


def adds_up(servers, price, life, running, years):
    return list(accumulate(fills_a_list(servers, price, life, running, years)))


def gives_the_sum(servers, price, life, running, years):
    return sum(fills_a_list(servers, price, life, running, years))


def gives_a_year_too_many(servers, price, life, running, years):
    return fills_a_list(servers, price, life, running, years + 1)


# -- Exercise 4: waits -----------------------------------------------------------------------------


def takes_a_heap(coming, hours_each, machines):
    free, found = [0.0] * machines, []
    for comes in coming:
        start = max(comes, heapq.heappop(free))
        heapq.heappush(free, start + hours_each)
        found.append(start - comes)
    return found


def looks_back(coming, hours_each, machines):
    # All jobs are equally long, so each follows on the job that is so many places before it.
    starts = []
    for place, comes in enumerate(coming):
        before = starts[place - machines] + hours_each if place >= machines else 0
        starts.append(max(comes, before))
    return [start - comes for start, comes in zip(starts, coming, strict=True)]


def never_queues(coming, hours_each, machines):
    return [0 for _ in coming]


def uses_one_machine(coming, hours_each, machines):
    return takes_a_heap(coming, hours_each, 1)


def waits_for_the_end(coming, hours_each, machines):
    return [wait + hours_each for wait in takes_a_heap(coming, hours_each, machines)]


def gives_the_starts(coming, hours_each, machines):
    return [comes + wait for comes, wait in zip(coming, takes_a_heap(coming, hours_each, machines), strict=True)]


def starts_before_it_comes(coming, hours_each, machines):
    free, found = [0.0] * machines, []
    for comes in coming:
        start = heapq.heappop(free)
        heapq.heappush(free, start + hours_each)
        found.append(start - comes)
    return found


def is_busy_from_when_it_came(coming, hours_each, machines):
    free, found = [0.0] * machines, []
    for comes in coming:
        start = max(comes, heapq.heappop(free))
        heapq.heappush(free, comes + hours_each)
        found.append(start - comes)
    return found


def gives_the_longest(coming, hours_each, machines):
    return max(takes_a_heap(coming, hours_each, machines))


def leaves_out_who_does_not_wait(coming, hours_each, machines):
    return [wait for wait in takes_a_heap(coming, hours_each, machines) if wait > 0]


# -- Exercise 5: front -----------------------------------------------------------------------------


def goes_up_the_stairs(choices):
    kept, best = [], None
    for name, usd, accuracy in sorted(choices, key=lambda choice: (choice[1], -choice[2])):
        if best is None or accuracy > best[1] or (usd, accuracy) == best:
            kept.append(name)
            best = usd, accuracy
    return kept


def compares_each_pair(choices):
    def beats(one, other):
        as_good = one[1] <= other[1] and one[2] >= other[2]
        return as_good and (one[1] < other[1] or one[2] > other[2])

    kept = [choice for choice in choices if not any(beats(other, choice) for other in choices)]
    return [name for name, usd, accuracy in sorted(kept, key=lambda choice: choice[1])]


def keeps_the_ends(choices):
    cheapest = min(choices, key=lambda choice: (choice[1], -choice[2]))
    best = max(choices, key=lambda choice: (choice[2], -choice[1]))
    return [cheapest[0], best[0]]


def asks_for_better_in_both(choices):
    kept = [c for c in choices if not any(u < c[1] and a > c[2] for _, u, a in choices)]
    return [name for name, *_ in sorted(kept, key=lambda choice: choice[1])]


def lets_each_beat_itself(choices):
    kept = [c for c in choices if not any(u <= c[1] and a >= c[2] for _, u, a in choices)]
    return [name for name, *_ in kept]


def forgets_to_sort(choices):
    return [name for name, *_ in choices if name in compares_each_pair(choices)]


def takes_the_best_ratio(choices):
    return [max(choices, key=lambda choice: choice[2] / choice[1])[0]]


def keeps_all(choices):
    return [name for name, *_ in sorted(choices, key=lambda choice: choice[1])]


def gives_the_choices(choices):
    return [choice for choice in choices if choice[0] in compares_each_pair(choices)]


def drops_equals(choices):
    kept, best = [], -1
    for name, _, accuracy in sorted(choices, key=lambda choice: (choice[1], -choice[2])):
        if accuracy > best:
            kept.append(name)
            best = accuracy
    return kept


def gives_a_set(choices):
    return set(compares_each_pair(choices))


# -- What the tests read: exercise -> right answers; exercise -> wrong answer -> words that only its hint has

RIGHT = {
    "q1": [sums_day_by_day, divides_the_whole_life],
    "q2": [compares_with_a_full_year, searches_for_it],
    "q3": [fills_a_list, counts_the_age],
    "q4": [takes_a_heap, looks_back],
    "q5": [goes_up_the_stairs, compares_each_pair],
}
WRONG = {
    "q1": {
        pays_the_whole_price_in_a_year: "whole price is in one year",
        forgets_the_cooling: "cooling is not paid",
        divides_by_pue: "multiply by PUE",
        pays_one_hour: "electricity of one hour",
        pays_an_hour_a_day: "one hour a day",
        forgets_the_staff: "people are not paid",
        spreads_the_staff: "paid in every year",
        forgets_electricity: "electricity is missing",
        prints_the_year: "gives back nothing",
    },
    "q2": {
        gives_percent: "in percent",
        turns_it_upside_down: "upside down",
        gives_hours: "hours of rent",
        takes_a_month: "730 hours are a month",
        goes_beyond_all_hours: "more than all hours",
        cuts_off_at_one: "Cut off at 1",
        says_yes_or_no: "Not yes or no",
        gives_the_idle_share: "stand still",
        never_finds_one: "says that there is none",
    },
    "q3": {
        keeps_the_books: "These are the books",
        never_replaces: "never replaced",
        buys_every_year: "bought in every year",
        starts_with_nothing: "Nothing is bought in the first year",
        replaces_a_year_late: "a year late",
        buys_one_server: "Only one server",
        forgets_to_run: "running cost is missing",
        adds_up: "sums up to each year",
        gives_the_sum: "gives back a int",
        gives_a_year_too_many: "has 6 numbers",
    },
    "q4": {
        never_queues: "Nobody waits",
        uses_one_machine: "go to one machine",
        waits_for_the_end: "until a job *ends*",
        gives_the_starts: "times at which jobs start",
        starts_before_it_comes: "starts before it comes",
        is_busy_from_when_it_came: "from when a job *starts*",
        gives_the_longest: "gives back a float",
        leaves_out_who_does_not_wait: "numbers are in the list",
    },
    "q5": {
        keeps_the_ends: "the two ends",
        asks_for_better_in_both: "equal in one is enough",
        lets_each_beat_itself: "Everything is beaten",
        forgets_to_sort: "in another order",
        takes_the_best_ratio: "no single best",
        keeps_all: "beaten in both",
        gives_the_choices: "holds whole choices",
        drops_equals: "both stay",
        gives_a_set: "gives back a set",
    },
}
