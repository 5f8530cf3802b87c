import { inspect } from 'node:util'

const MASK = '****'

/**
 * A string that does not print: `toString`, `toJSON` and `util.inspect` give `****`.
 * Only {@link Secret.expose} gives the value.
 */
export class Secret {
  readonly #value: string

  constructor(value: string) {
    this.#value = value
  }

  /** The value itself, for the one place that sends it. */
  expose(): string {
    return this.#value
  }

  toString(): string {
    return MASK
  }

  toJSON(): string {
    return MASK
  }

  [inspect.custom](): string {
    return MASK
  }
}
