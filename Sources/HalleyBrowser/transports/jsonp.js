import { poll } from "../client/poll.js";

/** Where answers are handed in: `halleyAnswers.a1(…)`. */
const answers = (globalThis.halleyAnswers = globalThis.halleyAnswers || {});
let count = 0;

/** A script that is given up can't be broken off, and takes one of six connections until it is answered: soon, so. */
const SECONDS = 10;

/** Long polling by script tags: no CORS, no `fetch`. The last resort, for it runs what the server says. */
export const jsonp = {
  _name: "jsonp",
  _isPoll: true,
  _isOfDocument: true,
  _isAvailable: () => typeof document === "object",

  _open(request, sink) {
    let drop = () => {};
    return poll(request, sink, "jsonp", { seconds: SECONDS }, {
      _ask: (url) => new Promise((resolve, reject) => {
        const name = "a" + ++count;
        const script = document.createElement("script");
        drop = () => {
          script.remove();
          // The answer may come all the same, and must find something to call.
          if (answers[name]) answers[name] = () => delete answers[name];
        };
        answers[name] = (answer) => {
          delete answers[name];
          if (answer.error) reject({ _status: answer.status, _text: answer.error });
          else resolve(answer);
        };
        // After an answer this changes nothing; loaded without one, it was none of ours.
        script.onload = script.onerror = () => {
          script.remove();
          delete answers[name];
          reject({});
        };
        script.src = url + "&callback=halleyAnswers." + name;
        document.documentElement.appendChild(script);
      }),
      _stop: () => drop(),
    });
  },
};
