/**
 * What links an exchange to others of its domain. Digests are keyed, so that nothing can be tried out on them, and of
 * what counts in a conversation alone: not of system prompts, tools, cache_control and injected `<system-reminder>`s.
 */
export interface LinkFacts {
  /** The history as of each of the request's last messages, the last one first. */
  readonly history: readonly string[]
  /** The history with the answer after it: as it came, and without its thinking. Empty where none came. */
  readonly answers: readonly string[]
  /** The answer's message id. */
  readonly answerId: string | null
  /** The message id that the request names as the one before it. */
  readonly previousAnswerId: string | null
  /** The request's `metadata.user_id`. */
  readonly user: string | null
  /** The text of the first user message. */
  readonly opening: string | null
  /** The prompts of the sub-agent calls in the answer, in order. */
  readonly tasks: readonly string[]
  /** The longest passages of an answer that sums up the conversation; empty for any other. */
  readonly summary: readonly string[]
  /** The longest passages of a short history's first message, which may be such a summary. */
  readonly carried: readonly string[]
}
