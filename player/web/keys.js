// A page that is no room but may be reached from one with nothing but a remote: the sign-in.

import { listen } from "./remote.js";

listen();
