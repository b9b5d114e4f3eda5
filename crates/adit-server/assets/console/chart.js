// A small line chart: what happened in the last minutes.

const SVG = "http://www.w3.org/2000/svg";
const [WIDTH, HEIGHT] = [100, 40];

/** Numbers over time, as many as are worth keeping. */
export class Series {
  #points = [];

  constructor(spanMs) {
    this.spanMs = spanMs;
  }

  /** Adds a number; `null` is a gap. */
  add(at, value) {
    this.#points.push({ at, value });
    while (this.#points[0].at < at - this.spanMs) {
      this.#points.shift();
    }
  }

  get last() {
    return this.#points.at(-1)?.value ?? null;
  }

  get points() {
    return this.#points;
  }
}

/** Makes an empty chart. */
export function makeChart(kind) {
  const chart = document.createElementNS(SVG, "svg");
  chart.setAttribute("class", `chart ${kind}`);
  chart.setAttribute("viewBox", `0 0 ${WIDTH} ${HEIGHT}`);
  chart.setAttribute("preserveAspectRatio", "none");
  chart.setAttribute("role", "img");
  chart.append(document.createElementNS(SVG, "path"));
  return chart;
}

/** Draws a series from zero to a little above its largest number; `text` says it to who cannot see it. */
export function draw(chart, series, now, text) {
  const values = series.points.map(({ value }) => value ?? 0);
  const most = Math.max(...values, 0) * 1.1 || 1;
  const x = (at) => (WIDTH * (at - now + series.spanMs)) / series.spanMs;
  const y = (value) => HEIGHT - 1 - ((HEIGHT - 2) * value) / most;
  let isDrawing = false;
  const path = series.points.map(({ at, value }) => {
    if (value === null) {
      isDrawing = false;
      return "";
    }
    const command = isDrawing ? "L" : "M";
    isDrawing = true;
    return `${command}${x(at).toFixed(2)} ${y(value).toFixed(2)}`;
  });
  chart.firstElementChild.setAttribute("d", path.join(""));
  chart.setAttribute("aria-label", text);
}
