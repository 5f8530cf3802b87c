import { findAssigned } from './assignment.js'
import { isIn, WORD } from './characters.js'
import { type Finding, LOOK_BEHIND, Memo, type Rest, WINDOW } from './finding.js'
import { findFlagged, findShortOption } from './flags.js'
import { Output } from './output.js'
import { findPrivateKey } from './pem.js'
import { Places } from './places.js'
import { findNamedInProse } from './prose.js'
import { findScheme } from './schemes.js'
import { encodedSeparator, readSeparator } from './separators.js'
import { findByMiddle, MAX_REACH_BACK } from './shapes.js'
import { findUrlAfter } from './urls.js'
import { findInPgpass, findUserOption } from './user-options.js'
import { findVendorKey } from './vendor-keys.js'

/** Text is taken up in pieces of at least this many characters: a stream of single bytes costs no more than one of lines. */
const PIECE = 4096

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
  readonly #memo = new Memo()

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
      this.#memo.shift(done)
    }
    return masked
  }

  /** Gives what was held. */
  end(): string {
    return this.#run(this.#text.length, 0)
  }

  #run(limit: number, held: number): string {
    const text = this.#text
    const places = new Places(text)
    const masked = new Output()
    let at = this.#at
    while (at < limit) {
      if (this.#rest !== null) {
        at = this.#rest(text, at, limit)
        this.#given = at
        if (at >= limit) break
        this.#rest = null
      }
      at = places.next(at, limit, this.#fresh)
      this.#fresh = false
      if (at >= limit) break
      const found = this.#look(text, at)
      if (found === null || found.start < this.#given || found.end <= found.start) {
        at += this.#skip
        continue
      }
      masked.add(text.slice(this.#given, found.start), found.mask)
      at = found.end
      this.#given = at
      this.#fresh = false
      this.#rest = found.rest ?? null
    }
    this.#at = at
    const give = Math.max(this.#given, at - held)
    const rest = text.slice(this.#given, give)
    this.#given = give
    return masked.end(rest)
  }

  /** How far to go on from a place where nothing was found. */
  #skip = 1

  #look(text: string, at: number): Finding | null {
    this.#skip = 1
    const code = text.charCodeAt(at)
    switch (text[at]) {
      case ':':
      case '=':
      case '>':
      case ',': {
        const separator = readSeparator(text, at, code)
        if (separator === null) return null
        return (
          findAssigned(text, separator, this.#memo) ??
          (code === 58 ? (findUrlAfter(text, separator) ?? findByMiddle(text, at) ?? findInPgpass(text, at)) : null)
        )
      }
      case '\\':
      case '%': {
        const separator = encodedSeparator(text, at)
        this.#skip = separator.end - at
        this.#fresh = true
        return findAssigned(text, separator, this.#memo) ?? findUrlAfter(text, separator)
      }
      case '-':
        return findAtDash(text, at, this.#memo)
      case '_':
      case '~':
        return findGlued(text, at) ?? findByMiddle(text, at)
      default:
        return findVendorKey(text, at) ?? findWord(text, at, code, this.#memo)
    }
  }
}

/** Words that announce a secret without a separator; the first three letters have been looked at. */
function findWord(text: string, at: number, code: number, memo: Memo): Finding | null {
  switch (code | 32) {
    case 97:
      return findByMiddle(text, at) ?? findNamedInProse(text, at)
    case 98:
      return findScheme(text, at, memo)
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
  if (isIn(before, WORD)) return findGlued(text, at) ?? findByMiddle(text, at)
  const next = text.charCodeAt(at + 1)
  if (next === 45)
    return text.startsWith('-----BEGIN ', at)
      ? findPrivateKey(text, at)
      : (findFlagged(text, at, memo) ?? findUserOption(text, at))
  if (next === 117 || next === 85) return findUserOption(text, at)
  return (
    (next === 112 || next === 97 ? findShortOption(text, at) : null) ??
    (isIn(text.charCodeAt(at + 2), WORD) ? findFlagged(text, at, memo) : null)
  )
}

/** Keys so distinct that they are found right behind other text, known by their first `-` or `_`. */
function findGlued(text: string, at: number): Finding | null {
  if (text.startsWith('-ant-', at) && text.startsWith('sk', at - 2)) return findInWord(text, at - 2)
  if ((text.startsWith('_live_', at) || text.startsWith('_test_', at)) && text.startsWith('cnp', at - 3)) {
    return findInWord(text, at - 3)
  }
  return null
}

/** A key that begins a word has been looked for there. */
const findInWord = (text: string, at: number): Finding | null =>
  isIn(text.charCodeAt(at - 1), WORD) ? findVendorKey(text, at) : null
