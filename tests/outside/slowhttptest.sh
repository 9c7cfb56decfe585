# 500 connections that send slowly, or read slowly, for 20 seconds each: a page, a search and a range of a recording are
# served meanwhile, each within a second.
token=$(token cadre)
signed=(-s -m 5 -H "Authorization: Bearer $token")
recording=$(curl "${signed[@]}" "$URL/api/v1/lessons/1" | grep -oE '/media/[0-9a-f]{64}' | head -n 1 || true)
[ -n "$recording" ] || { echo 'the first lesson has no recording' >&2; exit 1; }
answered=0 slowest=0
ask() { # what it is, the status it must have, and curl's words for it
  local what=$1 wanted=$2 code took
  shift 2
  read -r code took < <(curl "${signed[@]}" -o /dev/null -w '%{http_code} %{time_total}\n' "$@" || echo '000 5')
  answered=$((answered + 1))
  slowest=$(awk -v a="$slowest" -v b="$took" 'BEGIN { print (b > a ? b : a) }')
  if [ "$code" != "$wanted" ] || [ "${took%%.*}" -ge 1 ]; then
    echo "slowhttptest ${attack%% *}: $what answered $code after $took s"
  fi
}
for attack in '-H -i 5' '-B -i 5 -s 8192' '-X -w 512 -y 1024 -n 5 -z 32 -k 3'; do
  page=/sign-in
  [ "${attack%% *}" != -X ] || page=/openapi.json
  slowhttptest -c 500 -r 200 -l 20 -u "$URL$page" $attack >"$WORK/slowhttptest.log" 2>&1 &
  attacker=$!
  held=0 before=$answered
  while kill -0 "$attacker" 2>/dev/null; do
    now=$(ss -Htn state established "sport = :${URL##*:}" | wc -l)
    held=$((now > held ? now : held))
    ask 'a page' 200 "$URL/home"
    ask 'a search' 200 "$URL/api/v1/search?q=$((answered % 7))%E6%B0%B4%E7%A8%BB"
    ask 'a range' 206 -H 'Range: bytes=1000-66535' "$URL$recording"
    sleep 0.3
  done
  cat "$WORK/slowhttptest.log" >&2
  # Against a server that lets them stand it would prove nothing if they had never stood.
  [ "$held" -ge 300 ] || echo "slowhttptest ${attack%% *}: only $held connections stood at once"
  [ $((answered - before)) -gt 30 ] || echo "slowhttptest ${attack%% *}: only $((answered - before)) requests were tried meanwhile"
  echo "${attack%% *}: $held connections at once, $((answered - before)) requests" >&2
done
printf '%s\tslow heads, bodies and readers, 500 connections each; %s pages, searches and ranges meanwhile, the slowest %.2f s\n' \
  "$(slowhttptest -h 2>&1 | sed -n 's/.*v\. *\([0-9.]*\).*/\1/p;s/.*version[^0-9]*\([0-9.]*\).*/\1/p' | head -n 1)" "$answered" "$slowest" >&3
