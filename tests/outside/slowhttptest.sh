# 500 connections that send slowly, or read slowly, for 20 seconds each: /healthz must go on answering meanwhile.
for attack in '-H -i 5' '-B -i 5 -s 8192' '-X -w 512 -y 1024 -n 5 -z 32 -k 3'; do
  page=/sign-in
  [ "${attack%% *}" != -X ] || page=/openapi.json
  slowhttptest -c 500 -r 200 -l 20 -u "$URL$page" $attack >"$WORK/slowhttptest.log" 2>&1 &
  attacker=$!
  asked=0
  while kill -0 "$attacker" 2>/dev/null; do
    asked=$((asked + 1))
    took=$(curl -s -o /dev/null -m 5 -w '%{http_code} %{time_total}' "$URL/healthz" || true)
    case "$took" in
      '200 0.'*) ;;
      *) echo "slowhttptest ${attack%% *}: /healthz answered $took" ;;
    esac
    sleep 0.5
  done
  [ "$asked" -gt 10 ] || { cat "$WORK/slowhttptest.log" >&2; exit 1; }
done
printf '%s\tslow heads, bodies and readers, 500 connections each\n' \
  "$(slowhttptest -h 2>&1 | sed -n 's/.*v\. *\([0-9.]*\).*/\1/p;s/.*version[^0-9]*\([0-9.]*\).*/\1/p' | head -n 1)" >&3
