/** What separates a name from its value, from `start` to `end`. */
export interface Separator {
  readonly kind: '=' | ':' | '>' | ',' | '==' | '=>' | 'flag' | 'word'
  readonly start: number
  readonly end: number
  /** Whether it was percent-encoded: so is what ends the value then. */
  readonly encoded: boolean
}
