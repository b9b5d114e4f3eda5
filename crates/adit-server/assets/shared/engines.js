// The ways to get a stream into a <video>: what each needs, and one function that opens it.
//
// A source is { path, base, query, headers, video, audio }: the path of the stream relative to `base`, what is added to
// each request, and the codecs as RFC 6381 names them or by a plain name such as `hevc` (`undefined`: no such track, or not
// known yet), and `offered`, the ways by which the server has it (`undefined`: all).
// An engine reports by `events`: `failed(kind, detail)` with one of the kinds below, or `ended()`.

/** Why a way did not work. */
export const Failure = Object.freeze({
  /** Nothing arrived, or it broke off. */
  network: "network",
  /** There is no such stream now. */
  gone: "gone",
  /** The server does not let this visitor see it. */
  refused: "refused",
  /** The browser cannot decode it. */
  codec: "codec",
  /** The browser's player gave up. */
  media: "media",
});

export const WAYS = Object.freeze({
  flv: { label: "HTTP-FLV", plays: playsFlv, open: (...all) => openFlv("http", ...all) },
  ws: { label: "WebSocket-FLV", plays: playsFlv, open: (...all) => openFlv("ws", ...all) },
  hls: { label: "HLS", plays: playsHls, open: openHls },
});

/** What of a source a way can show, if it is there: `{ video, audio }`. */
function playsFlv(source) {
  // mpegts.js wants no codec by name of these that are not in FLV; MP3 goes to the browser as it is, outside of MP4.
  return {
    video: track(source.video, /^(avc1|hvc1|hev1|av01)/i, inMp4("video")),
    audio: track(source.audio, /^(mp4a|mp3|opus)/i, (codec) => (isMp3(codec) && supports("audio/mpeg")) || inMp4("audio")(codec)),
  };
}

function playsHls(source) {
  if (mediaSource() === undefined) {
    const native = canPlayNatively();
    return { video: native, audio: native };
  }
  return { video: track(source.video, /./, inMp4("video")), audio: track(source.audio, /./, inMp4("audio")) };
}

/** Whether a track can be played; one that is not known might be. */
function track(codec, known, supported) {
  if (mediaSource() === undefined) {
    return false;
  }
  const full = PLAIN_NAMES[codec] ?? codec;
  return codec === undefined || (known.test(full) && supported(full));
}

/** The commonest form of codecs of which no more is known than the name. */
const PLAIN_NAMES = Object.freeze({
  h264: "avc1.640028",
  hevc: "hvc1.1.6.L93.B0",
  av1: "av01.0.08M.08",
  vp9: "vp09.00.40.08",
  vp8: "vp8",
  aac: "mp4a.40.2",
});

function mediaSource() {
  return globalThis.ManagedMediaSource ?? globalThis.MediaSource;
}

function supports(type) {
  return mediaSource()?.isTypeSupported(type) === true;
}

function inMp4(kind) {
  return (codec) => supports(`${kind}/mp4; codecs="${codec}"`);
}

function isMp3(codec) {
  return /^(mp3|mp4a\.(6b|69|40\.34))$/i.test(codec);
}

function canPlayNatively() {
  return document.createElement("video").canPlayType("application/vnd.apple.mpegurl") !== "";
}

/** The address of a file of the stream, with the visitor's credentials. */
function address(source, suffix) {
  const url = new URL(`./${source.path}${suffix}`, source.base);
  url.search = source.query ?? "";
  return url;
}

async function openFlv(scheme, video, source, events) {
  const mpegts = await loadMpegts();
  const plays = playsFlv(source);
  const url = address(source, ".flv");
  if (scheme === "ws") {
    url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
  }
  const media = { type: "flv", isLive: true, url: url.href };
  // What cannot be played is left out; of the rest the player finds out what is there.
  if (!plays.video) {
    media.hasVideo = false;
  }
  if (!plays.audio) {
    media.hasAudio = false;
  }
  const player = mpegts.createPlayer(media, {
    isLive: true,
    enableStashBuffer: false,
    lazyLoad: false,
    liveSync: true,
    liveSyncMaxLatency: 1.5,
    liveSyncTargetLatency: 0.7,
    liveSyncPlaybackRate: 1.1,
    autoCleanupSourceBuffer: true,
    autoCleanupMaxBackwardDuration: 60,
    autoCleanupMinBackwardDuration: 30,
    referrerPolicy: "no-referrer",
    headers: source.headers,
  });
  player.on(mpegts.Events.ERROR, (_, detail, info) => events.failed(flvFailure(mpegts, detail, info), info?.msg ?? detail));
  player.on(mpegts.Events.LOADING_COMPLETE, () => events.ended());
  player.attachMediaElement(video);
  player.load();
  return () => player.destroy();
}

function flvFailure(mpegts, detail, info) {
  const { ErrorDetails: kinds } = mpegts;
  if (detail === kinds.NETWORK_STATUS_CODE_INVALID) {
    return byStatus(info?.code);
  }
  if (detail === kinds.MEDIA_CODEC_UNSUPPORTED || detail === kinds.MEDIA_FORMAT_UNSUPPORTED) {
    return Failure.codec;
  }
  return [kinds.MEDIA_MSE_ERROR, kinds.MEDIA_FORMAT_ERROR].includes(detail) ? Failure.media : Failure.network;
}

async function openHls(video, source, events) {
  const url = address(source, "/index.m3u8");
  if (mediaSource() === undefined) {
    return openNative(video, url, events);
  }
  const { default: Hls } = await import("../vendor/hls.js");
  const hls = new Hls({
    // A worker would be made of a blob, which the policy of this page does not allow.
    enableWorker: false,
    lowLatencyMode: true,
    backBufferLength: 30,
    manifestLoadingMaxRetry: 1,
    xhrSetup: (request, target) => prepare(request, target, source),
  });
  hls.on(Hls.Events.ERROR, (_, { fatal, type, details, response }) => {
    if (fatal) {
      events.failed(hlsFailure(Hls, type, details, response), details);
    }
  });
  const ended = () => events.ended();
  video.addEventListener("ended", ended);
  hls.attachMedia(video);
  hls.loadSource(url.href);
  return () => {
    video.removeEventListener("ended", ended);
    hls.destroy();
  };
}

/** Segments are named without the visitor's credentials, which go with each request. */
function prepare(request, target, source) {
  const url = new URL(target);
  for (const [name, value] of new URLSearchParams(source.query ?? "")) {
    if (!url.searchParams.has(name)) {
      url.searchParams.set(name, value);
    }
  }
  request.open("GET", url.href, true);
  for (const [name, value] of Object.entries(source.headers ?? {})) {
    request.setRequestHeader(name, value);
  }
}

function hlsFailure(Hls, type, details, response) {
  const { ErrorTypes: types, ErrorDetails: kinds } = Hls;
  if ([kinds.MANIFEST_INCOMPATIBLE_CODECS_ERROR, kinds.BUFFER_ADD_CODEC_ERROR, kinds.BUFFER_INCOMPATIBLE_CODECS_ERROR].includes(details)) {
    return Failure.codec;
  }
  if (type === types.NETWORK_ERROR) {
    return byStatus(response?.code);
  }
  return Failure.media;
}

/** Browsers without Media Source Extensions, which is old iPhones, play HLS themselves. */
function openNative(video, url, events) {
  const failed = () => events.failed(video.error?.code === 2 ? Failure.network : Failure.media, video.error?.message ?? "");
  const ended = () => events.ended();
  video.addEventListener("error", failed);
  video.addEventListener("ended", ended);
  video.src = url.href;
  return () => {
    video.removeEventListener("error", failed);
    video.removeEventListener("ended", ended);
    video.removeAttribute("src");
    video.load();
  };
}

function byStatus(code) {
  if (code === 401 || code === 403) {
    return Failure.refused;
  }
  return code === 404 || code === 410 ? Failure.gone : Failure.network;
}

let mpegtsLoading;

/** The library is no module: its script puts it into the window. It is fetched when it is needed first. */
function loadMpegts() {
  mpegtsLoading ??= new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = new URL("../vendor/mpegts.js", import.meta.url).href;
    script.addEventListener("load", () => {
      globalThis.mpegts.LoggingControl.enableAll = false;
      resolve(globalThis.mpegts);
    });
    script.addEventListener("error", () => {
      mpegtsLoading = undefined;
      script.remove();
      reject(new Error("the player cannot be loaded"));
    });
    document.head.append(script);
  });
  return mpegtsLoading;
}
