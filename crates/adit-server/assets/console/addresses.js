// Where the public ports are, seen from this browser.

/**
 * The origin of the first public port. Where that takes in all addresses of the machine, the one that this page came from
 * is as good as any, and the operator has reached it.
 */
export function mediaBase({ listen: [first] }) {
  const port = first.slice(first.lastIndexOf(":") + 1);
  const host = first.slice(0, -port.length - 1);
  const isAny = host === "0.0.0.0" || host === "[::]";
  return `http://${isAny ? location.hostname : host}:${port}/`;
}

/** The name of a stream as people write it. */
export function title({ application, instance, name }) {
  return named(application, instance, name).join("/");
}

function named(application, instance, name) {
  return [application, instance === "_definst_" ? "" : instance, name].filter(Boolean);
}

/** A stream by the identifier that the API gives it: host, application, instance and name. */
export function titleOfId(id) {
  const bytes = Uint8Array.from(atob(id.replaceAll("-", "+").replaceAll("_", "/")), (character) => character.charCodeAt(0));
  const [, application, instance, name] = new TextDecoder().decode(bytes).split("\0");
  return title({ application, instance, name });
}

/** What the addresses of a stream begin with, as outputs name it. */
export function streamUrl({ application, instance, name }) {
  const parts = named(application, instance, name);
  return parts.map((part) => part.split("/").map(encodeURIComponent).join("/")).join("/");
}
