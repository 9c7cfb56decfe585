# wapiti as a cadre and as a trainer: its modules for injection and for what is left open, two minutes each or so.
wapiti=$CACHE/wapiti/bin
for role in cadre trainer; do
  "$wapiti/wapiti" -u "$URL/home" --scope folder -d 3 --max-links-per-page 20 --max-files-per-dir 20 \
    --max-scan-time 100 --max-attack-time 15 -S normal --flush-session --no-bugreport -f json -o "$WORK/wapiti.json" \
    -H "Authorization: Bearer $(token "$role")" -x "$URL/sign-out" \
    -m sql,timesql,xss,permanentxss,file,exec,crlf,redirect,ssrf,xxe,csrf,upload,http_headers,cookieflags,csp,ldap \
    >&2 || true
  node -e '
    const { vulnerabilities, anomalies } = JSON.parse(require("fs").readFileSync(process.argv[1]));
    for (const [kind, list] of [...Object.entries(vulnerabilities), ...Object.entries(anomalies)])
      for (const { method, path, parameter, info } of list)
        console.log(`${kind}: ${method} ${path} ${parameter ?? ""} ${info} as ${process.argv[2]}`.replace(/\s+/g, " "));
  ' "$WORK/wapiti.json" "$role"
done
printf '%s\tevery form, as cadre and as trainer\n' "$("$wapiti/pip" list 2>/dev/null | sed -n 's/^wapiti3 *//p')" >&3
