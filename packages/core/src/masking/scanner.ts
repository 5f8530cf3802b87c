import { findAssigned } from './assignment.js'
import { WORD } from './characters.js'
import { codeAt, isAt, loadCodes } from './codes.js'
import { type Finding, LOOK_BEHIND, Memo, type Rest, WINDOW } from './finding.js'
import { findFlagged, findShortOption } from './flags.js'
import { Output } from './output.js'
import { findPrivateKey } from './pem.js'
import { Places } from './places.js'
import { findNamedInProse } from './prose.js'
import { findScheme } from './schemes.js'
import { encodedSeparator, readSeparator } from './separators.js'
import {
  findEntraSecret,
  findMailKey,
  findMaxMindKey,
  findTelegramBot,
  findTerraform,
  MAX_REACH_BACK,
} from './shapes.js'
import { findUrlAfter } from './urls.js'
import { findInPgpass, findUserOption } from './user-options.js'
import { findVendorKey } from './vendor-keys.js'

/** How much of the text must be there behind a place: some values begin a little behind what made a rule look. */
const AHEAD = WINDOW + 256
/** Text is taken up in pieces of at least this many characters: a stream of single bytes costs no more than one of lines. */
const PIECE = 2 * WINDOW - AHEAD
/** And of at most so many. */
const BLOCK = 1 << 15

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
  #rest: Rest | null = null
  readonly #places = new Places()
  readonly #memo = new Memo()

  /** Takes the next piece; gives what is decided. */
  push(piece: string): string {
    let masked = ''
    for (let from = 0; from < piece.length; from += BLOCK) masked += this.#take(piece.slice(from, from + BLOCK))
    return masked
  }

  /** Gives what was held. */
  end(): string {
    return this.#run(this.#text.length, 0)
  }

  #take(block: string): string {
    this.#text += block
    if (this.#text.length - this.#at < AHEAD + PIECE) return ''
    const masked = this.#run(this.#text.length - AHEAD, MAX_REACH_BACK)
    const done = Math.min(this.#at - LOOK_BEHIND, this.#given)
    if (done > 0) {
      this.#text = this.#text.slice(done)
      this.#at -= done
      this.#given -= done
      this.#memo.shift(done)
    }
    return masked
  }

  #run(limit: number, held: number): string {
    const text = this.#text
    loadCodes(text)
    const masked = new Output()
    let at = this.#at
    while (at < limit) {
      if (this.#rest !== null) {
        at = this.#rest(text, at, limit)
        this.#given = at
        if (at >= limit) break
        this.#rest = null
        this.#places.goOn(at, false)
      }
      at = this.#places.next(at, limit)
      if (at >= limit) break
      const found = this.#look(text, at)
      if (found === null || found.start < this.#given || found.end <= found.start) {
        at += this.#skip
        this.#places.goOn(at, this.#skip > 1)
        continue
      }
      masked.add(text.slice(this.#given, found.start), found.mask)
      at = found.end
      this.#given = at
      this.#places.goOn(at, false)
      this.#rest = found.rest ?? null
    }
    this.#at = at
    const give = Math.max(this.#given, at - held)
    const rest = text.slice(this.#given, give)
    this.#given = give
    return masked.end(rest)
  }

  /** How far to go on from a place where nothing was found: behind a separator that is written as an escape a word begins. */
  #skip = 1

  #look(text: string, at: number): Finding | null {
    this.#skip = 1
    const code = codeAt(at)
    switch (code) {
      case 58: // :
        return findAtColon(text, at, this.#memo)
      case 61: // =
      case 62: // >
      case 44: {
        // ,
        const separator = readSeparator(at, code)
        return separator === null ? null : findAssigned(text, separator, this.#memo)
      }
      case 92: // back slash
      case 37: {
        // %
        const separator = encodedSeparator(at)
        this.#skip = separator.end - at
        return findAssigned(text, separator, this.#memo) ?? findUrlAfter(text, separator)
      }
      case 45: // -
        return findAtDash(text, at, this.#memo)
      case 95: // _
        return findGlued(text, at) ?? findMaxMindKey(text, at)
      case 126: // ~
        return findEntraSecret(text, at)
      default:
        return findVendorKey(text, at) ?? findWord(text, at, code, this.#memo)
    }
  }
}

function findAtColon(text: string, at: number, memo: Memo): Finding | null {
  const separator = readSeparator(at, 58)
  if (separator === null) return null
  return (
    findAssigned(text, separator, memo) ??
    findUrlAfter(text, separator) ??
    findTelegramBot(text, at) ??
    findInPgpass(text, at)
  )
}

/** Words that announce a secret without a separator; the first four letters have been looked at. */
function findWord(text: string, at: number, code: number, memo: Memo): Finding | null {
  switch (code | 32) {
    case 97: // a
      return findTerraform(text, at) ?? findNamedInProse(text, at)
    case 98: // b
      return findScheme(text, at, memo)
    case 105: // i
    case 112: // p
    case 115: // s
    case 116: // t
      return findNamedInProse(text, at)
    default:
      return null
  }
}

function findAtDash(text: string, at: number, memo: Memo): Finding | null {
  if (isAt(at - 1, WORD)) return findGlued(text, at) ?? findMailKey(text, at)
  const next = codeAt(at + 1)
  if (next === 45)
    return text.startsWith('-----BEGIN ', at)
      ? findPrivateKey(text, at)
      : (findFlagged(text, at, memo) ?? findUserOption(text, at, memo))
  if (next === 117 || next === 85) return findUserOption(text, at, memo)
  return (
    (next === 112 || next === 97 ? findShortOption(text, at, memo) : null) ??
    (isAt(at + 2, WORD) ? findFlagged(text, at, memo) : null)
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
const findInWord = (text: string, at: number): Finding | null => (isAt(at - 1, WORD) ? findVendorKey(text, at) : null)
