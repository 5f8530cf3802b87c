import type { Answer } from '../support/scripted-upstream.js'
import type { scenarios } from './scenarios.js'

/** What the client and the upstream of one run tell each other. */
export interface Stage {
  /** Ends the client's request; the client plays it into whatever its own way to abort is. */
  readonly abort: AbortController
  /** Resolves when the client has seen what the upstream had to show before it goes on. */
  readonly seen: Promise<void>
  /** Resolves `seen`. */
  saw(): void
}

/** What happens at the upstream, whoever the client is, and what must come of it. */
export interface Scenario {
  /** The upstream's part. `apiKey` is the key that it accepts. */
  answer(stage: Stage, apiKey: string): Answer
  /** Texts that must be in what the client reports, so that a run in which nothing happens does not pass. */
  readonly shows?: readonly string[]
  /** Whether the client's call has to fail; absent where clients differ. */
  readonly fails?: boolean
  /** Status for which the client must raise the class that it names for it. */
  readonly status?: number
  /** Requests that the upstream has to see; absent where clients differ. */
  readonly requests?: number
  /** The client leaves while its request is under way, and the upstream must notice. */
  readonly leaves?: true
  /**
   * The connection is cut: the events before it must be equal and both runs must fail, each in its own words. Through
   * the proxy these have to be among them.
   */
  readonly cut?: readonly string[]
  /** Client headers that stay behind, being neither the API's nor named in `allowHeaders`. */
  readonly dropped?: readonly string[]
  /** Header values that the upstream has to see, through the proxy too. */
  readonly carries?: Readonly<Record<string, string>>
}

export type ScenarioName = keyof typeof scenarios

/** What a client gets to play one scenario with. */
export interface Seat {
  /** The API's base URL, without `/v1`. */
  readonly baseURL: string
  readonly apiKey: string
  readonly fetch: typeof fetch
  readonly stage: Stage
  /** What the client has seen so far; kept when the call then fails. */
  readonly events: unknown[]
}

/** Plays a scenario with the client's own means and returns all that it reports, in a form that can be compared. */
export type Play = (seat: Seat) => Promise<unknown>

/** Says why a scenario does not exist for a client. */
export interface Lacks {
  readonly lacks: string
}

/** An error as its client shows it, less what may differ between two calls. */
export interface ErrorFacts {
  readonly name: string
  readonly [fact: string]: unknown
}

export interface Client {
  readonly name: string
  /** How the client plays each scenario, or why it cannot. */
  readonly plays: Readonly<Record<ScenarioName, Play | Lacks>>
  toErrorFacts(error: Error): ErrorFacts
  /** The class that it raises for an error status. */
  errorName(status: number): string
}
