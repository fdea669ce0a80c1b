// The player in a page: a scene to turn and zoom, a clock, curves whose cursor is the clock. Two rollouts share clock and view.
import { unpack } from "../packed.js";
import { Curves } from "./curves.js";
import { canDraw, finestRatio, onRestored } from "./graphics.js";
import { Stage } from "./stage.js";
import { isDark, onThemeChange, style } from "./theme.js";

const speeds = [0.25, 0.5, 1, 2, 4];

/** Puts the player into `host` in place of the picture there, which stays where nothing can be drawn. */
export function start(host: HTMLElement, bytes: Uint8Array): void {
  if (!canDraw()) return;
  const { rollouts, settings } = unpack(bytes);
  const root = host.attachShadow({ mode: "open" });
  const player = document.createElement("div");
  player.className = "player";
  player.dataset.count = String(rollouts.length);
  const sheet = document.createElement("style");
  sheet.textContent = style;
  root.append(sheet, player);

  const durations = rollouts.map(({ frames, secondsPerFrame }) => (frames - 1) * secondsPerFrame);
  const duration = Math.max(...durations);
  const longest = rollouts[durations.indexOf(duration)]!;
  const view = element("div", "view");
  const canvas = element("canvas");
  canvas.tabIndex = 0;
  canvas.setAttribute("role", "img");
  canvas.setAttribute(
    "aria-label",
    `3-D scene: ${rollouts.map(({ title }) => title).join(" and ")}. Drag to turn, scroll to zoom, space to play.`,
  );
  view.append(canvas);
  rollouts.forEach(({ title }, i) => {
    const label = element("div", "label", title);
    label.style.left = `${(100 * i) / rollouts.length}%`;
    label.style.maxWidth = `calc(${100 / rollouts.length}% - 24px)`;
    if (rollouts.length > 1) label.dataset.series = String(i);
    view.append(label);
  });
  player.append(view);

  const stage = new Stage(rollouts, canvas, () => requestDraw());
  let [time, isPlaying, speed, isDue, last] = [0, false, 1, false, 0];

  const play = button("Play", playIcon);
  play.classList.add("play");
  const slider = element("input");
  Object.assign(slider, { type: "range", min: "0", max: String(longest.frames - 1), step: "any", value: "0" });
  slider.setAttribute("aria-label", "Time");
  const reading = element("output", "time");
  const speedChoice = element("select");
  speedChoice.setAttribute("aria-label", "Speed");
  for (const value of speeds) speedChoice.append(new Option(`${value}×`, String(value), value === 1, value === 1));
  const follow = button("Follow", "Follow");
  const reset = button("Reset view", "Reset");
  const bar = element("div", "bar");
  bar.append(...(duration > 0 ? [play, slider, reading, speedChoice, follow] : []), reset);
  player.append(bar);
  const curves = new Curves(rollouts, duration, (moment) => seek(moment));
  player.append(curves.element);

  function seek(moment: number): void {
    time = Math.max(0, Math.min(duration, moment));
    slider.value = String(time / longest.secondsPerFrame);
    slider.style.setProperty("--played", `${duration > 0 ? (100 * time) / duration : 0}%`);
    reading.textContent = `${time.toFixed(2)} / ${duration.toFixed(2)} s`;
    player.dataset.frame = String(Math.round(time / longest.secondsPerFrame));
    stage.setTime(time);
    curves.setTime(time);
    requestDraw();
  }
  function setPlaying(wanted: boolean): void {
    if (wanted === isPlaying || duration === 0) return;
    isPlaying = wanted;
    play.innerHTML = isPlaying ? pauseIcon : playIcon;
    play.setAttribute("aria-label", isPlaying ? "Pause" : "Play");
    play.title = isPlaying ? "Pause" : "Play";
    player.dataset.playing = String(isPlaying);
    if (isPlaying && time >= duration) seek(0);
    last = performance.now();
    requestDraw();
  }
  function setFollowing(wanted: boolean): void {
    stage.follows = wanted;
    follow.setAttribute("aria-pressed", String(wanted));
    seek(time);
  }
  function requestDraw(): void {
    if (isDue) return;
    isDue = true;
    requestAnimationFrame(draw);
  }
  function draw(now: number): void {
    isDue = false;
    if (!host.isConnected) return detach();
    attach();
    if (isPlaying) {
      const moment = time + (speed * Math.max(0, now - last)) / 1000;
      last = now;
      seek(moment);
      if (moment >= duration) setPlaying(false);
    }
    const { clientWidth, clientHeight } = canvas;
    if (clientWidth > 0) stage.draw(clientWidth, clientHeight, Math.min(finestRatio(), devicePixelRatio || 1));
  }

  play.addEventListener("click", () => setPlaying(!isPlaying));
  slider.addEventListener("input", () => {
    setPlaying(false);
    seek(Number(slider.value) * longest.secondsPerFrame);
  });
  speedChoice.addEventListener("change", () => {
    speed = Number(speedChoice.value);
  });
  follow.addEventListener("click", () => setFollowing(!stage.follows));
  reset.addEventListener("click", () => stage.resetView());
  const keys: Readonly<Record<string, (event: KeyboardEvent) => void>> = {
    " ": () => setPlaying(!isPlaying),
    ArrowLeft: (event) => seek(time - longest.secondsPerFrame * (event.shiftKey ? 10 : 1)),
    ArrowRight: (event) => seek(time + longest.secondsPerFrame * (event.shiftKey ? 10 : 1)),
    Home: () => seek(0),
    End: () => seek(duration),
    f: () => setFollowing(!stage.follows),
    r: () => stage.resetView(),
    "+": () => stage.zoom(0.8),
    "-": () => stage.zoom(1.25),
  };
  player.addEventListener("keydown", (event) => {
    // Notebooks have keys of their own, and what has the focus may need this one itself.
    event.stopPropagation();
    const { target } = event;
    if (
      target instanceof HTMLSelectElement ||
      (target instanceof HTMLElement && target !== canvas && event.key === " ")
    ) {
      return;
    }
    if (target === slider && /^(Arrow|Home|End)/.test(event.key)) return;
    const act = event.ctrlKey || event.metaKey || event.altKey ? undefined : keys[event.key];
    if (!act) return;
    event.preventDefault();
    act(event);
  });
  // The wheel scrolls the page until the scene is chosen.
  canvas.addEventListener("pointerdown", () => canvas.focus({ preventScroll: true }));
  canvas.addEventListener("focus", () => stage.setZooming(true));
  canvas.addEventListener("blur", () => stage.setZooming(false));

  const showTheme = () => {
    const dark = isDark(host);
    player.dataset.theme = dark ? "dark" : "light";
    stage.setTheme(dark);
    requestDraw();
  };
  // Notebooks take outputs off the page and put them back as it is scrolled: until then nothing is kept on the graphics card.
  let detachers: readonly (() => void)[] | undefined;
  function attach(): void {
    if (detachers) return;
    detachers = [onThemeChange(showTheme), onRestored(requestDraw)];
    showTheme();
  }
  function detach(): void {
    setPlaying(false);
    for (const forget of detachers ?? []) forget();
    detachers = undefined;
    stage.release();
  }
  new ResizeObserver(() => requestDraw()).observe(canvas);

  setFollowing(settings.follow ?? stage.goesFar);
}

const playIcon = `<svg viewBox="0 0 16 16" aria-hidden="true"><path d="M4 2.5v11l9-5.5z"/></svg>`;
const pauseIcon = `<svg viewBox="0 0 16 16" aria-hidden="true"><path d="M3.5 2.5h3v11h-3zM9.5 2.5h3v11h-3z"/></svg>`;

function element<Name extends keyof HTMLElementTagNameMap>(name: Name, className = "", text = "") {
  const made = document.createElement(name);
  made.className = className;
  made.textContent = text;
  return made;
}

function button(title: string, content: string): HTMLButtonElement {
  const made = element("button");
  made.type = "button";
  made.title = title;
  made.setAttribute("aria-label", title);
  made.innerHTML = content;
  return made;
}
