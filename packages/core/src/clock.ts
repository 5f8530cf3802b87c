/** Where the library takes the time from; tests inject their own. */
export interface Clock {
  /** Epoch milliseconds. May step when the machine's clock is set. */
  now(): number
  /** Milliseconds from an arbitrary start, never stepping back: for durations. */
  monotonic(): number
}

/** The machine's clocks. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
}
