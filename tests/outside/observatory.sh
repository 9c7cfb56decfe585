# The MDN HTTP Observatory. It judges public sites by name and https, so here it is handed the answers of this server.
observatory=$CACHE/npm/node_modules/@mdn/mdn-http-observatory
export SITE=$URL
(cd "$observatory" && node --input-type=module -e '
  const { scan } = await import("./src/scanner/index.js");
  const { Site } = await import("./src/site.js");
  const result = await scan(Site.fromSiteString(process.env.SITE.replace("127.0.0.1", "localhost")));
  console.error(JSON.stringify(result.scan));
  for (const [name, { pass, result: said, scoreDescription }] of Object.entries(result.tests))
    if (!pass) console.log(`${name}: ${said}, ${scoreDescription}`);
')
printf '%s\tthe sign-in page\n' "$(sed -n 's/.*"version": "\(.*\)".*/\1/p' "$observatory/package.json")" >&3
