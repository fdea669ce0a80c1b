// Curves below the scene: one plot for each name, a line for each rollout, and the clock as a cursor that can be dragged.
import type { UnpackedRollout } from "../packed.js";

const svg = "http://www.w3.org/2000/svg";

interface Plot {
  readonly cursor: HTMLElement;
  readonly readings: readonly {
    readonly text: HTMLElement;
    readonly values: Float32Array;
    readonly secondsPerFrame: number;
  }[];
}

export class Curves {
  readonly element = document.createElement("div");
  readonly #plots: Plot[] = [];
  readonly #duration: number;

  /** @param seek told the moment (s) where a plot is touched. */
  constructor(rollouts: readonly UnpackedRollout[], duration: number, seek: (moment: number) => void) {
    this.#duration = duration;
    this.element.className = "curves";
    const names = [...new Set(rollouts.flatMap(({ curves }) => curves.map(({ name }) => name)))];
    this.element.hidden = names.length === 0 || duration === 0;
    for (const name of this.element.hidden ? [] : names) this.#add(name, rollouts, seek);
  }

  setTime(time: number): void {
    for (const { cursor, readings } of this.#plots) {
      cursor.style.left = `${(100 * time) / this.#duration}%`;
      for (const { text, values, secondsPerFrame } of readings) {
        const value = values[Math.min(values.length - 1, Math.round(time / secondsPerFrame))]!;
        text.textContent = Number.isNaN(value) ? "–" : shown(value);
      }
    }
  }

  #add(name: string, rollouts: readonly UnpackedRollout[], seek: (moment: number) => void): void {
    const lines = rollouts.flatMap(({ curves, secondsPerFrame }) =>
      curves.filter((curve) => curve.name === name).map(({ values }) => ({ values, secondsPerFrame })),
    );
    let [least, most] = [Infinity, -Infinity];
    for (const { values } of lines) {
      for (const value of values) {
        if (value < least) least = value;
        if (value > most) most = value;
      }
    }
    const range = most > least ? most - least : 1;
    const plot = part("div", "plot");
    const drawing = document.createElementNS(svg, "svg");
    drawing.setAttribute("viewBox", "0 0 1000 100");
    drawing.setAttribute("preserveAspectRatio", "none");
    for (const { values, secondsPerFrame } of lines) {
      const path = document.createElementNS(svg, "path");
      let command = "M";
      let d = "";
      values.forEach((value, frame) => {
        if (Number.isNaN(value)) {
          command = "M";
          return;
        }
        const x = (1000 * frame * secondsPerFrame) / this.#duration;
        d += `${command}${x.toFixed(1)} ${(92 - (84 * (value - least)) / range).toFixed(1)}`;
        command = "L";
      });
      path.setAttribute("d", d);
      drawing.append(path);
    }
    const cursor = part("div", "cursor");
    plot.append(drawing, cursor);
    const touch = (event: PointerEvent) => {
      const { left, width } = plot.getBoundingClientRect();
      seek((this.#duration * (event.clientX - left)) / width);
    };
    plot.addEventListener("pointerdown", (event) => {
      plot.setPointerCapture(event.pointerId);
      touch(event);
    });
    plot.addEventListener("pointermove", (event) => {
      if (plot.hasPointerCapture(event.pointerId)) touch(event);
    });
    const value = part("div", "value");
    const readings = lines.map((line) => ({ ...line, text: part("span") }));
    value.append(...readings.map(({ text }) => text));
    const row = part("div", "curve");
    const label = part("div", "name");
    label.textContent = label.title = name;
    row.append(label, plot, value);
    this.element.append(row);
    this.#plots.push({ cursor, readings });
  }
}

function part(name: "div" | "span", className = ""): HTMLElement {
  const made = document.createElement(name);
  made.className = className;
  return made;
}

function shown(value: number): string {
  const size = Math.abs(value);
  return size >= 1000 ? value.toFixed(0) : size >= 100 ? value.toFixed(1) : value.toFixed(2);
}
