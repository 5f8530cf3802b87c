import { findAssigned } from './assignment.js'
import { isAlphanumeric, isHex, isName, isWord } from './characters.js'
import { type Finding, LOOK_BEHIND, type Memo, type Rest, WINDOW } from './finding.js'
import { findFlagged, findNamedInProse, findShortOption } from './flags.js'
import { findPrivateKey } from './pem.js'
import { findScheme } from './schemes.js'
import { encodedSeparator, endOfColour, escapeLength, readSeparator } from './separators.js'
import { findByMiddle, MAX_REACH_BACK } from './shapes.js'
import { findUrlAfter, findUserOption } from './urls.js'
import { findVendorKey, mayStart } from './vendor-keys.js'

/** Text is taken up in pieces of at least this many characters: a stream of single bytes costs no more than one of lines. */
const PIECE = 4096

/** What the scanner does where it meets a character; 0: go on. */
const START = 1
const SEPARATOR = 2
const ESCAPE = 3
const MIDDLE = 4
const BRACKET = 5
const DASH = 6
const UNDERSCORE = 7

const actions = new Uint8Array(128)
for (let code = 0; code < 128; code++) if (isAlphanumeric(code)) actions[code] = START
for (const character of ':=>,') actions[character.charCodeAt(0)] = SEPARATOR
for (const character of '\\%') actions[character.charCodeAt(0)] = ESCAPE
actions['~'.charCodeAt(0)] = MIDDLE
actions['-'.charCodeAt(0)] = DASH
actions['_'.charCodeAt(0)] = UNDERSCORE
actions['['.charCodeAt(0)] = BRACKET

/**
 * Masks a text that comes in pieces. Each decision is made at one place, from at most {@link LOOK_BEHIND} characters before
 * it and {@link WINDOW} after it; so however the text was cut, the answers add up to the same, and no more than the window
 * and two pieces are held.
 */
export class Scanner {
  #text = ''
  /** Up to where the text is decided. */
  #at = 0
  /** Up to where it has been given: a little less, because some keys are known by their middle. */
  #given = 0
  /** Whether a key may begin at `#at`, although a letter stands before: after an escape such as `\n` or `%22`. */
  #fresh = false
  #rest: Rest | null = null
  readonly #memo: Memo = { judgedUpTo: 0 }

  /** Takes the next piece; gives what is decided. */
  push(piece: string): string {
    this.#text += piece
    if (this.#text.length - this.#at < WINDOW + PIECE) return ''
    const masked = this.#run(this.#text.length - WINDOW, MAX_REACH_BACK)
    const done = Math.min(this.#at - LOOK_BEHIND, this.#given)
    if (done > 0) {
      this.#text = this.#text.slice(done)
      this.#at -= done
      this.#given -= done
      this.#memo.judgedUpTo -= done
    }
    return masked
  }

  /** Gives what was held. */
  end(): string {
    return this.#run(this.#text.length, 0)
  }

  #run(limit: number, held: number): string {
    const text = this.#text
    let masked = ''
    let at = this.#at
    while (at < limit) {
      if (this.#rest !== null) {
        at = this.#rest(text, at, limit)
        this.#given = at
        if (at >= limit) break
        this.#rest = null
      }
      const next = findPlace(text, at, limit, this.#fresh)
      if (next > at) this.#fresh = false
      at = next
      if (at >= limit) break
      const code = text.charCodeAt(at)
      const action = actions[code]!
      const found = this.#look(text, at, code, action)
      if (found === null || found.start < this.#given || found.end <= found.start) {
        at += this.#skip
        continue
      }
      masked += text.slice(this.#given, found.start) + found.mask
      at = found.end
      this.#given = at
      this.#fresh = false
      this.#rest = found.rest ?? null
    }
    this.#at = at
    const give = Math.max(this.#given, at - held)
    masked += text.slice(this.#given, give)
    this.#given = give
    return masked
  }

  /** How far to go on from a place where nothing was found. */
  #skip = 1

  #look(text: string, at: number, code: number, action: number): Finding | null {
    this.#skip = 1
    this.#fresh = false
    switch (action) {
      case START:
        return findVendorKey(text, at) ?? findWord(text, at, code)
      case SEPARATOR: {
        const separator = readSeparator(text, at, code)
        if (separator === null) return null
        return (
          findAssigned(text, separator, this.#memo) ??
          (code === 58 ? (findUrlAfter(text, separator) ?? findByMiddle(text, at)) : null)
        )
      }
      case ESCAPE: {
        const length = escapeLength(text, at, code)
        if (length === 1) return null
        this.#skip = length
        this.#fresh = true
        const separator = encodedSeparator(text, at, length)
        return separator === null ? null : (findAssigned(text, separator, this.#memo) ?? findUrlAfter(text, separator))
      }
      case BRACKET: {
        const end = endOfColour(text, at)
        if (end > at) {
          this.#skip = end - at
          this.#fresh = true
        }
        return null
      }
      default:
        return code === 45 ? findAtDash(text, at, this.#memo) : (findGlued(text, at) ?? findByMiddle(text, at))
    }
  }
}

/** The next place from `at` on where there is something to look at. Most of the time is spent here. */
function findPlace(text: string, from: number, to: number, fresh: boolean): number {
  let inWord = !fresh && from > 0 && isWord(text.charCodeAt(from - 1))
  for (let at = from; at < to; at++) {
    const code = text.charCodeAt(at)
    const action = code < 128 ? actions[code]! : 0
    if (action === START) {
      if (!inWord && mayStart(code, text.charCodeAt(at + 1), text.charCodeAt(at + 2))) return at
      inWord = true
    } else if (action === 0) {
      inWord = false
    } else if (action === SEPARATOR) {
      if (code === 58 || code === 61) return at
      const before = text.charCodeAt(at - 1)
      if (code === 44 ? before === 34 || before === 39 : isName(before)) return at
      inWord = false
    } else if (action === DASH) {
      const after = text.charCodeAt(at + 1)
      if (!inWord || after === 97 || after === 117 || isHex(text.charCodeAt(at - 1))) return at
    } else if (action === UNDERSCORE) {
      const after = text.charCodeAt(at + 1)
      if (after === 108 || after === 116 || after === 109) return at
      inWord = true
    } else return at
  }
  return to
}

/** Words that announce a secret without a separator; the first three letters have been looked at. */
function findWord(text: string, at: number, code: number): Finding | null {
  switch (code | 32) {
    case 97:
      return findByMiddle(text, at) ?? findNamedInProse(text, at)
    case 98:
      return findScheme(text, at)
    case 105:
    case 112:
    case 115:
    case 116:
      return findNamedInProse(text, at)
    default:
      return null
  }
}

function findAtDash(text: string, at: number, memo: Memo): Finding | null {
  const before = text.charCodeAt(at - 1)
  if (isWord(before)) return findGlued(text, at) ?? findByMiddle(text, at)
  const next = text.charCodeAt(at + 1)
  if (next === 45)
    return text.startsWith('-----BEGIN ', at)
      ? findPrivateKey(text, at)
      : (findFlagged(text, at, memo) ?? findUserOption(text, at))
  if (next === 117 || next === 85) return findUserOption(text, at)
  return (
    (next === 112 || next === 97 ? findShortOption(text, at) : null) ??
    (isWord(text.charCodeAt(at + 2)) ? findFlagged(text, at, memo) : null)
  )
}

/** Keys so distinct that they are found right behind other text, known by their first `-` or `_`. */
function findGlued(text: string, at: number): Finding | null {
  if (text.startsWith('-ant-', at) && text.startsWith('sk', at - 2)) return findVendorKey(text, at - 2)
  if ((text.startsWith('_live_', at) || text.startsWith('_test_', at)) && text.startsWith('cnp', at - 3)) {
    return findVendorKey(text, at - 3)
  }
  return null
}
