"""The admission rule as a table: this is its specification (DOMAIN, "A tap").

Each row is a situation in words, what is different in it from the plain case, and the whole answer.
The plain case: a volunteer whose card is valid and who has done all that is due comes to Solbakken
on Tuesday 24 November 2026 at 10:02, and the kiosk has been running for ten hours.
`python -m tests.checks.decision_doc` makes docs/decisions.md of it.
"""
