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
/** What stands behind the back slash of an escaped blank, line end or colour code. */
export const ESCAPED_BLANK = 128
/** What may stand before the first name of a line: its end, blanks, a quote, `-`, `#` and `;`. */
export const LINE_START = 256
/** The name of a cookie. */
export const COOKIE_NAME = 512
/** What ends the authority of a URL besides `/`, `?` and `#`, and what is not ASCII. */
export const AUTHORITY_END = 1024

/** In a function, as bundlers make variables of a module's constants: those are loaded and checked at each use. */
function createSets() {
  // As long as there are codes: a look-up needs no check of its bounds.
  const sets = new Uint16Array(1 << 16)
  const mark = (characters: string, set: number): void => {
    for (const character of characters) sets[character.charCodeAt(0)]! |= set
  }
  const markAllBut = (characters: string, set: number): void => {
    for (let code = 0; code < 128; code++) if (!characters.includes(String.fromCharCode(code))) sets[code]! |= set
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
  mark('nrtux0e', ESCAPED_BLANK)
  mark('\n\r\t "\'-#;', LINE_START)
  mark(`${alphanumerics}_!#$&*+.^\`|~-`, COOKIE_NAME)
  mark(' \t\r\n\f\v"\'`<>\\^|', AUTHORITY_END)
  return (code: number, set: number): boolean => (sets[code]! & set) !== 0
}

/** Whether the character of the code is in the set. */
export const isIn = createSets()

export const isHex = (code: number): boolean =>
  (code >= 48 && code <= 57) || (code >= 65 && code <= 70) || (code >= 97 && code <= 102)

export const isDigit = (code: number): boolean => code >= 48 && code <= 57
/** A space or a tab. */
export const isBlank = (code: number): boolean => code === 32 || code === 9
/** A double, single or back quote. */
export const isQuote = (code: number): boolean => code === 34 || code === 39 || code === 96
