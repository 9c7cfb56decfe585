# REDbot's notes of the kinds warning and bad, on what anybody may ask for.
redbot=$CACHE/redbot/bin
sheet=$(curl -s "$URL/sign-in" | sed -n 's/.*rel="stylesheet" href="\([^"]*\)".*/\1/p')
for path in /sign-in /check /openapi.json /healthz "$sheet"; do
  "$redbot/redbot" -o txt "$URL$path" >"$WORK/redbot.txt" || { cat "$WORK/redbot.txt" >&2; exit 1; }
  cat "$WORK/redbot.txt" >&2
done
printf '%s\t5 addresses\n' "$("$redbot/pip" list 2>/dev/null | sed -n 's/^redbot *//p')" >&3
