# html-validate on every page that was found. Off are rules that choose between two ways the standard allows, and the one
# against fields of one name: such fields are a list.
check=$CACHE/npm/node_modules/.bin/html-validate
cat >"$WORK/.htmlvalidate.json" <<'RULES'
{
  "root": true,
  "extends": ["html-validate:recommended", "html-validate:a11y"],
  "rules": {
    "long-title": "off",
    "no-trailing-whitespace": "off",
    "void-style": "off",
    "doctype-style": "off",
    "no-implicit-button-type": "off",
    "no-implicit-input-type": "off",
    "form-dup-name": "off",
    "aria-label-misuse": ["error", { "allowAnyNamable": true }],
    "tel-non-breaking": "off"
  }
}
RULES
(cd "$WORK" && "$check" --config .htmlvalidate.json --formatter json 'pages/*.html' >html-validate.json) || true
node -e '
  const { readFileSync } = require("fs");
  const pages = JSON.parse(readFileSync(`${process.argv[1]}/pages.json`));
  const said = new Set();
  for (const { filePath, messages } of JSON.parse(readFileSync(`${process.argv[1]}/html-validate.json`)))
    for (const { ruleId, message, selector } of messages)
      said.add(`${ruleId}: ${message.replace(/\s+/g, " ")} at ${selector} on ${pages.find((page) => filePath.endsWith(page.file.split("/").pop())).shape}`);
  said.forEach((line) => console.log(line));
' "$WORK"
printf '%s\t%s pages\n' "$("$check" --version | sed 's/[^0-9]*//')" "$(ls "$WORK"/pages | wc -l)" >&3
