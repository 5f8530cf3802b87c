const ALPHANUMERIC = 1
const WORD = 2
const NAME = 4
const TOKEN68 = 8
const UNQUOTED_END = 16
const ENV_END = 32

const classes = new Uint8Array(128)

function mark(characters: string, flag: number): void {
  for (const character of characters) classes[character.charCodeAt(0)]! |= flag
}

const alphanumerics = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789'
mark(alphanumerics, ALPHANUMERIC)
mark(`${alphanumerics}_-`, WORD)
mark(`${alphanumerics}_-.$`, NAME)
mark(`${alphanumerics}-._~+/=`, TOKEN68)
mark(' \t\r\n\f\v\0\u001b"\'`\\,;&()[]{}<>|', UNQUOTED_END)
mark(' \t\r\n\f\v\0\u001b"\'`\\<>', ENV_END)

const is = (code: number, flag: number): boolean => code < 128 && (classes[code]! & flag) !== 0

export const isAlphanumeric = (code: number): boolean => is(code, ALPHANUMERIC)
/** Letters, digits, `_` and `-`: what keys are made of. */
export const isWord = (code: number): boolean => is(code, WORD)
/** What the name of a setting is made of. */
export const isName = (code: number): boolean => is(code, NAME)
/** RFC 9110 section 11.2. */
export const isToken68 = (code: number): boolean => is(code, TOKEN68)

/** Where a run of characters that `belongs` accepts ends. */
export function endOfRun(text: string, from: number, to: number, belongs: (code: number) => boolean): number {
  let at = from
  while (at < to && belongs(text.charCodeAt(at))) at++
  return at
}

/** An unquoted value in code, logs, forms and YAML. What is not ASCII ends it: there it is mostly prose around. */
export const isUnquoted = (code: number): boolean => code < 128 && (classes[code]! & UNQUOTED_END) === 0
/** An unquoted value of an environment file, where `,`, `;`, `&` and brackets are part of it. */
export const isEnvironmentValue = (code: number): boolean => code < 128 && (classes[code]! & ENV_END) === 0

export const isHex = (code: number): boolean =>
  (code >= 48 && code <= 57) || (code >= 65 && code <= 70) || (code >= 97 && code <= 102)
