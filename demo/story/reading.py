"""Somebody reads a briefing at a door, page by page, by touch."""

from demo.eyes import View
from demo.story.stage import Stage


def read_briefing(stage: Stage) -> list[str]:
    """Turn every page of the briefing that follows the welcome and acknowledge it. Returns the
    pages' titles. Raises NotSeenError where none opens."""
    eyes, mark = stage.eyes, stage.eyes.seen - 1
    stage.later(seconds=4)
    page = eyes.wait_for(is_briefing, "briefing", mark)
    titles = [str(page["title"])]
    for _ in range(pages(page) - 1):
        page = turn(stage)
        titles.append(str(page["title"]))
    stage.later(seconds=20)
    mark = eyes.seen
    eyes.touch("understood")
    eyes.wait_for(lambda view: view["key"] == "thanks", "thanks", mark)
    stage.rest()
    return titles


def put_off_briefing(stage: Stage) -> None:
    """Touch "later" on the briefing that follows the welcome."""
    mark = stage.eyes.seen - 1
    stage.later(seconds=4)
    stage.eyes.wait_for(is_briefing, "briefing", mark)
    stage.eyes.touch("later")
    stage.rest()


def turn(stage: Stage) -> View:
    """Touch "next". Two touches within half a second would count once."""
    old, mark = stage.eyes.now["key"], stage.eyes.seen
    stage.later(seconds=0.6)
    stage.eyes.touch("next")
    return stage.eyes.wait_for(lambda view: view["key"] != old and is_briefing(view), "page", mark)


def is_briefing(view: View) -> bool:
    return str(view["key"]).startswith("briefing")


def pages(view: View) -> int:
    """How many pages the briefing has that is shown."""
    return int(view["page"].split()[-1])
