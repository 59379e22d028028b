"""One fresh process that gets ready to listen as `edgevoice run` does. JSON in, JSON out; started by `whole.py`."""

from __future__ import annotations

import json
import resource
import sys
import time
from pathlib import Path


def main() -> None:
    given = json.load(sys.stdin)
    # Imported here: the imports are a part of what is measured.
    from edgevoice import assembly, config, hearing
    from edgevoice.audio.speaker import NullSink
    from edgevoice.model_store import Store

    settings = config.settings(None, None, given["settings"])
    store = Store(Path(given["models"])) if given["models"] else Store()
    wanted = assembly.Wanted(llm=given["llm"], wait_for_broker=False)
    with assembly.stages(settings, store, NullSink(), wanted) as stages:
        listener = hearing.listener(settings, store, asr=stages.asr)
        ready_ms = (time.monotonic() - given["began"]) * 1e3
        import numpy as np

        from edgevoice.messages import RATE, AudioChunk

        clip = AudioChunk(np.array(given["clip"], np.int16), RATE, 0)
        for _ in listener.feed(clip):
            pass
        if stages.asr is not None:
            list(stages.asr.transcribe([clip]))
        if stages.voice.tts is not None:
            list(stages.voice.tts.speak(given["sentence"]))
        peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"ready_ms": ready_ms, "peak_mb": peak_mb}))


if __name__ == "__main__":
    main()
