/** What came of a run of the proof. */
export interface ProofSummary {
  readonly rounds: number
  readonly refreshes: number
  /** Spent tokens that were sent, other than once after a pair died with its process. */
  readonly reuses: number
  readonly losses: number
  readonly kills: number
  /** What was not as it must be, as sentences. */
  readonly wrong: readonly string[]
}

/** The kinds of round that can be played over a store, by name. */
export function roundsOver(store: string): string[]

/** Plays the rounds of `plan`, by name. */
export function prove(settings: {
  readonly plan: readonly string[]
  readonly processes: number
  readonly requests: number
  readonly store: string
  readonly seed: number
}): Promise<ProofSummary>
