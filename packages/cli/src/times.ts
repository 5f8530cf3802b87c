import { UsageError } from './usage-error.js'

const UNITS: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 }
/** ISO 8601: a day, or a moment that says its zone. */
const ISO = /^\d{4}-\d\d-\d\d(?:T\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:\d\d))?$/

/** Beyond it dates have more digits than others read. */
const LAST = Date.parse('9999-12-31T23:59:59.999Z')

/**
 * Reads a moment that is to come, epoch milliseconds: a time from `now` (`7d`, `12h`, `30m`, `45s`, `2w`; `0s` is now),
 * or an ISO date (`2027-03-31`, its first moment in UTC, or `2027-03-31T12:00Z`).
 *
 * @param help the command whose help the error points to
 * @throws UsageError that names the option
 */
export function parseMoment(option: string, text: string, now: number, help: string): number {
  const moment = readMoment(option, text, help, (ahead) => now + ahead)
  if (moment < now) throw new UsageError(`option "--${option}" is in the past`, help)
  return moment
}

/**
 * Reads a moment of what was recorded, epoch milliseconds: a time before `now` (`7d`, `12h`, …), or an ISO date.
 *
 * @param help the command whose help the error points to
 * @throws UsageError that names the option
 */
export function parseSince(option: string, text: string, now: number, help: string): number {
  return readMoment(option, text, help, (ago) => now - ago)
}

/** `2027-03-31 12:00 UTC`. */
export function toMinute(moment: number): string {
  return `${new Date(moment).toISOString().slice(0, 16).replace('T', ' ')} UTC`
}

/** The same with seconds where it is within an hour of `now`: `2027-03-31 12:00:05 UTC`. */
export function toMoment(moment: number, now: number): string {
  if (Math.abs(moment - now) >= UNITS.h!) return toMinute(moment)
  return `${new Date(moment).toISOString().slice(0, 19).replace('T', ' ')} UTC`
}

/** How long, in its two largest units: `3d 4h`, `7h 59m`, `45s`. */
export function toSpan(milliseconds: number): string {
  const seconds = Math.floor(milliseconds / 1000)
  const parts = [
    [Math.floor(seconds / 86_400), 'd'],
    [Math.floor(seconds / 3600) % 24, 'h'],
    [Math.floor(seconds / 60) % 60, 'm'],
    [seconds % 60, 's'],
  ] as const
  const first = parts.findIndex(([count]) => count > 0)
  const shown = first === -1 ? parts.slice(-1) : parts.slice(first, first + 2)
  return shown.map(([count, unit]) => `${count}${unit}`).join(' ')
}

/** For JSON: ISO 8601, or null. */
export function toIso(moment: number | null): string | null {
  return moment === null ? null : new Date(moment).toISOString()
}

function readMoment(option: string, text: string, help: string, fromNow: (ms: number) => number): number {
  const [, count, unit] = /^(\d{1,6})([smhdw])$/.exec(text) ?? []
  const moment = count !== undefined ? fromNow(Number(count) * UNITS[unit!]!) : readIso(text)
  if (Number.isNaN(moment)) {
    throw new UsageError(`option "--${option}" is neither a time such as 7d, 12h or 30m, nor an ISO date`, help)
  }
  if (moment < 0 || moment > LAST)
    throw new UsageError(`option "--${option}" is not within the years 1970 to 9999`, help)
  return moment
}

/** Date.parse makes 3 March of 31 February. */
function readIso(text: string): number {
  const day = text.slice(0, 10)
  const isDay = ISO.test(text) && !Number.isNaN(Date.parse(day)) && new Date(day).toISOString().startsWith(day)
  return isDay ? Date.parse(text) : Number.NaN
}
