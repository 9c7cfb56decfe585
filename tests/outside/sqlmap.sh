# sqlmap on the parameters that reach the database or the index, as a trainer.
sqlmap=$CACHE/sqlmap/bin
token=$(token trainer)
attack() { # an address, and what is posted to it
  timeout 120 "$sqlmap/sqlmap" -u "$URL$1" ${2:+--data "$2"} --cookie "yj_access=$token" --batch --flush-session --level 2 \
    --risk 1 --technique BEUT --time-sec 3 --dbms sqlite --disable-coloring --ignore-code 400,401,404 \
    --output-dir "$WORK/sqlmap" -v 1 >"$WORK/sqlmap.txt" 2>&1 || true
  cat "$WORK/sqlmap.txt" >&2
  # What merely appears to be injectable sqlmap checks itself before it names the parameter.
  sed -n 's/^Parameter: /injectable: /p' "$WORK/sqlmap.txt" | sed "s|\$| at ${1%%\?*}|"
}
attack '/search?q=x&category=agriculture&sort=newest&cursor=1'
attack '/api/v1/search?q=x&page=1&size=5'
attack '/studio?q=x&state=draft&page=1'
attack '/office/people?unit=1&q=x&page=1'
attack '/studio/attendance?unit=1&from=2026-01-01&to=2026-12-31&kind=x&sort=x'
attack '/sign-in' 'login=x&password=y&next=/home'
printf '%s\t6 addresses, 19 parameters\n' "$("$sqlmap/pip" list 2>/dev/null | sed -n 's/^sqlmap *//p')" >&3
