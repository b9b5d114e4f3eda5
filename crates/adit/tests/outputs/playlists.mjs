// Reads the playlists that are named, as strictly as hls-parser does, and prints what it finds in each as one line of JSON.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const HLS = createRequire(import.meta.url)(process.env.HLS_PARSER);
HLS.setOptions({ strictMode: true });

for (const file of process.argv.slice(2)) {
  const playlist = HLS.parse(readFileSync(file, "utf8"));
  const { isMasterPlaylist, lowLatencyCompatibility, segments = [], variants = [] } = playlist;
  const found = {
    variants: variants.length,
    codecs: variants.map(({ codecs }) => codecs).join(),
    segments: segments.filter(({ duration }) => duration > 0).length,
    parts: segments.flatMap(({ parts }) => parts).filter(({ hint }) => !hint).length,
    hints: segments.flatMap(({ parts }) => parts).filter(({ hint }) => hint).length,
    dates: segments.filter(({ programDateTime }) => programDateTime).length,
    skip: playlist.skip ?? 0,
    canBlock: lowLatencyCompatibility?.canBlockReload ?? false,
    ended: playlist.endlist ?? false,
  };
  console.log(JSON.stringify({ isMasterPlaylist, ...found }));
}
