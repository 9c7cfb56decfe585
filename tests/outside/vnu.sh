# The Nu HTML checker on every page that was found.
jar=$CACHE/npm/node_modules/vnu-jar/build/dist/vnu.jar
java -jar "$jar" --exit-zero-always --format json "$WORK"/pages/*.html 2>"$WORK/vnu.json"
node -e '
  const { readFileSync } = require("fs");
  const pages = JSON.parse(readFileSync(`${process.argv[1]}/pages.json`));
  const said = new Set(JSON.parse(readFileSync(`${process.argv[1]}/vnu.json`)).messages.map(({ type, subType, message, url }) =>
    `${subType ?? type}: ${message.replace(/\s+/g, " ")} on ${pages.find((page) => url.endsWith(page.file)).shape}`));
  said.forEach((line) => console.log(line));
' "$WORK"
printf '%s\t%s pages\n' "$(java -jar "$jar" --version)" "$(ls "$WORK"/pages | wc -l)" >&3
