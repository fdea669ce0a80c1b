// Local time in strftime notation, as far as run names need it.

const directives: Readonly<Record<string, (time: Date) => string>> = {
  Y: (time) => String(time.getFullYear()),
  y: (time) => digits(time.getFullYear() % 100, 2),
  m: (time) => digits(time.getMonth() + 1, 2),
  d: (time) => digits(time.getDate(), 2),
  H: (time) => digits(time.getHours(), 2),
  M: (time) => digits(time.getMinutes(), 2),
  S: (time) => digits(time.getSeconds(), 2),
  f: (time) => digits(time.getMilliseconds() * 1000, 6),
  "%": () => "%",
};

/** "%Y-%m-%d_%H-%M-%S" -> "2026-03-01_07-05-09"; directives other than %Y %y %m %d %H %M %S %f %% stay as they are. */
export function formatTime(format: string, time: Date): string {
  return format.replace(/%(.)/g, (whole, name: string) => directives[name]?.(time) ?? whole);
}

function digits(value: number, count: number): string {
  return String(value).padStart(count, "0");
}
