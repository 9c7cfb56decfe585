# REDbot on what anybody may ask for: its notes of the levels bad and warn.
redbot=$CACHE/redbot/bin
sheet=$(curl -s "$URL/sign-in" | sed -n 's/.*rel="stylesheet" href="\([^"]*\)".*/\1/p')
for path in /sign-in /check /openapi.json /healthz "$sheet"; do
  "$redbot/redbot" -o har "$URL$path" >"$WORK/redbot.har"
  node -e '
    const { log } = JSON.parse(require("fs").readFileSync(process.argv[1]));
    for (const { level, note_id, summary } of log.entries[0]._red_messages)
      if (["BAD", "WARN"].includes(level)) console.log(`${level} ${note_id}: ${summary} on ${process.argv[2]}`);
  ' "$WORK/redbot.har" "$(sed 's/\.[0-9a-f]*\.css/.css/' <<<"$path")"
done
printf '%s\t5 addresses\n' "$("$redbot/pip" list 2>/dev/null | sed -n 's/^redbot *//p')" >&3
