import { type Words, WordsBefore } from './words-before.js'

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
  readonly rest?: Rest | undefined
}

/** A text may hide a secret under a name inside another one's value, not under the fourth inside three. */
const MAX_READINGS = 3

/**
 * Up to where a scan has read what is no secret, and how often. A value may hold names and separators: if it were read
 * again from every one of them, time would grow with the square of its length.
 */
export class Judged {
  #end = 0
  #readings = 0

  /** Whether what is at a place has been read often enough. */
  covers(at: number): boolean {
    return at < this.#end && this.#readings >= MAX_READINGS
  }

  /** Notes that what lies between two places was read, and is no secret. */
  add(from: number, to: number): void {
    this.#readings = from < this.#end ? this.#readings + 1 : 1
    if (to > this.#end) this.#end = to
  }

  /** Forgets so many characters that the scan has given away. */
  shift(characters: number): void {
    this.#end -= characters
  }
}

/** What the names of programs hold that take passwords by `-p`: a test that most texts fail. */
export const PROGRAMS: Words = { pattern: /mysql|login|redis|mongo|mariadb|sshpass|htpasswd/g, longest: 8, reach: 160 }
/** The same of those that take a user by `-u`. */
export const CLIENTS: Words = { pattern: /http|curl|wget|xh/g, longest: 4, reach: 200 }

/** What a scan has read in vain, and which programs it has seen. */
export class Memo {
  /** Unquoted values. */
  readonly values = new Judged()
  /** Credentials of `Authorization` headers. */
  readonly credentials = new Judged()
  /** What follows `Bearer` and `Basic`; it ends earlier than a credential, so the two are kept apart. */
  readonly schemes = new Judged()
  readonly cookies = new Judged()
  readonly programs = new WordsBefore(PROGRAMS)
  readonly clients = new WordsBefore(CLIENTS)

  /** Forgets so many characters that the scan has given away. */
  shift(characters: number): void {
    for (const part of [this.values, this.credentials, this.schemes, this.cookies, this.programs, this.clients])
      part.shift(characters)
  }
}

export const MASK = '****'
