export const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i

const KEY_CHARACTERS = /^[\w+/=.~:@!%-]+$/
/** `word-word-12`, `claude.opus.v4`. */
const NUMBERED_WORDS = /^[A-Za-z]+(?:[-_./:][A-Za-z]+)*[-_./:]?v?\d{1,4}$/
const HOST = /^[\w-]+(?:\.[\w-]+)*\.(?:com|org|net|io|dev|ai|local|internal)(?::\d+)?(?:\/|$)/

/** Whether a machine made the value: letters and digits in an order that a reader would not see. */
export function isRandom(value: string, minimum: number): boolean {
  return (
    value.length >= minimum &&
    KEY_CHARACTERS.test(value) &&
    /\d|=$/.test(value) &&
    /[A-Za-z]/.test(value) &&
    new Set(value.slice(0, 64)).size >= Math.min(8, minimum) &&
    !NUMBERED_WORDS.test(value) &&
    !HOST.test(value)
  )
}

/** A random value in whose letters and digits no word, date or dotted name shows. */
export function isDense(value: string, minimum: number): boolean {
  if (value.length < minimum || !/^[\w+/=.:~-]+$/.test(value)) return false
  if (new Set(value).size < 8 || !/\d/.test(value)) return false
  const changes = value.match(/[A-Za-z]\d|\d[A-Za-z]|[a-z][A-Z]/g)?.length ?? 0
  return changes >= 4 || (changes >= 2 && !/[._:/]/.test(value) && /^[0-9a-f-]+$|^[0-9A-Z]+$|[a-z][A-Z]/.test(value))
}
