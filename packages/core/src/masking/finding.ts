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

/**
 * Up to where a scan has read what is no secret. A value may hold names and separators: without this it would be read again
 * from every one of them, and time would grow with the square of its length.
 */
export class Memo {
  /** Unquoted values. */
  values = 0
  /** Credentials of `Authorization` headers. */
  credentials = 0
  /** What follows `Bearer` and `Basic`; it ends earlier than a credential, so the two are kept apart. */
  schemes = 0
  cookies = 0

  /** Forgets so many characters that the scan has given away. */
  shift(characters: number): void {
    this.values -= characters
    this.credentials -= characters
    this.schemes -= characters
    this.cookies -= characters
  }
}

export const MASK = '****'
