import { isIn } from './characters.js'

/** Where in {@link codes} the text begins. So far before it and behind it there are zeros. */
export const BEGIN = 128
/** The longest text that is loaded. */
const LONGEST = 1 << 16

/** In a function, as bundlers make variables of a module's constants: those are loaded and checked at each use. */
function createCodes() {
  const begin = BEGIN
  const codes = new Uint16Array(begin + LONGEST + begin)
  const bytes = Buffer.from(codes.buffer)
  return {
    codes,
    loadCodes(text: string): void {
      bytes.write(text, begin * 2, 'utf16le')
      codes.fill(0, begin + text.length, begin + text.length + begin)
    },
    codeAt: (at: number): number => codes[begin + at]!,
    isAt: (at: number, set: number): boolean => isIn(codes[begin + at]!, set),
  }
}

const created = createCodes()

/**
 * The codes of the text that is being scanned. What is read of it character by character is read here: a number in an array
 * costs a fraction of a `charCodeAt`, which asks each time in what form the text is kept. Scans run one after another.
 */
export const codes = created.codes

/** Makes a text the one that is read. */
export const loadCodes = created.loadCodes

/** The code of the character at a place of the text, 0 outside of it. */
export const codeAt = created.codeAt

/** Whether the character at a place of the text is in the set. */
export const isAt = created.isAt

/** Where a run of characters of the set ends. */
export function endOfRun(from: number, to: number, set: number): number {
  let at = from
  while (at < to && isAt(at, set)) at++
  return at
}

const PER_CENT = 37

/** The same in percent-encoded text, where an escape that `stop`, a sticky expression, takes ends the run too. */
export function endOfEncodedRun(text: string, from: number, to: number, set: number, stop: RegExp): number {
  let at = from
  for (; at < to && isAt(at, set); at++) {
    if (codeAt(at) !== PER_CENT || at + 3 > to) continue
    stop.lastIndex = at
    if (stop.test(text)) break
  }
  return at
}
