// Dead links, and links to a place on the page that is not there: what crawl.mjs came by.
import { readFileSync } from "node:fs";
import { found, pages, ran } from "./city.mjs";

const { dead, links } = JSON.parse(readFileSync(`${process.env.WORK}/links.json`));
dead.forEach(found);
ran("own", `${links} links, ${pages().length} pages`);
