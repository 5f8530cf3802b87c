import type { Clock } from '../clock.js'

/** A clock that tests move by hand. */
export class FakeClock implements Clock {
  #now: number
  #monotonic = 1_000_000

  constructor(now = Date.UTC(2026, 0, 1)) {
    this.#now = now
  }

  now(): number {
    return this.#now
  }

  monotonic(): number {
    return this.#monotonic
  }

  /** Time passes. */
  pass(ms: number): void {
    this.#now += ms
    this.#monotonic += ms
  }

  /** Somebody sets the wall clock. */
  step(ms: number): void {
    this.#now += ms
  }
}
