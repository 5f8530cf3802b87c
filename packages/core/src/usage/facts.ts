import type { AnswerFacts, Usage } from '../exchange.js'

/** Reads facts out of an answer's bytes as they pass. Never throws and never holds a chunk up. */
export interface Meter {
  push(chunk: Buffer): void
  /** What is known after the last byte, or so far. */
  facts(): AnswerFacts
}

/** Merges the cumulative usage of a later event over an earlier one: each value that is not null replaces. */
export function mergeUsage(earlier: Usage | null, later: Usage): Usage {
  const known = Object.entries(later).filter(([, value]) => value !== null && value !== undefined)
  return { ...earlier, ...Object.fromEntries(known) }
}

/** JSON as an object, or null where it is none or broken. */
export function parseObject(text: string): Record<string, unknown> | null {
  try {
    return toObject(JSON.parse(text))
  } catch {
    return null
  }
}

export function toObject(value: unknown): Record<string, unknown> | null {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : null
}

export function toStringOrNull(value: unknown): string | null {
  return typeof value === 'string' ? value : null
}
