# schemathesis on the whole of /openapi.json as a stranger and as each role: no 5xx, nothing that breaks the contract.
# Left out is what ends the session of whoever asks.
schemathesis=$CACHE/schemathesis/bin
roles=(cadre site trainer reviewer office expert auditor admin)
declare -A tokens
for role in "${roles[@]}"; do tokens[$role]=$(token "$role"); done
for role in stranger "${roles[@]}"; do
  headers=()
  [ "$role" = stranger ] || headers=(-H "Authorization: Bearer ${tokens[$role]}")
  (cd "$WORK" && "$schemathesis/schemathesis" run "$URL/openapi.json" "${headers[@]}" --seed 1 --max-examples 10 \
    --phases examples,coverage,fuzzing --exclude-path-regex '^/api/v1/sessions?$' \
    --request-timeout 20 --report json --report-json-path "$WORK/schemathesis-$role.json") >&2 || true
done
python3 - "$WORK"/schemathesis-*.json <<'READ'
import json
import re
import sys

said = {}
for path in sys.argv[1:]:
    role = re.search(r"schemathesis-(\w+)\.json", path)[1]
    for failure in json.load(open(path))["failures"]:
        for operation in failure["operations"]:
            said.setdefault(f"{failure['title']}: {operation}", []).append(role)
for text, roles in sorted(said.items()):
    print(f"{text} as {', '.join(roles)}")
READ
printf '%s\t9 roles, 10 examples an operation\n' "$("$schemathesis/schemathesis" --version | sed 's/[^0-9]*//')" >&3
