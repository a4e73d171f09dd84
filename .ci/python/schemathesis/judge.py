"""Counts what schemathesis did, by its reports, and fails where that is not enough.

usage: judge.py FOLDER, with schemathesis.toml and a NAME.ndjson for each NAME.yaml in `specs/`
"""

import collections
import json
import pathlib
import sys
import tomllib

import yaml

METHODS = {"get", "put", "post", "delete", "options", "head", "patch", "trace"}
LEAST_SHARE = 0.30
LEAST_CASES = 3000
SUCCESS, REFUSED = range(200, 300), (401, 403)


def main(folder):
    with open(folder / "schemathesis.toml", "rb") as settings:
        chosen = tomllib.load(settings)["checks"]
    checks = {name for name, setting in chosen.items() if isinstance(setting, dict) and setting["enabled"]}
    complaints, total = [], 0
    print(f"{'cases':>6} {'2xx':>6}  statuses of the operation's own method, and how its login was tried")
    for document in sorted(pathlib.Path("specs").glob("*.yaml")):
        report = Report(folder / f"{document.stem}.ndjson")
        for label in operations(document):
            total += judge(label, report.operations.pop(label, Operation()), checks, complaints)
        complaints += [f"{label}: not in {document}" for label in report.operations]
    print(f"{total:6} cases with {len(checks)} checks each: {', '.join(sorted(checks))}")
    if total < LEAST_CASES:
        complaints.append(f"{total} cases are fewer than {LEAST_CASES}")
    if complaints:
        sys.exit("\n".join(complaints))


def operations(document):
    paths = yaml.safe_load(document.read_text())["paths"]
    return [f"{method.upper()} {path}" for path in paths for method in paths[path] if method in METHODS]


class Operation:
    def __init__(self):
        self.statuses = collections.Counter()
        self.cases = 0
        self.probes = collections.Counter()
        self.checks = collections.Counter()
        self.failures = collections.Counter()


class Report:
    def __init__(self, file):
        self.operations = collections.defaultdict(Operation)
        with open(file) as lines:
            for line in lines:
                recorder = json.loads(line).get("ScenarioFinished", {}).get("recorder", {})
                for identifier, case in recorder.get("cases", {}).items():
                    self.add(recorder, identifier, case)

    def add(self, recorder, identifier, case):
        operation = self.operations[recorder["label"]]
        answer = recorder["interactions"].get(identifier, {}).get("response")
        status = answer["status_code"] if answer else None
        # Sent by a check on behalf of another case: `ignored_auth` tries without a token and with a wrong one.
        if case.get("parent_id"):
            operation.probes[status] += 1
            return
        operation.cases += 1
        # The others ask for the path by methods that it does not have.
        if case["value"]["method"] == recorder["label"].split()[0]:
            operation.statuses[status] += 1
        for check in recorder["checks"].get(identifier, ()):
            operation.checks[check["name"]] += 1
            operation.failures[check["name"]] += check["status"] != "success"


def judge(label, operation, checks, complaints):
    own = operation.statuses.total()
    share = sum(count for status, count in operation.statuses.items() if status in SUCCESS) / max(own, 1)
    statuses = ", ".join(f"{count} x {status}" for status, count in operation.statuses.most_common())
    probes = ", ".join(f"{count} x {status}" for status, count in operation.probes.items())
    print(f"{operation.cases:6} {share:6.0%}  {label}: {statuses}; login: {probes}")
    if share < LEAST_SHARE:
        complaints.append(f"{label}: {share:.0%} of {own} cases end in 2xx, which is less than {LEAST_SHARE:.0%}")
    if operation.probes.total() < 2 or any(status not in REFUSED for status in operation.probes):
        complaints.append(f"{label}: a missing and a wrong token were not both tried and refused")
    for name in sorted(checks - operation.checks.keys()):
        complaints.append(f"{label}: the check {name} did not run")
    for name, count in operation.failures.items():
        if count:
            complaints.append(f"{label}: {count} failures of {name}")
    return operation.cases


main(pathlib.Path(sys.argv[1]))
