"""NAB's own optimizer, scorer and normalisation over some of its series, for several detectors.

python score.py NAB FOLDER DETECTOR...

NAB is a checkout of numenta/NAB. FOLDER has `data`, `labels.json` (windows) and `results` of our detector `watchbell`; what others shipped with NAB is
copied in for the same series only. Thresholds are optimised for each detector, and scores normalised, over these series. The last line is JSON:
detector -> score of the standard profile.
"""

import contextlib
import json
import os
import shutil
import sys

import pandas

if int(pandas.__version__.split(".")[0]) >= 3:
    sys.exit("NAB does not run with pandas 3 or later; hint: pip install 'pandas<3' in the cache folder's venv")


def main(nab, folder, detectors):
    sys.path.insert(0, nab)
    from nab.runner import Runner

    labels = os.path.join(folder, "labels.json")
    results = os.path.join(folder, "results")
    with open(labels) as file:
        series = list(json.load(file))
    for detector in [*detectors, "null"]:
        if detector == "watchbell":
            continue
        for name in series:
            domain, file = os.path.split(name)
            path = os.path.join(detector, domain, f"{detector}_{file}")
            os.makedirs(os.path.join(results, detector, domain), exist_ok=True)
            shutil.copy(os.path.join(nab, "results", path), os.path.join(results, path))
    for name in ["thresholds.json", "profiles.json"]:
        shutil.copy(os.path.join(nab, "config", name), os.path.join(folder, name))
    runner = Runner(
        dataDir=os.path.join(folder, "data"),
        resultsDir=results,
        labelPath=labels,
        profilesPath=os.path.join(folder, "profiles.json"),
        thresholdPath=os.path.join(folder, "thresholds.json"),
        numCPUs=2,
    )
    runner.initialize()
    judged = [*detectors, "null"]
    with open(os.path.join(results, "final_results.json"), "w") as file:
        file.write("{}")
    # NAB talks on stdout; the verdict alone belongs there.
    with contextlib.redirect_stdout(sys.stderr):
        thresholds = runner.optimize(judged)
        runner.score(judged, thresholds)
        runner.normalize()
    with open(os.path.join(results, "final_results.json")) as file:
        final = json.load(file)
    print(json.dumps({detector: final[detector]["standard"] for detector in detectors}))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3:])
