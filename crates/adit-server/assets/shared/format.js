// Numbers as people read them.

const whole = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
const short = new Intl.NumberFormat("en", { maximumFractionDigits: 1 });

/** `1 viewer`, `2 viewers`. */
export function count(number, one, many = `${one}s`) {
  return `${whole.format(number)} ${number === 1 ? one : many}`;
}

/** Bits a second. */
export function rate(bits) {
  return `${scaled(bits, 1000)}bit/s`;
}

/** Bytes, in powers of 1,024. */
export function bytes(number) {
  const steps = ["B", "KiB", "MiB", "GiB", "TiB"];
  const step = power(number, 1024, steps.length);
  return `${short.format(number / 1024 ** step)} ${steps[step]}`;
}

/** A length of time: `850 ms`, `12 s`, `3 min`, `2 h 5 min`, `4 d 1 h`. */
export function duration(ms) {
  if (ms < 1000) {
    return `${whole.format(ms)} ms`;
  }
  const seconds = Math.floor(ms / 1000);
  const [days, hours, minutes] = [Math.floor(seconds / 86400), Math.floor(seconds / 3600) % 24, Math.floor(seconds / 60) % 60];
  if (days > 0) {
    return `${days} d ${hours} h`;
  }
  if (hours > 0) {
    return `${hours} h ${minutes} min`;
  }
  return minutes > 0 ? `${minutes} min` : `${seconds} s`;
}

/** A codec by the name people know; what is not known stays as it came. */
export function codec(text) {
  const names = [
    ["avc1", "H.264"],
    ["h264", "H.264"],
    ["hevc", "HEVC"],
    ["av1", "AV1"],
    ["vp9", "VP9"],
    ["h263", "H.263"],
    ["aac", "AAC"],
    ["speex", "Speex"],
    ["nellymoser", "Nellymoser"],
    ["avc3", "H.264"],
    ["hvc1", "HEVC"],
    ["hev1", "HEVC"],
    ["av01", "AV1"],
    ["vp08", "VP8"],
    ["vp09", "VP9"],
    ["mp4a.40.34", "MP3"],
    ["mp4a.6B", "MP3"],
    ["mp4a.69", "MP3"],
    ["mp3", "MP3"],
    ["mp4a", "AAC"],
    ["opus", "Opus"],
    ["flac", "FLAC"],
    ["ac-3", "AC-3"],
    ["ec-3", "E-AC-3"],
  ];
  const found = names.find(([prefix]) => text.toLowerCase().startsWith(prefix.toLowerCase()));
  return found === undefined ? text : found[1];
}

function scaled(number, base) {
  const steps = ["", "k", "M", "G"];
  const step = power(number, base, steps.length);
  return `${short.format(number / base ** step)} ${steps[step]}`;
}

function power(number, base, steps) {
  let step = 0;
  while (step + 1 < steps && number >= base ** (step + 1)) {
    step += 1;
  }
  return step;
}
