// Elements. Text from outside becomes a text node here and never markup.

/**
 * Makes an element. Attributes whose name begins with "on" are listeners, `true` is an attribute without a value, and
 * `false`, `null` and `undefined` are left out. Children are nodes, or anything else as text.
 */
export function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith("on")) {
      made.addEventListener(key.slice(2), value);
    } else if (value === true) {
      made.setAttribute(key, "");
    } else if (value !== false && value !== null && value !== undefined) {
      made.setAttribute(key, value);
    }
  }
  made.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return made;
}

/** Sets the text of an element, and touches nothing if it says that already: screen readers repeat what changes. */
export function say(target, text) {
  if (target.textContent !== text) {
    target.textContent = text;
  }
}

/**
 * Makes the children of `parent` those of `items`, in order. An item that was there keeps its element, and with it focus
 * and selection.
 */
export function keyed(parent, items, keyOf, make, update) {
  const before = new Map(Array.from(parent.children, (child) => [child.dataset.key, child]));
  const wanted = items.map((item) => {
    const key = keyOf(item);
    let child = before.get(key);
    if (child === undefined) {
      child = make(item);
      child.dataset.key = key;
    }
    before.delete(key);
    update(child, item);
    return child;
  });
  for (const gone of before.values()) {
    gone.remove();
  }
  wanted.forEach((child, index) => {
    if (parent.children[index] !== child) {
      parent.insertBefore(child, parent.children[index] ?? null);
    }
  });
}

/** A line to copy, with a button that does. */
export function snippet(text) {
  const button = element("button", { type: "button", "aria-label": `Copy: ${text}` }, "Copy");
  button.addEventListener("click", async () => {
    say(button, (await copied(text)) ? "Copied" : "Select and copy");
    setTimeout(() => say(button, "Copy"), 2000);
  });
  return element("div", { class: "snippet" }, element("code", {}, text), button);
}

/** Pages that came without TLS have no clipboard. */
async function copied(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false;
  }
}
