/** What a value holds, each a bit: most values need none of the expressions that ask for more. */
export const DIGIT = 1
export const LETTER = 2
export const DOT = 4
export const COLON = 8
export const HASH = 16
/** `/` and the back slash. */
export const SLASH = 32
export const GREATER = 64
/** What placeholders and expressions of templates begin with: `<`, `&`, `[`, `{`, `(`, `%`, `@`, `$` and `*`. */
export const BRACKET = 128
/** What stands for characters that were left out: `.`, `*`, `#`, `…`. */
export const FILLER = 256
export const SPACE = 512
/** The same character four times in a row, letters in either case. */
export const REPEATED = 1024

const kinds = new Uint16Array(128)
for (const [kind, characters] of [
  [DIGIT, '0123456789'],
  [LETTER, 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'],
  [DOT, '.'],
  [COLON, ':'],
  [HASH, '#'],
  [SLASH, '/\\'],
  [GREATER, '>'],
  [BRACKET, '<&[{(%@$*'],
  [FILLER, '.*#'],
  [SPACE, ' \t\n\v\f\r'],
] as const) {
  for (const character of characters) kinds[character.charCodeAt(0)]! |= kind
}

/** The kinds of characters of which a value is made. */
export function kindsOf(value: string): number {
  let seen = 0
  let run = 0
  let before = -1
  for (let at = 0; at < value.length; at++) {
    const code = value.charCodeAt(at)
    seen |= code < 128 ? kinds[code]! : FILLER | SPACE
    run = (code | 32) === before ? run + 1 : 1
    if (run === 4) seen |= REPEATED
    before = code | 32
  }
  return seen
}

/** Whether letters and digits are among the kinds. */
export const isMixed = (kinds: number): boolean => (kinds & DIGIT) !== 0 && (kinds & LETTER) !== 0
