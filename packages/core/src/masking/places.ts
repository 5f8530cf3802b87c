import { mayAssign, mayAssignEncoded } from './assignment-place.js'
import { ALPHANUMERIC, isHex, isIn, WORD } from './characters.js'
import { BEGIN, codes, isAt } from './codes.js'
import { wordStarts } from './vendor-keys.js'

// Each `at` here is an index into `codes`.

const START = 1
const SEPARATOR = 2
const BACK_SLASH = 3
const PER_CENT = 4
const BRACKET = 5
const DASH = 6
const UNDERSCORE = 7
const TILDE = 8

const actions = new Uint8Array(1 << 16)
for (let code = 0; code < 128; code++) if (isIn(code, ALPHANUMERIC)) actions[code] = START
for (const character of ':=>,') actions[character.charCodeAt(0)] = SEPARATOR
actions['\\'.charCodeAt(0)] = BACK_SLASH
actions['%'.charCodeAt(0)] = PER_CENT
actions['['.charCodeAt(0)] = BRACKET
actions['-'.charCodeAt(0)] = DASH
actions['_'.charCodeAt(0)] = UNDERSCORE
actions['~'.charCodeAt(0)] = TILDE

/** Finds the places in a text where a secret might be: cheap tests that most places fail. */
export class Places {
  /** Whether the search goes on inside a word, where no key begins. */
  #inWord = false

  /** Lets the search go on at `at`; `fresh`: a key may begin there although a letter stands before, as after `\n` or `%22`. */
  goOn(at: number, fresh: boolean): void {
    this.#inWord = !fresh && isAt(at - 1, WORD)
  }

  /** The next place from `from` on; where the search ended, at `to` or behind the escape that reaches beyond it, if there is none. */
  next(from: number, to: number): number {
    return this.#search(BEGIN + from, BEGIN + to) - BEGIN
  }

  #search(from: number, to: number): number {
    let inWord = this.#inWord
    let at = from
    for (; at < to; at++) {
      const code = codes[at]!
      const action = actions[code]!
      if (action === 0) inWord = false
      else if (action === START) {
        if (!inWord && wordStarts.has(code, codes[at + 1]!, codes[at + 2]!, codes[at + 3]!)) return at
        while (at + 1 < to && actions[codes[at + 1]!] === START) at++
        inWord = true
      } else if (action === UNDERSCORE) {
        if (followsClientKeyPrefix(at)) return at
        inWord = true
      } else if (action === DASH) {
        if (inWord ? isInsideKey(at) : beginsOption(at)) return at
        inWord = true
      } else if (action === SEPARATOR) {
        if (mayAssign(codes, at, code)) return at
        inWord = false
      } else if (action === TILDE) {
        if (codes[at - 1]! === 81) return at
        inWord = false
      } else if (action === BRACKET) {
        at = endOfColour(at) - 1
        inWord = false
      } else {
        const end = action === BACK_SLASH ? endOfBackSlash(at) : endOfPerCent(at)
        if (end - at > 2 && isSeparatorPair(end - 2) && mayAssignEncoded(codes, at, end)) return at
        inWord = false
        at = end - 1
      }
    }
    this.#inWord = inWord
    return at
  }
}

/** `cnp_live_` or `cnp_test_` right behind other text, or the `_mmk` of MaxMind's keys. */
function followsClientKeyPrefix(at: number): boolean {
  const after = codes[at + 1]!
  if (after === 109) return codes[at + 2]! === 109 && codes[at + 3]! === 107
  return (after === 108 || after === 116) && codes[at - 1]! === 112 && codes[at - 2]! === 110 && codes[at - 3]! === 99
}

/** `sk-ant-` right behind other text, or the dash after the 32 hexadecimal digits of a mail service's key. */
function isInsideKey(at: number): boolean {
  if (codes[at + 1]! === 97) return codes[at - 1]! === 107 && codes[at - 2]! === 115 && codes[at + 2]! === 110
  if (!isHex(codes[at - 1]!) || !isHex(codes[at - 16]!) || !isHex(codes[at - 32]!)) return false
  return codes[at + 9]! === 45 || (codes[at + 1]! === 117 && codes[at + 2]! === 115)
}

/** `-p`, `--password`, `-----BEGIN`. */
function beginsOption(at: number): boolean {
  const next = codes[at + 1]!
  if (next !== 45) return (next | 32) >= 97 && (next | 32) <= 122
  const second = codes[at + 2]!
  return second === 45 ? codes[at + 5]! === 66 : (second | 32) >= 97 && (second | 32) <= 122
}

/** Where the colour code ends that begins with the bracket at `at`; behind the bracket where none does. */
function endOfColour(at: number): number {
  for (let end = at + 1; end < at + 18; end++) {
    const code = codes[end]!
    if (code === 109) return end + 1
    if (code !== 59 && (code < 48 || code > 57)) break
  }
  return at + 1
}

/** Where the escape at `at` ends. */
function endOfBackSlash(at: number): number {
  const letter = codes[at + 1]!
  switch (letter) {
    case 110: // n
    case 114: // r
    case 116: // t
    case 98: // b
    case 102: // f
    case 118: // v
    case 101: // e
      return at + 2
    case 48: // \033
      return codes[at + 2]! === 51 && codes[at + 3]! === 51 ? at + 4 : at + 2
    case 117: // \u001b
      return isHexPair(at + 2) && isHexPair(at + 4) ? at + 6 : at + 1
    case 120: // \x1b
      return isHexPair(at + 2) ? at + 4 : at + 1
    default:
      return at + 1
  }
}

const endOfPerCent = (at: number): number => (isHexPair(at + 1) ? at + 3 : at + 1)

const isHexPair = (at: number): boolean => isHex(codes[at]!) && isHex(codes[at + 1]!)

/** `3d` or `3a`: an equals sign or a colon. */
const isSeparatorPair = (at: number): boolean =>
  codes[at]! === 51 && ((codes[at + 1]! | 32) === 100 || (codes[at + 1]! | 32) === 97)
