/**
 * How far a rule may look ahead of the place that made it look, in characters. Whatever a rule decides, it decides by
 * these, so that a stream can decide as soon as it has them.
 */
export const WINDOW = 4096

/** How far a rule may look back, in characters. */
export const LOOK_BEHIND = 256

/** Says where a secret that is longer than the window goes on to: the first position from `from` on that is outside. */
export type Rest = (text: string, from: number, to: number) => number

/** A secret found in a text: what lies from `start` to `end` gives way to `mask`. */
export interface Finding {
  readonly start: number
  readonly end: number
  readonly mask: string
  /** Asked where the secret ends when `end` is the end of the window. */
  readonly rest?: Rest
}

/** What a scan has learnt of a text: an unquoted value that was no secret is not judged again from every separator in it. */
export interface Memo {
  judgedUpTo: number
}

export const MASK = '****'
