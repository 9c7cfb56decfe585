// Whose browser this is. A telephone is shared: what is kept on it is kept under the mark of an account, nothing goes out
// under the next one's name, and a page of who has left is not shown to who came.

const OWNER = "yuanjiao:owner";

// What is kept for an account until it has left, each under its mark: searches in localStorage, texts as caches.
export const SEARCHES = "yuanjiao.searches";
export const LESSONS = "yuanjiao:lessons:";

// The account this page was drawn for: "" at the door, undefined where a page does not say, as one that was not found.
export const owner = document.body.dataset.owner;

// The account that was last seen here, also on a page that does not say.
export const whose = () => owner ?? read() ?? "";

// Whether nobody else has signed in here since this page was drawn. A browser that keeps nothing is taken at its word.
export function isHere() {
  const now = read();
  return owner === undefined || now === null || now === owner;
}

const [visit] = performance.getEntriesByType("navigation");
if (!isHere() && visit?.type === "back_forward") anew();
else if (owner !== undefined) write(owner);
addEventListener("pageshow", (event) => event.persisted && !isHere() && anew());

function anew() {
  document.documentElement.hidden = true;
  location.reload();
}

function read() {
  try {
    return localStorage.getItem(OWNER);
  } catch {
    return null;
  }
}

function write(mark) {
  try {
    localStorage.setItem(OWNER, mark);
  } catch {
    // Without storage there is nothing of anybody to be told apart.
  }
}
