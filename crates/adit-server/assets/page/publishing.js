// How to publish to this server, said with the address that the visitor came by.

import { element, snippet } from "../shared/dom.js";

/** What stands where no stream is live. */
export function howToPublish() {
  const server = serverAddress(location);
  return [
    element("p", {}, "Nothing is live at the moment. Streams show up here by themselves."),
    element("h3", {}, "Publish with OBS"),
    element("p", {}, "Settings, Stream, Service “Custom”: this server, and as the stream key a name of your choice (or the key that the operator gave you)."),
    snippet(server),
    element("h3", {}, "Publish with ffmpeg"),
    snippet(`ffmpeg -re -i FILE -c copy -f flv ${server}/NAME`),
    element("p", { class: "quiet small" }, `Behind a proxy the server may have another address than this page.`),
  ];
}

/** The RTMP address of what answers HTTP here: every port speaks both. */
export function serverAddress({ protocol, hostname, port }) {
  const [scheme, usual, web] = protocol === "https:" ? ["rtmps", "443", "443"] : ["rtmp", "1935", "80"];
  const actual = port === "" ? web : port;
  return `${scheme}://${hostname}${actual === usual ? "" : `:${actual}`}/live`;
}
