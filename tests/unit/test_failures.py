"""What is said of commands that were not confirmed."""

from __future__ import annotations

from household import household
from test_conversation import LAMP, UNLOCK
from test_conversation import Table as Silent

from edgevoice.messages import Outcome
from edgevoice.skills.conversation import Conversation


def test_reports() -> None:
    talk = Conversation(household(), Silent())
    outcome = Outcome((LAMP, UNLOCK), "Done.")
    assert talk.report(outcome) == "Done."
    assert talk.report(outcome, (LAMP,)) == "The Reading Lamp did not answer. The rest is done."
    assert talk.report(outcome, (LAMP, UNLOCK)) == "The Reading Lamp and Front Door did not answer."
    otherwise = {"lock.front": "locked"}
    assert talk.report(outcome, (UNLOCK,), otherwise) == "The Front Door says that it is locked. The rest is done."
    refused = {"lock.front": "Data value outside limit."}
    told = "The Front Door refuses: Data value outside limit. The rest is done."
    assert talk.report(outcome, (UNLOCK,), refused=refused) == told
    assert talk.report(outcome, (LAMP, UNLOCK), refused=refused).startswith(
        "The Reading Lamp did not answer. The Front"
    )
