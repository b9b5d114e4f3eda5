// A button for what cannot be taken back: it asks once more, on itself.

import { element, say } from "../shared/dom.js";

const PATIENCE_MS = 5000;

/** A button that does `act` when it was pressed twice within a few seconds. */
export function askTwice(label, question, act) {
  const button = element("button", { type: "button" }, label);
  let timer = null;
  const calm = () => {
    clearTimeout(timer);
    timer = null;
    say(button, label);
  };
  button.addEventListener("click", () => {
    if (timer !== null) {
      calm();
      act();
      return;
    }
    say(button, question);
    timer = setTimeout(calm, PATIENCE_MS);
  });
  button.addEventListener("blur", () => timer !== null && calm());
  return button;
}
