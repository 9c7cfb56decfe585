# The API's document under redocly's recommended rules.
redocly=$CACHE/npm/node_modules/.bin/redocly
curl -sf "$URL/openapi.json" -o "$WORK/openapi.json"
REDOCLY_TELEMETRY=off REDOCLY_SUPPRESS_UPDATE_NOTICE=true \
  "$redocly" lint --extends recommended --format json --max-problems 10000 "$WORK/openapi.json" >"$WORK/redocly.json" || true
node -e '
  for (const { ruleId, severity, message, location } of JSON.parse(require("fs").readFileSync(process.argv[1])).problems)
    console.log(severity, ruleId, location[0].pointer, message.replace(/\s+/g, " "));
' "$WORK/redocly.json"
printf '%s\trecommended rules on /openapi.json\n' "$("$redocly" --version)" >&3
