# REDbot on what anybody may ask for, and through a door that signs in on pages, the API, and a recording: its notes of the
# levels bad and warn.
redbot=$CACHE/redbot/bin
judge() { # the address asked, and how it is named
  "$redbot/redbot" -o har "$1" >"$WORK/redbot.har"
  node -e '
    const { log } = JSON.parse(require("fs").readFileSync(process.argv[1]));
    const [{ _red_messages: notes, response }] = log.entries;
    if (response.status !== 200) console.log(`${response.status} on ${process.argv[2]}`);
    for (const { level, note_id, summary } of notes)
      if (["BAD", "WARN"].includes(level)) console.log(`${level} ${note_id}: ${summary} on ${process.argv[2]}`);
  ' "$WORK/redbot.har" "$2"
  judged=$((judged + 1))
}
judged=0
sheet=$(curl -s "$URL/sign-in" | sed -n 's/.*rel="stylesheet" href="\([^"]*\)".*/\1/p')
for path in /sign-in /check /openapi.json /healthz /readyz /metrics /classroom/pair "$sheet"; do
  judge "$URL$path" "$(sed 's/\.[0-9a-f]*\.css/.css/' <<<"$path")"
done
coproc DOOR { cd tests/outside && exec python3 -c '
from passing import Door
print(Door("trainer").url, Door("office").url, flush=True)
import sys; sys.stdin.read()'; }
read -r trainer office <&"${DOOR[0]}"
recording=$(curl -s "$trainer/api/v1/lessons/1" | grep -oE '\b[0-9a-f]{64}\b' | head -n 1)
for path in /home '/search?q=%E6%B0%B4%E7%A8%BB' /record /studio /api/v1/me '/api/v1/search?q=%E6%B0%B4%E7%A8%BB' /api/v1/courses \
  /api/v1/lessons/1 "/media/$recording"; do
  judge "$trainer$path" "$(sed 's/[0-9a-f]\{64\}/*/' <<<"$path")"
done
for path in /office /office/people /office/gaps /api/v1/people /api/v1/appeals; do judge "$office$path" "$path"; done
kill "$DOOR_PID"
printf '%s\t%s addresses, 14 of them signed in\n' "$("$redbot/pip" list 2>/dev/null | sed -n 's/^redbot *//p')" "$judged" >&3
