/** Sets of ASCII characters, each a bit in the class of a character. */
export const ALPHANUMERIC = 1
/** Letters, digits, `_` and `-`: what keys are made of. */
export const WORD = 2
/** What the name of a setting is made of. */
export const NAME = 4
/** RFC 9110 section 11.2. */
export const TOKEN68 = 8
/** An unquoted value in code, logs, forms and YAML. What is not ASCII ends it: there it is mostly prose around. */
export const UNQUOTED = 16
/** An unquoted value of an environment file, where `,`, `;`, `&` and brackets are part of it. */
export const ENVIRONMENT = 32
/** An unquoted name that is itself the value of a `name` member. */
export const NAME_VALUE = 64

const classes = new Uint8Array(128)

function mark(characters: string, set: number): void {
  for (const character of characters) classes[character.charCodeAt(0)]! |= set
}

function markAllBut(characters: string, set: number): void {
  for (let code = 0; code < 128; code++) if (!characters.includes(String.fromCharCode(code))) classes[code]! |= set
}

const alphanumerics = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789'
const unquotedEnd = ' \t\r\n\f\v\0\u001b"\'`\\,;&()[]{}<>|'
mark(alphanumerics, ALPHANUMERIC)
mark(`${alphanumerics}_-`, WORD)
mark(`${alphanumerics}_-.$`, NAME)
mark(`${alphanumerics}-._~+/=`, TOKEN68)
markAllBut(unquotedEnd, UNQUOTED)
markAllBut(' \t\r\n\f\v\0\u001b"\'`\\<>', ENVIRONMENT)
markAllBut(`${unquotedEnd}=:`, NAME_VALUE)

/** Whether the character of the code is in the set. */
export const isIn = (code: number, set: number): boolean => code < 128 && (classes[code]! & set) !== 0

/** Where a run of characters of the set ends. */
export function endOfRun(text: string, from: number, to: number, set: number): number {
  let at = from
  while (at < to && isIn(text.charCodeAt(at), set)) at++
  return at
}

const PER_CENT = 37

/** The same in percent-encoded text, where an escape that `stop`, a sticky expression, takes ends the run too. */
export function endOfEncodedRun(text: string, from: number, to: number, set: number, stop: RegExp): number {
  let at = from
  for (; at < to && isIn(text.charCodeAt(at), set); at++) {
    if (text.charCodeAt(at) !== PER_CENT || at + 3 > to) continue
    stop.lastIndex = at
    if (stop.test(text)) break
  }
  return at
}

export const isHex = (code: number): boolean =>
  (code >= 48 && code <= 57) || (code >= 65 && code <= 70) || (code >= 97 && code <= 102)
