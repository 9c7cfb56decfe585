# schemathesis on the whole of /openapi.json as a stranger and as each role: no 5xx, nothing that breaks the contract.
# Left out is what ends the session of whoever asks. A role whose report is not there, that tested fewer operations than the
# document has, or whose sign-in ended before it did, was not judged.
schemathesis=$CACHE/schemathesis/bin
roles=(cadre site trainer reviewer office expert auditor admin)
curl -sf "$URL/openapi.json" -o "$WORK/openapi.json"
for role in stranger "${roles[@]}"; do
  token=
  [ "$role" = stranger ] || token=$(token "$role") # each just before it is used: it lives a quarter of an hour
  headers=(${token:+-H "Authorization: Bearer $token"})
  code=0
  (cd "$WORK" && timeout 900 "$schemathesis/schemathesis" run "$URL/openapi.json" "${headers[@]}" --seed 1 --max-examples 10 \
    --phases examples,coverage,fuzzing --exclude-path-regex '^/api/v1/sessions?$' --request-timeout 20 \
    --report json,ndjson --report-json-path "$WORK/schemathesis-$role.json" \
    --report-ndjson-path "$WORK/schemathesis-$role.ndjson") >&2 || code=$?
  # 0 is nothing found, 1 is failures, which the report has.
  [ "$code" -le 1 ] || echo "schemathesis ended with $code as $role"
  [ -z "$token" ] || curl -sf -o /dev/null "$URL/api/v1/me" -H "Authorization: Bearer $token" ||
    echo "the sign-in of $role ended before schemathesis did"
done
python3 - "$WORK" stranger "${roles[@]}" <<'READ'
import json
import os
import pathlib
import re
import sys

work, *roles = sys.argv[1:]
methods = {"get", "put", "post", "delete", "options", "head", "patch"}
paths = json.loads(pathlib.Path(work, "openapi.json").read_text())["paths"]
there = {f"{method.upper()} {path}" for path, entry in paths.items() for method in entry
         if method in methods and not re.fullmatch(r"/api/v1/sessions?", path)}
said, least = {}, len(there)
for role in roles:
    report, events = pathlib.Path(work, f"schemathesis-{role}.json"), pathlib.Path(work, f"schemathesis-{role}.ndjson")
    if not report.exists() or not events.exists() or report.stat().st_size == 0:
        print(f"schemathesis wrote no report as {role}")
        continue
    tested = set(re.findall(r'"label":\s*"([A-Z]+ /[^"]*)"', events.read_text()))
    least = min(least, len(tested & there))
    for operation in sorted(there - tested):
        said.setdefault(f"not tested: {operation}", []).append(role)
    whole = json.loads(report.read_text())
    for failure in whole["failures"]:
        for operation in failure["operations"]:
            said.setdefault(f"{failure['title']}: {operation}", []).append(role)
    for error in whole.get("errors", []):
        said.setdefault(f"error: {json.dumps(error, ensure_ascii=False)[:200]}", []).append(role)
for text, whose in sorted(said.items()):
    print(f"{text} as {', '.join(whose)}")
with os.fdopen(3, "w") as ran:
    version = os.popen(f"{os.environ['CACHE']}/schemathesis/bin/schemathesis --version").read().split()[-1]
    ran.write(f"{version}\t{len(roles)} roles, {least} of {len(there)} operations each, 10 examples an operation\n")
READ
