# The MDN HTTP Observatory on the sign-in page. Its list of sites that browsers know to use https is left empty: it is
# fetched from the net, and this server is none of them.
observatory=$CACHE/npm/node_modules/@mdn/mdn-http-observatory
[ -e "$observatory/conf/hsts-preload.json" ] || echo '{}' >"$observatory/conf/hsts-preload.json"
node "$observatory/src/scan.js" "${URL#http://}" >"$WORK/observatory.json"
node -e '
  const { error, scan, tests } = JSON.parse(require("fs").readFileSync(process.argv[1]));
  if (error) throw new Error(error);
  console.error(`${scan.grade}, ${scan.score} of 100`);
  for (const [name, { pass, result }] of Object.entries(tests)) if (!pass) console.log(`${name}: ${result}`);
' "$WORK/observatory.json"
printf '%s\tthe sign-in page\n' "$(sed -n 's/.*"version": "\(.*\)".*/\1/p' "$observatory/package.json")" >&3
