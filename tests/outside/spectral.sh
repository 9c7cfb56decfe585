# The API's document under spectral's rules for OpenAPI.
spectral=$CACHE/npm/node_modules/.bin/spectral
curl -sf "$URL/openapi.json" -o "$WORK/openapi.json"
echo 'extends: ["spectral:oas"]' >"$WORK/spectral.yaml"
"$spectral" lint --quiet --format json --ruleset "$WORK/spectral.yaml" "$WORK/openapi.json" >"$WORK/spectral.json" || true
node -e '
  for (const { code, path, message } of JSON.parse(require("fs").readFileSync(process.argv[1]) || "[]"))
    console.log(code, path.join("/"), message.replace(/\s+/g, " "));
' "$WORK/spectral.json"
printf '%s\tspectral:oas on /openapi.json\n' "$("$spectral" --version)" >&3
